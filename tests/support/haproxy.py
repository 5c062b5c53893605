"""A real haproxy."""

import socket
from pathlib import Path

from support.command import Daemon
from support.http import Endpoint

CONFIGURATION = """
global
    stats socket {folder}/stats.sock
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
listen front
    bind fd@{fd}
    server moorgate {server} {options}
"""


class HAProxy(Daemon):
    """Passes TCP connections on to `server` ("127.0.0.1:5043", "unix@/path"), with `options` such as
    send-proxy-v2."""

    def __init__(self, folder, server, options, host="127.0.0.1"):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        listening = socket.create_server((host, 0))
        listening.set_inheritable(True)
        self.address = listening.getsockname()
        text = CONFIGURATION.format(folder=folder, fd=listening.fileno(), server=server, options=options)
        (folder / "haproxy.cfg").write_text(text)
        with listening:
            super().__init__(["haproxy", "-db", "-f", folder / "haproxy.cfg"], log=folder / "haproxy.log",
                             answers=(folder / "stats.sock").exists, pass_fds=[listening.fileno()])

    def endpoint(self, tls=None, source=""):
        return Endpoint(self.address, tls, source=source)
