"""A real nginx."""

import os
import socket
from pathlib import Path

from support.command import Daemon
from support.http import Endpoint

RECIPE = Path(__file__).parent.parent / "data" / "recipe.nginx.conf"


class Nginx(Daemon):
    """Runs the configuration `text`, in which {address} stands for where it listens, {folder} for its
    own folder, and each of `values` for itself. An error in the configuration fails the test."""

    def __init__(self, folder, text, host="127.0.0.1", **values):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        # nginx takes over listening sockets that it finds in $NGINX (its way to upgrade itself),
        # so the kernel can choose the port.
        listening = socket.create_server((host, 0))
        listening.set_inheritable(True)
        self.address = "{}:{}".format(*listening.getsockname())
        for name, value in {"folder": folder, "address": self.address, **values}.items():
            text = text.replace(f"{{{name}}}", str(value))
        configuration = self.folder / "nginx.conf"
        configuration.write_text(text)
        with listening:
            super().__init__(
                ["nginx", "-p", self.folder, "-e", self.folder / "error.log", "-c", configuration],
                log=self.folder / "nginx.log", answers=(self.folder / "nginx.pid").exists,
                pass_fds=[listening.fileno()], env={**os.environ, "NGINX": f"{listening.fileno()};"})

    def endpoint(self, authority=None):
        """Where clients connect: by TLS if they are given the authority to believe."""
        host, port = self.address.split(":")
        return Endpoint((host, int(port)), authority and authority.client_context(), host)


class RecipeNginx(Nginx):
    """The old recipe's configuration, to the letter."""

    def __init__(self, folder, host, registry, certificate, htpasswd):
        super().__init__(folder, RECIPE.read_text(), host, registry=registry, certificate=certificate.path,
                         key=certificate.key, htpasswd=htpasswd)
