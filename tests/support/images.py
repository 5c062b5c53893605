"""Images and indexes, made of bytes on the spot."""

import gzip
import hashlib
import io
import json
import random
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"

BUSYBOX = "/usr/bin/busybox"


def digest_of(data, algorithm="sha256"):
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def noise(size, seed):
    """Bytes that look random and are the same for the same seed."""
    return random.Random(seed).randbytes(size)


@dataclass(frozen=True)
class Content:
    """Bytes with a media type: a layer, a config, a manifest, an index."""

    media_type: str
    data: bytes
    algorithm: str = "sha256"

    @property
    def digest(self):
        return digest_of(self.data, self.algorithm)

    def descriptor(self, **members):
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.data), **members}


@dataclass(frozen=True)
class Image:
    manifest: Content
    blobs: list = field(default_factory=list)

    @property
    def digest(self):
        return self.manifest.digest


def document(media_type, members, algorithm="sha256"):
    return Content(media_type, json.dumps(members).encode(), algorithm)


def image(*layers, algorithm="sha256", config=b"{}", config_type=OCI_CONFIG, layer_type=OCI_LAYER,
          media_type=OCI_MANIFEST, **members):
    """An image of these layers' bytes; further members go into its manifest as they are."""
    config = Content(config_type, config, algorithm)
    layers = [Content(layer_type, layer, algorithm) for layer in layers]
    manifest = document(media_type, {
        "schemaVersion": 2, "mediaType": media_type, "config": config.descriptor(),
        "layers": [layer.descriptor() for layer in layers], **members}, algorithm)
    return Image(manifest, [config, *layers])


def artifact(artifact_type, subject=None, **members):
    """A manifest that is no image: an artifact type, the empty config, maybe a subject."""
    if subject is not None:
        members["subject"] = subject.descriptor()
    return image(b"{}", config_type=OCI_EMPTY, layer_type=OCI_EMPTY, artifactType=artifact_type, **members)


def index(*manifests, media_type=OCI_INDEX, algorithm="sha256", **members):
    return document(media_type, {
        "schemaVersion": 2, "mediaType": media_type,
        "manifests": [manifest.descriptor() for manifest in manifests], **members}, algorithm)


# ---- images that run

GREET = ["/bin/busybox", "cat", "/greeting"]


def greeting_tar(greeting):
    """A root file system whose one program, the static busybox, can print the greeting in it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, mode, data in (("bin/busybox", 0o755, Path(BUSYBOX).read_bytes()),
                                 ("greeting", 0o644, greeting.encode())):
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = mode, len(data)
            tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def greeting_image(greeting, architecture="amd64"):
    """An OCI image that prints the greeting when it is run."""
    tar = greeting_tar(greeting)
    config = {"architecture": architecture, "os": "linux", "config": {"Cmd": GREET},
              "rootfs": {"type": "layers", "diff_ids": [digest_of(tar)]}}
    return image(gzip.compress(tar, 1, mtime=0), config=json.dumps(config).encode())


def write_layout(folder, tag, root, contents):
    """An OCI image layout: `root` is tagged, `contents` are all blobs and manifests below it."""
    folder = Path(folder)
    for content in (root, *contents):
        path = folder / "blobs" / content.digest.replace(":", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.data)
    (folder / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    tagged = root.descriptor(annotations={"org.opencontainers.image.ref.name": tag})
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [tagged]}))
