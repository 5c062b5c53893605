"""Debian's docker-registry: what people run today, before, behind and after us."""

import json
import os
import re
from pathlib import Path

from support.command import Daemon, run
from support.http import Endpoint

LISTENING = re.compile(r"listening on (127\.0\.0\.1:\d+)")


class DockerRegistry(Daemon):
    """Serves `store` on a port of the kernel's choosing. With `htpasswd` it asks for a password, with
    `certificate` (of support.certificates) it speaks TLS; `changes` are laid over its configuration,
    `environment` over its environment. `text` is a configuration as it stands."""

    def __init__(self, folder, store, *, htpasswd=None, certificate=None, changes=None, environment=None,
                 address="127.0.0.1:0", text=None):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.store = Path(store)
        self.configuration = folder / "config.yml"
        self.log_file = folder / "docker-registry.log"
        self.tls = certificate is not None
        self.configuration.write_text(text or json.dumps(
            {**configuration(store, address, htpasswd, certificate), **(changes or {})}, indent=2) + "\n")
        super().__init__(["docker-registry", "serve", self.configuration], log=self.log_file,
                         answers=lambda: self._listening() is not None,
                         env={**os.environ, **(environment or {})})
        self.address = self._listening()

    def _listening(self):
        match = LISTENING.search(self.log_file.read_text())
        return match and match[1]

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.address}"

    def endpoint(self, authority=None):
        host, port = self.address.split(":")
        return Endpoint((host, int(port)), authority.client_context() if self.tls else None, host)

    def garbage_collect(self):
        return run("docker-registry", "garbage-collect", self.configuration)


def configuration(store, address, htpasswd=None, certificate=None):
    http = {"addr": address, "secret": "a secret of the tests", "relativeurls": True}
    if certificate:
        http["tls"] = {"certificate": str(certificate.path), "key": str(certificate.key)}
    text = {
        "version": 0.1,
        "log": {"level": "info"},
        "storage": {"filesystem": {"rootdirectory": str(store)}, "delete": {"enabled": True},
                    "maintenance": {"uploadpurging": {"enabled": False}}},
        "http": http,
    }
    if htpasswd:
        text["auth"] = {"htpasswd": {"realm": "docker-registry", "path": str(htpasswd)}}
    return text
