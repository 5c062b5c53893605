"""A registry behind the gateway that is none: it answers with exactly the bytes the test wants, and
remembers what it was asked."""

import contextlib
import re
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field

from support.http import Message, skip, skip_to

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Request(Message):
    method: str
    target: str
    headers: list = field(default_factory=list)
    body: bytes = b""


class Peer:
    """The upstream's side of one connection. `request()` is nothing once the other side has closed."""

    def __init__(self, connected, upstream):
        self.socket = connected
        self.upstream = upstream
        self._received = b""

    def request(self, body=True):
        """The next request; the gateway's own question at /v2/ is answered by the way."""
        while request := self._head():
            if request.target == "/v2/":
                self.send(self.upstream.base)
                continue
            self.upstream.requests.append(request)
            if body:
                request.body = self.body(request)
            return request
        return None

    def _head(self):
        head = self._until(b"\r\n\r\n")
        if head is None:
            return None
        first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        method, target, version = first.split(" ")
        assert version == "HTTP/1.1", first
        return Request(method, target, [tuple(line.split(": ", 1)) for line in lines])

    def body(self, request):
        if request.header("Expect"):
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if request.header("Transfer-Encoding"):
            whole = b""
            while size := int(self._until(b"\r\n") or b"", 16):
                whole += self.read(size)
                self.read(2)
            self._until(b"\r\n")
            return whole
        return self.read(int(request.header("Content-Length") or 0))

    def read(self, count):
        while len(self._received) < count:
            more = self.socket.recv(1 << 20)
            if not more:
                break
            self._received += more
        return self.take(count)

    def skip(self, count):
        """Takes `count` bytes without keeping them; returns how many came."""
        seen = len(self.take(min(count, len(self._received))))
        return seen + skip(self.socket, count - seen)

    def skip_to(self, end):
        """The same up to the bytes `end`."""
        seen = self.take(len(self._received))
        return len(seen) + skip_to(self.socket, end, seen)

    def take(self, count):
        """Of what has come already."""
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def send(self, data):
        self.socket.sendall(data)

    def reset(self):
        """Ends the connection as a crash does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _until(self, mark):
        while mark not in self._received:
            more = self.socket.recv(1 << 16)
            if not more:
                return None
            self._received += more
        head, self._received = self._received.split(mark, 1)
        return head + mark


class Upstream:
    """Serves each connection by `serve(peer)` in a thread of its own, on a port of the kernel's
    choosing or on the Unix socket `path`. With a certificate (of support.certificates) it speaks TLS. `base` is what it says at
    /v2/, where the gateway asks how to sign in."""

    def __init__(self, serve, certificate=None, base=None, path=None):
        self.serve = serve
        self.base = base or reply(200, b"{}")
        self.requests = []
        self._tls = None
        if certificate:
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(certificate.path, certificate.key)
        self._path = path
        if path:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(path))
            self._listener.listen()
        else:
            self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        return "127.0.0.1:%d" % self._listener.getsockname()[1]

    @property
    def url(self):
        return f"unix:{self._path}" if self._path else f"{'https' if self._tls else 'http'}://{self.address}"

    @property
    def connections(self):
        """How many were accepted so far."""
        return len(self._open)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop()

    def drop(self):
        """Ends all connections."""
        for connected in self._open:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connected)
            threading.Thread(target=self._run, args=(connected,), daemon=True).start()

    def _run(self, connected):
        # A gateway that has had enough closes in the midst of things, and hands on what cannot be read.
        with contextlib.suppress(OSError, ValueError), connected:
            if not self._path:
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                connected = self._tls.wrap_socket(connected, server_side=True)
            self.serve(Peer(connected, self))


def answering(answer):
    """Serves request after request with the bytes `answer(request)`; after None the connection ends."""
    def serve(peer):
        while (request := peer.request()) is not None:
            data = answer(request)
            if data is None:
                return
            peer.send(data)
    return serve


def saying(data):
    """Serves the same bytes whatever the request, and closes after them."""
    def serve(peer):
        if peer.request() is not None:
            peer.send(data)
    return serve


def by_path(routes, otherwise=NOT_FOUND):
    """Serves by the first pattern that the target matches whole."""
    def answer(request):
        for pattern, data in routes.items():
            if re.fullmatch(pattern, f"{request.method} {request.target}"):
                return data(request) if callable(data) else data
        return otherwise
    return answering(answer)


BASIC = ("WWW-Authenticate", 'Basic realm="behind"')


def reply(status, body=b"", *headers):
    """A well-formed answer."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}",
             *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
