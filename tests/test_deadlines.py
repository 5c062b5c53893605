"""Clients that are too slow are cut off; clients that are merely slow are not."""

import time

import pytest

from support.http import Connection, ConnectionClosed, Endpoint
from support.images import digest_of, noise
from support.moorgate import Site
from support.registry import OCTETS, blob_path

PATIENCE = 2


@pytest.fixture(scope="module")
def server(module_folder, authority):
    site = Site(module_folder, authority)
    site.config["listen"].append({"address": f"unix:{module_folder}/plain.sock", "tls": "off"})
    site.config["limits"] = {f"{what}_timeout": f"{PATIENCE}s" for what in ("header", "body", "send", "idle")}
    with site.start() as running:
        yield running


@pytest.fixture(params=["plain", "tls"])
def endpoint(server, request):
    return server.endpoint(unix=True) if request.param == "plain" else server.endpoint()


def drip(connection, data, pause=0.3, rounds=100):
    """Sends a byte now and then until the server has had enough of it."""
    for number in range(rounds):
        try:
            connection.send(data[number:number + 1])
        except OSError:
            return
        time.sleep(pause)
    raise AssertionError(f"the server was still listening after {rounds * pause:.0f} s")


def test_a_head_that_comes_in_drops_is_cut_off(endpoint):
    with Connection(endpoint) as connection:
        drip(connection, b"GET /v2/ HTTP/1.1\r\nX-Slow: " + b"x" * 100)


def test_many_slow_heads_do_not_keep_others_waiting(server, endpoint):
    slow = []
    try:
        for _ in range(300):
            slow.append(Connection(endpoint))
            # At once: before the last one is made, the first may be cut off.
            slow[-1].send(b"GET /v2/ HTTP/1.1\r\nX-Slow: ")
        with server.client("reader") as reader:
            assert reader.get("/v2/").status == 200
        for connection in slow:
            connection.read_to_end()
    finally:
        for connection in slow:
            connection.close()


def test_a_handshake_that_never_comes_is_cut_off(server):
    with Connection(Endpoint(server.endpoint().address)) as silent:
        assert silent.read_to_end() == b""


def test_an_idle_connection_is_closed(endpoint):
    with Connection(endpoint) as connection:
        assert connection.request("GET", "/healthz").status == 200
        assert connection.read_to_end() == b""


def test_an_upload_that_stalls_is_cut_off_and_its_session_lives_on(pusher, endpoint, repository):
    data = noise(1_000_000, "stalled")
    upload = pusher.start_upload(repository)
    with Connection(endpoint) as connection:
        connection.send_head("PATCH", upload, [*pusher.authorization, OCTETS, ("Content-Length", len(data))])
        connection.send(data[:100_000])
        connection.read_to_end()
    # Its own connection was idle for as long.
    pusher.close()
    pusher.resume_upload(upload, data)
    assert pusher.finish_upload(upload, digest_of(data)).status == 201


class Pace:
    """The pauses of a client that is slow but moves."""

    def __init__(self):
        self.longest = 0
        self._ended = time.monotonic()

    def pause(self, seconds):
        time.sleep(seconds)
        now = time.monotonic()
        self.longest = max(self.longest, now - self._ended)
        self._ended = now


def at_a_pace(transfer):
    """Runs transfer(pace). One that fails is run again if the machine made its pauses so long that
    the server may have had enough."""
    for _ in range(2):
        pace = Pace()
        try:
            return transfer(pace)
        except (AssertionError, ConnectionClosed, OSError):
            if pace.longest < PATIENCE / 2:
                raise
    return transfer(Pace())


def test_an_upload_that_is_slow_but_moves_is_taken(pusher, endpoint, repository):
    pieces = [noise(1000, f"piece {number}") for number in range(6 * PATIENCE)]
    data = b"".join(pieces)

    def push(pace):
        upload = pusher.start_upload(repository)
        pusher.close()
        with Connection(endpoint) as connection:
            connection.send_head("PUT", f"{upload}?digest={digest_of(data)}", [
                *pusher.authorization, OCTETS, ("Content-Length", len(data))])
            for piece in pieces:
                connection.send(piece)
                pace.pause(PATIENCE / 4)
            assert connection.read_response("PUT").status == 201
    at_a_pace(push)


def test_a_pull_that_is_slow_but_moves_is_served_to_its_end(pusher, reader, endpoint, repository):
    data = noise(16 << 20, "slowly")
    digest = pusher.push_blob(repository, data)

    def pull(pace):
        with Connection(endpoint) as connection:
            connection.send_head("GET", blob_path(repository, digest), reader.authorization)
            response = connection.read_head()
            body = b""
            for _ in range(8 * PATIENCE):
                body += connection.read_exactly(len(data) // (8 * PATIENCE))
                pace.pause(0.25)
            assert response.status == 200
            assert body == data
    at_a_pace(pull)


def test_a_pull_that_nobody_reads_is_cut_off(server, pusher, reader, endpoint, repository):
    digest = pusher.push_blob(repository, noise(64 << 20, "never read"))
    with Connection(endpoint) as connection:
        connection.send_head("GET", blob_path(repository, digest), reader.authorization)
        cut_off = server.log.wait("request", 5 * PATIENCE, method="GET", repository=repository)
        assert cut_off["incomplete"] is True
        with pytest.raises(ConnectionClosed):
            connection.read_exactly(64 << 20)
