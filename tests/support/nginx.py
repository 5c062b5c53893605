"""A real nginx that runs the old recipe's configuration."""

import os
import socket
from pathlib import Path

from support.command import Daemon
from support.http import Endpoint

RECIPE = Path(__file__).parent.parent / "data" / "recipe.nginx.conf"


class RecipeNginx(Daemon):
    def __init__(self, folder, host, registry, certificate, htpasswd):
        self.folder = Path(folder)
        # nginx takes over listening sockets that it finds in $NGINX (its way to upgrade itself),
        # so the kernel can choose the port.
        listening = socket.create_server((host, 0))
        listening.set_inheritable(True)
        self.address = "{}:{}".format(*listening.getsockname())
        text = RECIPE.read_text()
        for name, value in {"folder": folder, "registry": registry, "address": self.address,
                            "certificate": certificate.path, "key": certificate.key,
                            "htpasswd": htpasswd}.items():
            text = text.replace(f"{{{name}}}", str(value))
        configuration = self.folder / "nginx.conf"
        configuration.write_text(text)
        with listening:
            super().__init__(
                ["nginx", "-p", self.folder, "-e", self.folder / "error.log", "-c", configuration],
                log=self.folder / "nginx.log", answers=(self.folder / "nginx.pid").exists,
                pass_fds=[listening.fileno()], env={**os.environ, "NGINX": f"{listening.fileno()};"})

    def endpoint(self, authority):
        host, port = self.address.split(":")
        return Endpoint((host, int(port)), authority.client_context(), host)
