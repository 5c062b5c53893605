"""A real HAProxy."""

import socket
from pathlib import Path

from support.command import Daemon

PREAMBLE = """\
global
  log stdout format raw daemon
defaults
  mode http
  timeout connect 5s
  timeout client 15m
  timeout server 15m
"""


class HAProxy(Daemon):
    """Runs PREAMBLE and `text`, in which {listen} stands for where it listens (bind {listen} …) and each
    of `values` for itself. An error in the configuration fails the test."""

    def __init__(self, folder, text, host="127.0.0.1", **values):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        # HAProxy takes over listening sockets that it is given, so the kernel can choose the port.
        listening = socket.create_server((host, 0))
        listening.set_inheritable(True)
        self.address = "{}:{}".format(*listening.getsockname())
        for name, value in {"listen": f"fd@{listening.fileno()}", **values}.items():
            text = text.replace(f"{{{name}}}", str(value))
        configuration = folder / "haproxy.cfg"
        configuration.write_text(PREAMBLE + text)
        log = folder / "haproxy.log"
        with listening:
            super().__init__(["haproxy", "-W", "-f", configuration], log=log,
                             answers=lambda: "Loading success" in log.read_text(),
                             pass_fds=[listening.fileno()])
