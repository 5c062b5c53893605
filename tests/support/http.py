"""A plain HTTP/1.1 client that sends exactly the bytes it is given and hides nothing of the answer."""

import json
import socket
import ssl
from dataclasses import dataclass, field
from typing import Optional, Union

TIMEOUT = 60


@dataclass(frozen=True)
class Endpoint:
    """Where a listener is reached: ("127.0.0.1", port), or the path of a Unix socket."""

    address: Union[tuple, str]
    tls: Optional[ssl.SSLContext] = None
    server_name: str = "localhost"
    source: str = ""  # the address to connect from, where the kernel shall not choose

    @property
    def host(self):
        return self.server_name if isinstance(self.address, str) else f"{self.server_name}:{self.address[1]}"


class Message:
    """What requests and answers have in common: `headers`."""

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name):
        """The header's one value, or None. Twice the same header is a failure."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} is there {len(values)} times: {values}"
        return values[0] if values else None


@dataclass
class Response(Message):
    status: int
    reason: str
    headers: list = field(default_factory=list)
    body: bytes = b""

    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """Code of the first error in an OCI error body."""
        return self.json()["errors"][0]["code"]

    @property
    def message(self):
        return self.json()["errors"][0]["message"]


class ConnectionClosed(Exception):
    """The server ended the connection before the answer was complete."""


class Connection:
    def __init__(self, endpoint, timeout=TIMEOUT, preface=b""):
        """`preface` goes out before anything else, TLS included."""
        if isinstance(endpoint.address, str):
            raw = socket.socket(socket.AF_UNIX)
            raw.settimeout(timeout)
            raw.connect(endpoint.address)
        else:
            source = (endpoint.source, 0) if endpoint.source else None
            raw = socket.create_connection(endpoint.address, timeout, source)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.sendall(preface)
        self.endpoint = endpoint
        self.socket = endpoint.tls.wrap_socket(raw, server_hostname=endpoint.server_name) if endpoint.tls else raw
        self._received = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # ---- sending

    def send(self, data):
        self.socket.sendall(data)

    def send_head(self, method, target, headers=()):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.endpoint.host}"]
        lines += [f"{name}: {value}" for name, value in headers]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    def send_chunk(self, data):
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def send_last_chunk(self):
        self.send(b"0\r\n\r\n")

    def request(self, method, target, headers=(), body=None):
        """One request with a whole body, or a chunked one if `body` is an iterable of bytes."""
        headers = list(headers)
        if body is None:
            self.send_head(method, target, headers)
        elif isinstance(body, (bytes, bytearray, memoryview)):
            self.send_head(method, target, headers + [("Content-Length", len(body))])
            self.send(body)
        else:
            self.send_head(method, target, headers + [("Transfer-Encoding", "chunked")])
            for chunk in body:
                self.send_chunk(chunk)
            self.send_last_chunk()
        return self.read_response(method)

    # ---- receiving

    def read_response(self, method="GET"):
        """The final response; 100 Continue and its like are passed over."""
        while True:
            response = self.read_head()
            if response.status >= 200:
                break
        response.body = self.read_body(response, method)
        return response

    def read_head(self):
        head = self._read_until(b"\r\n\r\n").decode("latin-1")
        status_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        version, status, reason = status_line.split(" ", 2)
        assert version == "HTTP/1.1", status_line
        headers = [tuple(line.split(": ", 1)) for line in lines]
        return Response(int(status), reason, headers)

    def read_body(self, response, method):
        if method == "HEAD" or response.status in (204, 304):
            return b""
        if response.header("Transfer-Encoding"):
            return self._read_chunked()
        length = response.header("Content-Length")
        assert length is not None, "the answer's length is not told"
        return self.read_exactly(int(length))

    def read_exactly(self, count):
        while len(self._received) < count:
            self._receive()
        return self._take(count)

    def read_to_end(self):
        """All bytes up to the end of the connection, be it orderly or not."""
        try:
            while True:
                self._receive()
        except ConnectionClosed:
            return self._take(len(self._received))

    def skip(self, count):
        """Takes `count` bytes without keeping them; returns how many came."""
        seen = len(self._take(min(count, len(self._received))))
        return seen + skip(self.socket, count - seen)

    def skip_to(self, end):
        """The same up to the bytes `end`, after which the server must be silent."""
        seen = self._take(len(self._received))
        return len(seen) + skip_to(self.socket, end, seen)

    def _read_chunked(self):
        body = b""
        while size := int(self._read_until(b"\r\n"), 16):
            body += self.read_exactly(size)
            assert self.read_exactly(2) == b"\r\n"
        assert self._read_until(b"\r\n") == b"\r\n", "trailers were not expected"
        return body

    def _read_until(self, mark):
        while (at := self._received.find(mark)) < 0:
            self._receive()
        return self._take(at + len(mark))

    def _take(self, count):
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def _receive(self):
        try:
            data = self.socket.recv(1 << 18)
        except (ConnectionError, ssl.SSLError) as error:
            raise ConnectionClosed(str(error)) from error
        if not data:
            raise ConnectionClosed(f"after {bytes(self._received[:200])!r}")
        self._received += data


def skip(connected, count):
    """Takes `count` bytes from a socket without keeping them; returns how many came."""
    room = memoryview(bytearray(1 << 20))
    seen = 0
    while seen < count and (got := connected.recv_into(room, min(len(room), count - seen))):
        seen += got
    return seen


def skip_to(connected, end, last=b""):
    """The same up to the bytes `end`; `last` came before."""
    room = memoryview(bytearray(1 << 20))
    seen = 0
    while not last.endswith(end) and (got := connected.recv_into(room)):
        seen += got
        last = (last[-len(end):] + bytes(room[max(0, got - len(end)):got]))[-len(end):]
    return seen
