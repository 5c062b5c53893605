"""A certificate authority of the test's own."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from support.command import run

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


@dataclass(frozen=True)
class Certificate:
    path: Path
    key: Path

    @property
    def serial(self):
        shown = run("openssl", "x509", "-in", self.path, "-noout", "-serial").stdout
        return int(shown.strip().removeprefix("serial="), 16)


class Authority:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.certificate = self.folder / "ca.crt"
        self.key = self.folder / "ca.key"
        run("openssl", "req", "-x509", *KEY, "-keyout", self.key, "-out", self.certificate,
            "-subj", "/CN=Moorgate test authority", "-days", "2")

    def issue(self, path, *names):
        """A certificate at `path` with its key beside it, valid for `names` (hosts and addresses)."""
        path = Path(path)
        key = path.with_suffix(".key")
        run("openssl", "req", "-x509", *KEY, "-keyout", key, "-out", path, "-days", "2",
            "-CA", self.certificate, "-CAkey", self.key, "-subj", f"/CN={names[0]}",
            "-addext", "basicConstraints=critical,CA:FALSE",
            "-addext", "subjectAltName=" + ",".join(map(alternative_name, names)))
        return Certificate(path, key)

    def client_context(self):
        """TLS as a careful client does it: only certificates of this authority are good."""
        return ssl.create_default_context(cafile=self.certificate)


def alternative_name(name):
    kind = "IP" if name.replace(".", "").isdigit() else "DNS"
    return f"{kind}:{name}"
