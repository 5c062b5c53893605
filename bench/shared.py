"""What all contestants share: one certificate, one password file, one image, one large blob."""

import functools
import hashlib
import json
import os
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

USER = "testuser"
PASSWORD = "testpassword"
WRONG_PASSWORD = "not-the-password"
GUESTS = 1000
HOST = "127.0.0.1"

REPOSITORY = "bench/app"
TAG = "latest"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"

MIB = 1 << 20
GIB = 1 << 30
LAYERS = 8
LAYER_SIZE = 64 << 10
PIECE_SIZE = MIB


def run(*argv, **options):
    """Runs a program to its end; what it said is shown if it fails."""
    done = subprocess.run([str(argument) for argument in argv], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{argv[0]}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


@dataclass(frozen=True)
class Blob:
    path: Path
    size: int
    digest: str

    @property
    def url(self):
        return f"/v2/{REPOSITORY}/blobs/{self.digest}"

    @property
    def sha256(self):
        return self.digest.removeprefix("sha256:")

    def describe(self, media_type):
        return {"mediaType": media_type, "digest": self.digest, "size": self.size}


class Site:
    """`big` is what one client pulls, `share` what each of very many does, `medium` what is looked at in
    passing."""

    def __init__(self, folder, big_size, medium_size, share_size=PIECE_SIZE):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.certificate = self.folder / "domain.crt"
        self.key = self.folder / "domain.key"
        self.htpasswd = self.folder / "nginx.htpasswd"
        self._make_certificate()
        self._make_users()
        self._make_image()
        self.big = self.random_blob(big_size)
        self.share = self.random_blob(share_size)
        self.medium = self.random_blob(medium_size)
        self.piece = self.random_blob(PIECE_SIZE)

    @property
    def blobs(self):
        return [*self.layers, self.config, self.piece, self.medium, self.share, self.big]

    @property
    def manifest_url(self):
        return f"/v2/{REPOSITORY}/manifests/{TAG}"

    @functools.cached_property
    def client_context(self):
        """TLS that accepts this site's certificate and no other."""
        return ssl.create_default_context(cafile=self.certificate)

    def subfolder(self, name):
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def random_blob(self, size):
        """A new blob of bytes that nothing can compress."""
        digest, path = hashlib.sha256(), self.subfolder("blobs") / "unnamed"
        with open(path, "wb") as out:
            for start in range(0, size, MIB):
                piece = os.urandom(min(MIB, size - start))
                digest.update(piece)
                out.write(piece)
        named = path.with_name(digest.hexdigest())
        path.rename(named)
        return Blob(named, size, "sha256:" + named.name)

    def _make_certificate(self):
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", self.key, "-out", self.certificate, "-days", "30", "-subj", "/CN=localhost",
            "-addext", f"subjectAltName=DNS:localhost,IP:{HOST}")

    def _make_users(self):
        run("htpasswd", "-c", "-b", "-B", "-C", "5", self.htpasswd, USER, PASSWORD)
        # One hash for all guests: each of them is a verification of its own all the same.
        for prefix, cost in ("guest", "5"), ("patient", "10"):
            line = run("htpasswd", "-n", "-b", "-B", "-C", cost, prefix, PASSWORD).strip()
            value = line.partition(":")[2]
            with open(self.htpasswd, "a") as out:
                out.writelines(f"{prefix}{number}:{value}\n" for number in range(GUESTS))

    def _make_image(self):
        self.layers = [self.random_blob(LAYER_SIZE) for _ in range(LAYERS)]
        text = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/app"]},
                           "rootfs": {"type": "layers", "diff_ids": [each.digest for each in self.layers]}})
        digest = hashlib.sha256(text.encode()).hexdigest()
        path = self.subfolder("blobs") / digest
        path.write_text(text)
        self.config = Blob(path, len(text), "sha256:" + digest)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE,
                    "config": self.config.describe("application/vnd.oci.image.config.v1+json"),
                    "layers": [each.describe("application/vnd.oci.image.layer.v1.tar+gzip")
                               for each in self.layers]}
        self.manifest = json.dumps(manifest, indent=2).encode()
        self.manifest_digest = "sha256:" + hashlib.sha256(self.manifest).hexdigest()
