"""Malformed and malicious HTTP: refused, the connection closed, nothing smuggled past."""

import pytest

from support.http import Connection
from support.moorgate import Site

# What follows every attack on the same connection. If the server takes it for a request of its own,
# the attack has worked: somebody else's request could stand there.
FOLLOWER = b"GET /v2/smuggled/manifests/v1 HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def server(module_folder, authority):
    """With a plain listener too, to write bytes to."""
    site = Site(module_folder, authority)
    site.config["listen"].append({"address": f"unix:{module_folder}/plain.sock", "tls": "off"})
    with site.start() as running:
        yield running


@pytest.fixture(params=["plain", "tls"])
def connection(server, request):
    endpoint = server.endpoint(unix=True) if request.param == "plain" else server.endpoint()
    with Connection(endpoint, timeout=20) as connection:
        yield connection


def head(*lines, first=b"POST /v2/app/blobs/uploads/ HTTP/1.1"):
    """A request head from a first line and header lines; Host is added unless one is there."""
    if not any(line.lower().startswith(b"host") for line in lines):
        lines = (b"Host: localhost", *lines)
    return b"\r\n".join([first, *lines, b"", b""])


def refused(connection, attack, *allowed):
    """Sends the attack and its follower; there must be one answer, with a status allowed, and then
    the end of the connection."""
    connection.send(attack + FOLLOWER)
    response = connection.read_response()
    assert response.status in allowed, response
    assert response.header("Connection") == "close"
    assert response.json()["errors"]
    assert connection.read_to_end() == b"", "the server read on after a malformed request"


FRAMING = {
    "length and chunked": head(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunked and length": head(b"Transfer-Encoding: chunked", b"Content-Length: 5") + b"0\r\n\r\n",
    "two lengths": head(b"Content-Length: 5", b"Content-Length: 6") + b"hello",
    "the same length twice": head(b"Content-Length: 5", b"Content-Length: 5") + b"hello",
    "a list of lengths": head(b"Content-Length: 5, 5") + b"hello",
    "length with plus": head(b"Content-Length: +5") + b"hello",
    "negative length": head(b"Content-Length: -1"),
    "hexadecimal length": head(b"Content-Length: 0x5") + b"hello",
    "length with exponent": head(b"Content-Length: 1e1"),
    "length with underscore": head(b"Content-Length: 1_0") + b"hellohello",
    "empty length": head(b"Content-Length: "),
    "length with blank": head(b"Content-Length: 5 5"),
    "length beyond 64 bits": head(b"Content-Length: 18446744073709551621") + b"hello",
    "unknown encoding": head(b"Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "chunked, identity": head(b"Transfer-Encoding: chunked, identity") + b"0\r\n\r\n",
    "identity, chunked": head(b"Transfer-Encoding: identity, chunked") + b"0\r\n\r\n",
    "identity": head(b"Transfer-Encoding: identity"),
    "gzip, chunked": head(b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "chunked, chunked": head(b"Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n",
    "chunked twice": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "chunked, then unknown": head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: x") + b"0\r\n\r\n",
    "quoted chunked": head(b'Transfer-Encoding: "chunked"') + b"0\r\n\r\n",
    "chunked with a parameter": head(b"Transfer-Encoding: chunked;q=1") + b"0\r\n\r\n",
    "chunked after a vertical tab": head(b"Transfer-Encoding: \x0bchunked") + b"0\r\n\r\n",
    "empty encoding": head(b"Transfer-Encoding: "),
    "encoding with a blank before the colon": head(b"Transfer-Encoding : chunked") + b"0\r\n\r\n",
    "folded encoding": head(b"Transfer-Encoding:", b" chunked") + b"0\r\n\r\n",
    "chunked in HTTP/1.0": head(b"Transfer-Encoding: chunked", first=b"POST /v2/app/blobs/uploads/ HTTP/1.0")
    + b"0\r\n\r\n",
}
HEADERS = {
    "no Host": b"GET /v2/ HTTP/1.1\r\nAccept: */*\r\n\r\n",
    "two Hosts": head(b"Host: localhost", b"Host: localhost"),
    "Host with a blank": head(b"Host: local host"),
    "Host with a user": head(b"Host: user@localhost"),
    "Host with a path": head(b"Host: localhost/path"),
    "folded header": head(b"X-Folded: a", b" b"),
    "folded first header": b"GET /v2/ HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "blank before the colon": head(b"X-Blank : a"),
    "blank in a name": head(b"X Blank: a"),
    "no colon": head(b"no colon here"),
    "empty name": head(b": a"),
    "name that is no token": head(b"X(Y): a"),
    "name above ASCII": head("X-\xe9: a".encode("latin-1")),
    "NUL in a value": head(b"X-Nul: a\0b"),
    "NUL in a name": head(b"X-\0: a"),
    "carriage return in a value": head(b"X-Cr: a\rTransfer-Encoding: chunked"),
    "control character in a value": head(b"X-Control: a\x01b"),
    "delete character in a value": head(b"X-Delete: a\x7fb"),
    "bare line feed between headers": b"GET /v2/ HTTP/1.1\r\nHost: localhost\nX-A: b\r\n\r\n",
    "bare line feed after the request line": b"GET /v2/ HTTP/1.1\nHost: localhost\r\n\r\n",
    "bare line feed at the end": b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\n",
    "carriage return alone": b"GET /v2/ HTTP/1.1\rHost: localhost\r\n\r\n",
    "a header too large": head(b"X-Large: " + b"x" * 100_000),
    "headers too large together": head(*(b"X-%d: %s" % (number, b"x" * 1000) for number in range(100))),
    "too many headers": head(*(b"X-%d: y" % number for number in range(2000))),
}
REQUEST_LINES = {
    "nothing but a method": b"GET",
    "no version": b"GET /v2/",
    "two blanks": b"GET  /v2/ HTTP/1.1",
    "blank at the end": b"GET /v2/ HTTP/1.1 ",
    "blank at the start": b" GET /v2/ HTTP/1.1",
    "tabs for blanks": b"GET\t/v2/\tHTTP/1.1",
    "a blank in the target": b"GET /v2/ x HTTP/1.1",
    "method that is no token": b"G(T /v2/ HTTP/1.1",
    "method above ASCII": "G\xcbT /v2/ HTTP/1.1".encode("latin-1"),
    "version 2.0": b"GET /v2/ HTTP/2.0",
    "version 1.2": b"GET /v2/ HTTP/1.2",
    "version 0.9": b"GET /v2/ HTTP/0.9",
    "version without digits": b"GET /v2/ HTTP/x.y",
    "version in small letters": b"GET /v2/ http/1.1",
    "another protocol": b"GET /v2/ ICY/1.1",
    "target of another host": b"GET http://elsewhere.example/v2/ HTTP/1.1",
    "target without slash": b"GET v2/ HTTP/1.1",
    "authority as target": b"CONNECT elsewhere.example:443 HTTP/1.1",
    "asterisk as target": b"GET * HTTP/1.1",
    "NUL in the target": b"GET /v2/\0 HTTP/1.1",
    "control character in the target": b"GET /v2/\x01 HTTP/1.1",
    "UTF-8 in the target": "GET /v2/ä HTTP/1.1".encode(),
    "fragment in the target": b"GET /v2/#x HTTP/1.1",
    "backslash in the target": b"GET /v2\\x HTTP/1.1",
    "quotes in the target": b'GET /v2/"x" HTTP/1.1',
    "a target too long": b"GET /v2/" + b"x" * 100_000 + b" HTTP/1.1",
    "garbage": bytes(range(128, 256)),
}
CHUNKS = {
    "size with 0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "size with plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "negative size": b"-1\r\nhello\r\n0\r\n\r\n",
    "size that is none": b"G\r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "blank before the size": b" 5\r\nhello\r\n0\r\n\r\n",
    "size beyond 64 bits": b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
    "size of 64 bits": b"FFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
    "more data than its size": b"3\r\nhello\r\n0\r\n\r\n",
    "less data than its size": b"7\r\nhello\r\n0\r\n\r\n",
    "line feed after the size": b"5\nhello\r\n0\r\n\r\n",
    "line feed after the data": b"5\r\nhello\n0\r\n\r\n",
    "carriage return alone after the size": b"5\rhello\r\n0\r\n\r\n",
    "endless extension": b"5;" + b"x" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
    "extension with a line feed": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "endless trailers": b"5\r\nhello\r\n0\r\n" + b"X-Trailer: y\r\n" * 10_000 + b"\r\n",
    "trailer with a line feed": b"5\r\nhello\r\n0\r\nX: y\nZ: z\r\n\r\n",
}


@pytest.mark.parametrize("attack", FRAMING)
def test_a_body_whose_length_is_ambiguous_is_refused(connection, attack):
    refused(connection, FRAMING[attack], 400, 501)


@pytest.mark.parametrize("attack", HEADERS)
def test_a_malformed_header_is_refused(connection, attack):
    refused(connection, HEADERS[attack], 400, 431)


@pytest.mark.parametrize("attack", REQUEST_LINES)
def test_a_malformed_request_line_is_refused(connection, attack):
    refused(connection, head(first=REQUEST_LINES[attack]), 400, 414, 431, 505)


@pytest.mark.parametrize("attack", CHUNKS)
def test_a_malformed_chunk_is_refused_and_leaves_nothing_behind(server, connection, attack):
    before = server.site.files()
    with server.client("pusher") as pusher:
        upload = pusher.start_upload("app/chunks")
        request = head(b"Authorization: " + pusher.authorization[0][1].encode(), b"Transfer-Encoding: chunked",
                       first=b"PATCH " + upload.encode() + b" HTTP/1.1")
        refused(connection, request + CHUNKS[attack], 400)
        assert pusher.get(upload).header("Range") == "0-0"
        assert pusher.delete(upload).status == 204
    assert server.site.files() == before


def test_large_headers_are_431_and_nothing_less_clear(connection):
    refused(connection, HEADERS["a header too large"], 431)


def test_the_headers_a_client_may_need_fit(connection):
    connection.send(head(b"Authorization: Bearer " + b"t" * 16_000, first=b"GET /v2/ HTTP/1.1"))
    assert connection.read_response().status == 401


def test_what_is_merely_unusual_is_served(connection):
    for request in (
            b"\r\n" + head(first=b"GET /healthz HTTP/1.1"),
            head(b"X-Empty:", first=b"GET /healthz HTTP/1.1"),
            head(b"X-Tabs:\t a \t", first=b"GET /healthz HTTP/1.1"),
            head("X-Latin: \xe9".encode("latin-1"), first=b"GET /healthz HTTP/1.1"),
            head(b"hOsT: localhost", first=b"GET /healthz HTTP/1.1"),
            head(b"Host: [::1]:443", first=b"GET /healthz HTTP/1.1")):
        connection.send(request)
        assert connection.read_response().status == 200, request


def test_chunks_with_extensions_and_trailers_are_taken(server, connection):
    with server.client("pusher") as pusher:
        upload = pusher.start_upload("app/extensions")
        connection.send(head(
            b"Authorization: " + pusher.authorization[0][1].encode(), b"Transfer-Encoding: Chunked",
            first=b"PATCH " + upload.encode() + b" HTTP/1.1"))
        connection.send(b"5;name=value\r\nhello\r\n005 ; x\r\nworld\r\n000\r\nX-Trailer: y\r\n\r\n")
        response = connection.read_response()
        assert (response.status, response.header("Range")) == (202, "0-9")


def test_http_1_0_is_answered_and_the_connection_closed(connection):
    connection.send(b"GET /healthz HTTP/1.0\r\n\r\n" + FOLLOWER)
    assert connection.read_response().status == 200
    assert connection.read_to_end() == b""


@pytest.mark.parametrize("garbage", [
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0" * 30_000,
    b"\xff" * 30_000, b"\n" * 30_000], ids=["HTTP/2", "TLS on plain", "zeros", "ones", "line feeds"])
def test_bytes_that_are_no_http_end_the_connection(server, garbage):
    with Connection(server.endpoint(unix=True), timeout=20) as stranger:
        stranger.send(garbage)
        if len(garbage) < 100:
            stranger.send(b"\r\n\r\n")
        assert b"HTTP/1.1 200" not in stranger.read_to_end()


def test_the_server_is_unimpressed_by_all_of_this(server):
    with server.client("pusher") as pusher:
        pusher.push_blob("app/after", b"still here")
        server.log.wait("request", method="PUT", repository="app/after", status=201)
        assert not server.requests(target="/v2/smuggled/manifests/v1")
