"""In front of a registry that breaks down, and of blobs that are larger than any memory."""

import hashlib
import os
import select
import shutil
import socket
import threading
import time

import pytest

from support.command import eventually
from support.docker_registry import DockerRegistry
from support.http import Connection, ConnectionClosed
from support.images import digest_of, noise
from support.moorgate import Site, password
from support.registry import OCTETS, basic, blob_path, location
from support.upstream import Upstream, answering, by_path, reply

GIBIBYTE = 1 << 30
LARGE = 5 * GIBIBYTE
GROWTH = 16 << 20
STEP = 1 << 20
UPLOAD = "/v2/team/app/blobs/uploads/1"
LOCATION = ("Location", UPLOAD)


@pytest.fixture
def site(folder, authority):
    """With a plain listener, for what the test's own TLS would only slow down. One worker holds all
    there is: pool, breaker, buffers."""
    site = Site(folder, authority)
    site.config["listen"].append({"address": f"unix:{folder}/plain.sock", "tls": "off"})
    site.config["workers"] = 1
    return site


def plain(server, **options):
    return Connection(server.endpoint(unix=True), **options)


def begin(connection, method, target, *headers, user="pusher"):
    connection.send_head(method, target, [basic(user, password(user)), *headers])


def warmed_up(server):
    """Memory after a first request, when what is made once has been made."""
    with server.client("pusher") as client:
        client.get("/v2/team/app/manifests/none")
    return server.memory("VmRSS")


# ---- size

def hashing(piece, times):
    digest = hashlib.sha256()
    for _ in range(times):
        digest.update(piece)
    return digest.hexdigest()


@pytest.mark.parametrize("chunked", [False, True], ids=["by length", "in chunks"])
def test_a_blob_of_gibibytes_is_pulled_at_constant_memory(site, chunked):
    size = GIBIBYTE // 4 if chunked else LARGE
    piece = memoryview(bytes(STEP))

    def serve(peer):
        while request := peer.request():
            if not request.target.startswith("/v2/team/app/blobs/"):
                peer.send(reply(404))
                continue
            framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
            peer.send(b"HTTP/1.1 200 OK\r\n%s\r\n\r\n" % framing)
            for _ in range(size // STEP):
                peer.send(b"%x\r\n%s\r\n" % (STEP, piece) if chunked else piece)
            peer.send(b"0\r\n\r\n" if chunked else b"")
    with Upstream(serve) as behind, site.stand_in_front_of(behind.url).start() as server, \
            plain(server) as connection:
        before = warmed_up(server)
        begin(connection, "GET", blob_path("team/app", digest_of(b"large")))
        head = connection.read_head()
        assert head.header("Content-Length") == (None if chunked else str(size))
        if chunked:
            assert connection.skip_to(b"\r\n0\r\n\r\n") > size
        else:
            assert connection.skip(size) == size
        assert server.memory("VmHWM") - before < GROWTH


@pytest.mark.parametrize("chunked", [False, True], ids=["by length", "in chunks"])
def test_a_blob_of_gibibytes_is_pushed_at_constant_memory(site, chunked):
    size = GIBIBYTE // 4 if chunked else LARGE
    arrived = []

    def serve(peer):
        while request := peer.request(body=False):
            if request.method != "PATCH":
                peer.send(reply(202, b"", LOCATION))
            elif chunked:
                # Frames and all: what goes through is what counts here.
                arrived.append(peer.skip_to(b"\r\n0\r\n\r\n"))
                peer.send(reply(202, b"", LOCATION))
            else:
                arrived.append(peer.skip(int(request.header("Content-Length"))))
                peer.send(reply(202, b"", LOCATION))
    piece = memoryview(bytearray(STEP))
    with Upstream(serve) as behind, site.stand_in_front_of(behind.url).start() as server, \
            server.client("pusher", endpoint=server.endpoint(unix=True)) as client, plain(server) as connection:
        upload = client.start_upload("team/app")
        before = warmed_up(server)
        framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", size)
        begin(connection, "PATCH", upload, OCTETS, framing)
        for _ in range(size // STEP):
            if chunked:
                connection.send_chunk(piece)
            else:
                connection.send(piece)
        if chunked:
            connection.send_last_chunk()
        assert connection.read_response("PATCH").status == 202
        assert server.memory("VmHWM") - before < GROWTH
    assert (arrived[0] >= size) if chunked else (arrived == [size])


def test_a_blob_of_gibibytes_goes_to_the_disk_of_the_registry_behind_and_back(site, folder):
    """What docker-registry answers 201 to has the digest that it was pushed by."""
    registry = DockerRegistry(folder / "behind", folder / "store")
    piece = memoryview(noise(STEP, "large"))
    digest = "sha256:" + hashing(piece, LARGE // STEP)
    try:
        with site.stand_in_front_of(registry.url).start() as server, \
                server.client("pusher", endpoint=server.endpoint(unix=True), timeout=600) as client, \
                plain(server, timeout=600) as pushing, plain(server, timeout=600) as pulling:
            upload = client.start_upload("team/app")
            before = warmed_up(server)
            begin(pushing, "PATCH", upload, OCTETS, ("Content-Length", LARGE))
            for _ in range(LARGE // STEP):
                pushing.send(piece)
            pushed = pushing.read_response("PATCH")
            assert pushed.status == 202
            assert client.finish_upload(location(pushed), digest).status == 201
            begin(pulling, "GET", blob_path("team/app", digest))
            assert pulling.read_head().header("Content-Length") == str(LARGE)
            assert pulling.skip(LARGE) == LARGE
            assert server.memory("VmHWM") - before < GROWTH
    finally:
        registry.stop()
        shutil.rmtree(folder / "store")


def test_the_slower_side_sets_the_pace(site):
    """What the registry behind does not take is not taken from the client, and the other way round."""
    go_on = threading.Event()

    def serve(peer):
        while request := peer.request(body=False):
            if request.method == "POST":
                peer.send(reply(202, b"", LOCATION))
            elif request.method == "PATCH":
                go_on.wait(60)
                peer.skip(int(request.header("Content-Length")))
                peer.send(reply(202, b"", LOCATION))
            else:
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (256 << 20))
                sent = 0
                while sent < 256 << 20:
                    sent += peer.socket.send(bytes(STEP))
                    pulled[0] = sent

    def push_until_stuck(connection):
        connection.socket.settimeout(1)
        sent = 0
        with pytest.raises(TimeoutError):
            while True:
                sent += connection.socket.send(bytes(STEP))
        return sent
    pulled = [0]
    with Upstream(serve) as behind, site.stand_in_front_of(behind.url).start() as server, \
            server.client("pusher", endpoint=server.endpoint(unix=True)) as client, \
            plain(server) as pushing, plain(server) as pulling:
        upload = client.start_upload("team/app")
        before = server.memory("VmRSS")
        begin(pushing, "PATCH", upload, OCTETS, ("Content-Length", GIBIBYTE))
        begin(pulling, "GET", blob_path("team/app", digest_of(b"x")))
        assert push_until_stuck(pushing) < 64 << 20
        assert pulled[0] < 64 << 20
        assert server.memory("VmRSS") - before < GROWTH
        go_on.set()


# ---- early answers and clients that wait

def test_an_early_answer_reaches_the_client_that_still_sends(site):
    refusal = reply(413, b'{"errors":[{"code":"SIZE_INVALID","message":"quota"}]}', ("Content-Type", "application/json"),
                    ("Connection", "close"))

    def serve(peer):
        while request := peer.request(body=False):
            if request.method == "POST":
                peer.send(reply(202, b"", LOCATION))
            else:
                peer.skip(1000)
                peer.send(refusal)
                return
    with Upstream(serve) as behind, site.stand_in_front_of(behind.url).start() as server, \
            server.client("pusher") as client, plain(server) as connection:
        upload = client.start_upload("team/app")
        begin(connection, "PATCH", upload, OCTETS, ("Content-Length", GIBIBYTE))
        connection.send(bytes(1000))
        response = connection.read_response("PATCH")
        assert (response.status, response.message) == (413, "quota")
        assert response.header("Connection") == "close"


@pytest.mark.parametrize("wanted", [True, False])
def test_a_client_that_waits_for_100_is_told_what_the_registry_behind_wants(site, wanted):
    def serve(peer):
        while request := peer.request(body=False):
            if request.method == "POST":
                peer.send(reply(202, b"", LOCATION))
            elif wanted:
                assert request.header("Expect") == "100-continue"
                request.body = peer.body(request)
                peer.send(reply(202, b"", LOCATION))
            else:
                peer.send(reply(403, b"", ("Connection", "close")))
                return
    with Upstream(serve) as behind, site.stand_in_front_of(behind.url).start() as server, \
            server.client("pusher") as client, plain(server) as connection:
        upload = client.start_upload("team/app")
        begin(connection, "PATCH", upload, OCTETS, ("Content-Length", 5), ("Expect", "100-continue"))
        first = connection.read_head()
        if wanted:
            assert first.status == 100
            connection.send(b"hello")
            assert connection.read_response("PATCH").status == 202
            assert behind.requests[-1].body == b"hello"
        else:
            assert first.status == 403


# ---- clients that break off

def test_a_client_that_breaks_off_a_push_ends_it_behind_and_is_no_error(site):
    ended = threading.Event()

    def serve(peer):
        while request := peer.request(body=False):
            if request.method == "POST":
                peer.send(reply(202, b"", LOCATION))
            else:
                assert peer.skip(GIBIBYTE) < GIBIBYTE
                ended.set()
                return
    with Upstream(serve) as behind, site.stand_in_front_of(behind.url).start() as server, \
            server.client("pusher") as client:
        upload = client.start_upload("team/app")
        with plain(server) as connection:
            begin(connection, "PATCH", upload, OCTETS, ("Content-Length", GIBIBYTE))
            connection.send(bytes(STEP))
        assert ended.wait(30)
        assert server.log.wait("request", method="PATCH")["status"] == 499
        assert not [entry for entry in server.log.entries if entry.get("level") == "error"]
        assert "\nmoorgate_upstream_up 1\n" in metrics(server)


def test_a_client_that_breaks_off_a_pull_ends_it_behind(site):
    ended = threading.Event()

    def serve(peer):
        if peer.request():
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIBIBYTE)
            try:
                for _ in range(GIBIBYTE // STEP):
                    peer.send(bytes(STEP))
            except OSError:
                ended.set()
    with Upstream(serve) as behind, site.stand_in_front_of(behind.url).start() as server:
        with plain(server) as connection:
            begin(connection, "GET", blob_path("team/app", digest_of(b"x")))
            connection.read_exactly(STEP)
        assert ended.wait(30)
        assert server.log.wait("request", method="GET")["incomplete"] is True


@pytest.mark.parametrize("encrypted", [True, False], ids=["TLS", "plain"])
def test_a_client_that_leaves_while_the_registry_behind_thinks_is_noticed(site, encrypted):
    asked, ended = threading.Event(), threading.Event()

    def serve(peer):
        if peer.request():
            asked.set()
            assert peer.request() is None
            ended.set()
    with Upstream(serve) as behind, site.stand_in_front_of(behind.url).start() as server:
        with Connection(server.endpoint()) if encrypted else plain(server) as connection:
            begin(connection, "GET", "/v2/team/app/manifests/slow", user="reader")
            assert asked.wait(30)
        assert ended.wait(30)
        entry = server.log.wait("request", target="/v2/team/app/manifests/slow")
        assert entry["status"] == 499
        assert entry["reason"] == "the client left before there was an answer"
        assert 'moorgate_upstream_failures_total{kind="abandoned"} 1\n' in metrics(server)
        assert "\nmoorgate_upstream_up 1\n" in metrics(server)


def test_a_client_that_waits_for_a_slow_answer_gets_it(site):
    """Also one that has sent the next request meanwhile."""
    def slow(request):
        time.sleep(3)
        return reply(200, request.target.encode())
    with Upstream(answering(slow)) as behind, site.stand_in_front_of(behind.url).start() as server, \
            plain(server) as connection:
        for tag in ("first", "second"):
            begin(connection, "GET", f"/v2/team/app/manifests/{tag}", user="reader")
        for tag in ("first", "second"):
            assert connection.read_response().body.endswith(tag.encode())


def test_a_change_goes_on_without_the_client_that_asked_for_it(site):
    asked, go_on, finished = threading.Event(), threading.Event(), threading.Event()

    def serve(peer):
        if peer.request():
            asked.set()
            go_on.wait(60)
            peer.send(reply(202))
            # The next one on the same connection: it was not cut.
            assert peer.request().target == "/v2/team/app/manifests/next"
            peer.send(reply(404))
            finished.set()
    with Upstream(serve) as behind, site.stand_in_front_of(behind.url).start() as server:
        with plain(server) as connection:
            begin(connection, "DELETE", f"/v2/team/app/manifests/{digest_of(b'x')}", user="owner")
            assert asked.wait(30)
        time.sleep(3)
        go_on.set()
        server.log.wait("request", method="DELETE")
        with server.client("reader") as client:
            assert client.get("/v2/team/app/manifests/next").status == 404
        assert finished.wait(30)


def metrics(server):
    with server.client("owner") as client:
        return client.get("/metrics").body.decode()


# ---- a registry that breaks down

class Restarted:
    """docker-registry that comes and goes at one address."""

    def __init__(self, folder):
        self.folder = folder
        # Never listens: nobody else gets the port while the registry is away.
        self.place = socket.socket()
        self.place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.place.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.place.getsockname()[1]}"
        self.url = f"http://{self.address}"
        self.registry = None

    def start(self):
        self.registry = DockerRegistry(self.folder / "behind", self.folder / "store", address=self.address)

    def kill(self):
        self.registry.process.kill()
        self.registry.process.wait()

    def stop(self):
        if self.registry:
            self.registry.stop()
        self.place.close()


@pytest.fixture
def behind(folder):
    registry = Restarted(folder)
    yield registry
    registry.stop()


def recovered(server, client):
    """Everything works again, without a restart of the gateway."""
    eventually(lambda: client.get("/v2/team/app/manifests/none").status == 404, "the registry behind is used again")
    data = noise(10_000, "recovered")
    assert client.blob("team/app", client.push_blob("team/app", data)).body == data
    assert "\nmoorgate_upstream_up 1\n" in eventually(
        lambda: (text := metrics(server)) and "\nmoorgate_upstream_up 1\n" in text and text, "the metrics show it")


def test_a_registry_that_is_down_at_the_start_is_used_once_it_is_there(site, behind):
    with site.stand_in_front_of(behind.url).start() as server, server.client("pusher") as client:
        # The gate itself needs nobody.
        assert client.get("/v2/").status == 200
        assert client.get("/readyz").status == 200
        seen = []
        for _ in range(20):
            response = client.get("/v2/team/app/manifests/v1")
            assert response.status in (502, 503) and response.error == "UNAVAILABLE"
            if response.status == 503:
                assert int(response.header("Retry-After")) >= 1
            seen.append(response.status)
        assert seen == sorted(seen) and set(seen) == {502, 503}, "after some failures it is left in peace for a while"
        counted = eventually(lambda: (text := metrics(server)) and "\nmoorgate_upstream_up 0\n" in text and text,
                             "the metrics show it")
        for kind, status in ("unreachable", 502), ("suspended", 503):
            assert f'moorgate_upstream_failures_total{{kind="{kind}"}} {seen.count(status)}\n' in counted
        behind.start()
        recovered(server, client)


def test_a_registry_that_is_given_up_and_exchanged_counts_as_up(site, behind):
    with site.stand_in_front_of(behind.url).start() as server, server.client("pusher") as client:
        assert [client.get("/v2/team/app/manifests/v1").status for _ in range(20)][-1] == 503
        eventually(lambda: "\nmoorgate_upstream_up 0\n" in metrics(server), "the metrics show it")
        with Upstream(answering(lambda _: reply(404))) as other:
            site.stand_in_front_of(other.url).save()
            server.reload()
            eventually(lambda: "\nmoorgate_upstream_up 1\n" in metrics(server), "the metrics show it")
            assert client.get("/v2/team/app/manifests/v1").status == 404
            shown = [line for line in metrics(server).splitlines() if line.startswith("moorgate_upstream_")]
            assert [line for line in shown if "failures_total" not in line] == ["moorgate_upstream_up 1"]


def test_a_registry_killed_in_mid_pull_cuts_the_client_off(site, behind):
    behind.start()
    with site.stand_in_front_of(behind.url).start() as server, server.client("pusher") as client, \
            plain(server) as connection:
        data = os.urandom(64 << 20)
        digest = client.push_blob("team/app", data)
        begin(connection, "GET", blob_path("team/app", digest))
        head = connection.read_head()
        assert (head.status, connection.read_exactly(STEP)) == (200, data[:STEP])
        behind.kill()
        with pytest.raises((ConnectionClosed, OSError)):
            connection.read_exactly(len(data) - STEP)
        assert server.log.wait("request", method="GET")["incomplete"] is True
        behind.start()
        recovered(server, client)


def test_a_registry_killed_in_mid_push_is_told_to_the_client(site, behind):
    behind.start()
    with site.stand_in_front_of(behind.url).start() as server, server.client("pusher") as client, \
            plain(server) as connection:
        upload = client.start_upload("team/app")
        begin(connection, "PATCH", upload, OCTETS, ("Content-Length", GIBIBYTE))
        for _ in range(16):
            connection.send(bytes(STEP))
        behind.kill()
        response = connection.read_response("PATCH")
        assert (response.status, response.error) == (502, "UNAVAILABLE")
        behind.start()
        recovered(server, client)


def test_a_connection_that_died_while_idle_is_not_noticed_by_the_client(site, behind):
    behind.start()
    with site.stand_in_front_of(behind.url).start() as server, server.client("pusher") as client:
        for _ in range(3):
            assert client.get("/v2/team/app/manifests/none").status == 404
            behind.kill()
            behind.start()
        assert client.request("POST", "/v2/team/app/blobs/uploads/", body=b"").status == 202


def test_too_many_requests_at_once_are_told_to_come_back(site):
    """One connection to the registry behind and a slow answer: 256 may wait, the rest is sent away."""
    go_on = threading.Event()

    def slow(request):
        go_on.wait(60)
        return reply(404)
    connections = []

    def answered():
        return [each for each in connections if select.select([each.socket], [], [], 0)[0]]
    with Upstream(answering(slow)) as behind, \
            site.stand_in_front_of(behind.url, connections=1).start() as server:
        try:
            for number in range(264):
                connections.append(plain(server))
                begin(connections[-1], "GET", f"/v2/team/app/manifests/v{number}", user="reader")
            # Not always the last ones: connections of one moment are not read in the order they came.
            early = eventually(lambda: len(found := answered()) >= 7 and found, "who cannot wait is sent away")
            assert len(early) == 7
            sent_away = [each.read_response() for each in early]
            assert {response.status for response in sent_away} == {503}
            assert {response.error for response in sent_away} == {"UNAVAILABLE"}
            assert all(int(response.header("Retry-After")) >= 1 for response in sent_away)
            go_on.set()
            assert {each.read_response().status for each in connections if each not in early} == {404}
        finally:
            go_on.set()
            for connection in connections:
                connection.close()


def test_one_bad_answer_after_another_does_not_shut_out_good_ones_for_long(site):
    answers = {"manifests/good": reply(404), "manifests/bad": b"garbage\r\n\r\n"}
    with Upstream(by_path({f"GET /v2/team/app/{path}": data for path, data in answers.items()})) as behind, \
            site.stand_in_front_of(behind.url).start() as server, server.client("reader") as client:
        assert {client.get("/v2/team/app/manifests/bad").status for _ in range(10)} == {502, 503}
        eventually(lambda: client.get("/v2/team/app/manifests/good").status == 404, "good ones pass")


def test_stopping_waits_for_what_is_under_way(site):
    def serve(peer):
        if peer.request():
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + bytes(1_000_000))
            go_on.wait(60)
            peer.send(bytes(1_000_000))
    go_on = threading.Event()
    with Upstream(serve) as behind, site.stand_in_front_of(behind.url).start() as server, \
            plain(server) as connection:
        begin(connection, "GET", blob_path("team/app", digest_of(b"x")))
        assert connection.read_head().status == 200
        connection.read_exactly(1_000_000)
        server.process.terminate()
        server.log.wait("stopping")
        go_on.set()
        assert len(connection.read_exactly(1_000_000)) == 1_000_000
