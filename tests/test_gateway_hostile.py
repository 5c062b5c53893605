"""Between hostile clients and hostile registries: clear errors, no connection out of step, no
credential for a host that it is not meant for."""

import pytest

from support.command import eventually
from support.http import Connection
from support.images import digest_of
from support.moorgate import Site, password
from support.registry import basic, blob_path, location
from support.upstream import BASIC, Upstream, answering, by_path, reply, saying

GOOD = reply(200, b"good", ("Content-Type", "application/octet-stream"))
# Its connection is not used for what comes after it, which another answer is for.
LAST = reply(200, b"good", ("Content-Type", "application/octet-stream"), ("Connection", "close"))
BLOB = blob_path("team/app", digest_of(b"good"))
CREDENTIALS = {"username": "gateway", "password": "the gateway's secret"}


class Behind:
    """What stands behind the server can be changed from test to test."""

    def __init__(self):
        self.answer = saying(LAST)
        self.upstream = Upstream(lambda peer: self.answer(peer), base=reply(401, b"", BASIC))


@pytest.fixture(scope="module")
def behind():
    behind = Behind()
    with behind.upstream:
        yield behind


@pytest.fixture(scope="module")
def server(module_folder, authority, behind):
    site = Site(module_folder, authority).stand_in_front_of(
        behind.upstream.url, progress_timeout="2s", response_timeout="2s", **CREDENTIALS)
    site.config["listen"].append({"address": f"unix:{module_folder}/plain.sock", "tls": "off"})
    site.config["workers"] = 1
    with site.start() as running:
        yield running


@pytest.fixture(autouse=True)
def well_behaved(server, behind):
    """Each test begins with a registry that has just answered, so that its circuit is closed."""
    behind.answer = saying(LAST)
    behind.upstream.drop()
    with server.client("reader") as client:
        eventually(lambda: client.get(BLOB).body == b"good", "the registry behind is trusted again")
    behind.upstream.requests.clear()


# ---- hostile registries

SMUGGLED = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled"
SENSELESS = {
    "nothing": b"",
    "garbage": b"\x00\x01\x02 SSH-2.0-garbage\r\n\r\n",
    "a line of garbage without end": b"x" * 200_000,
    "another protocol": b"HTTP/2.0 200 OK\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "a status beyond all": b"HTTP/1.1 999 Huh\r\nContent-Length: 0\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "ten megabytes of headers": b"HTTP/1.1 200 OK\r\n" + b"X-Filler: %s\r\n" % (b"x" * 1000) * 10_000 + b"\r\n",
    "a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000_000,
    "ten thousand headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
    "length and chunked": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                          b"4\r\ngood\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\ngood",
    "the same length twice": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\ngood",
    "a list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 4, 4\r\n\r\ngood",
    "a signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\ngood",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\ngood",
    "a length beyond 64 bits": b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551620\r\n\r\ngood",
    "unknown encoding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n4\r\ngood\r\n0\r\n\r\n",
    "chunked, identity": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, identity\r\n\r\n4\r\ngood\r\n0\r\n\r\n",
    "chunked after a vertical tab": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a blank before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 4\r\n\r\ngood",
    "a folded header": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 4\r\n\r\ngood",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 4\n\ngood",
    "a bare carriage return": b"HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 4\r\n\r\ngood",
    "a null": b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 4\r\n\r\ngood",
    "another protocol of its choice": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "interim answers without end": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 1000,
    "two types": b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 4\r\n\r\ngood",
    "two digests": b"HTTP/1.1 200 OK\r\nDocker-Content-Digest: a\r\nDocker-Content-Digest: b\r\n"
                   b"Content-Length: 4\r\n\r\ngood",
    "a body where there is none": b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\ngood",
    "a short body": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
}


@pytest.mark.parametrize("name", SENSELESS)
def test_an_answer_that_makes_no_sense_is_an_error_of_the_registry_behind(server, behind, reader, name):
    behind.answer = saying(SENSELESS[name])
    response = reader.get(BLOB)
    assert (response.status, response.error) == (502, "UNAVAILABLE")
    assert "behind" in response.message
    # The client's connection is in step, and no leftover is taken for the next answer.
    behind.answer = saying(LAST)
    assert reader.get(BLOB).body == b"good"


@pytest.mark.parametrize("answer, kept", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 500_000, 500_000),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n", 5),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\nzz\r\n" + b"x" * 1000, 5),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly!!\r\n0\r\n\r\n", 5),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\nearly\n0\n\n", 0),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nearly", 0),
], ids=["by length", "between chunks", "no size", "no end of a chunk", "bare line feeds", "a size beyond all"])
def test_an_answer_that_ends_early_ends_early_for_the_client(server, behind, answer, kept):
    behind.answer = saying(answer)
    with Connection(server.endpoint(), timeout=10) as connection:
        connection.send_head("GET", BLOB, [basic("reader", password("reader"))])
        head = connection.read_head()
        rest = connection.read_to_end()
    assert head.status == 200
    if head.header("Content-Length"):
        assert len(rest) == kept < int(head.header("Content-Length"))
    else:
        assert head.header("Transfer-Encoding") == "chunked"
        assert not rest.endswith(b"0\r\n\r\n"), "a client must not take it for the whole"
        assert rest.count(b"early") == (1 if kept else 0)


def test_a_registry_that_says_nothing_is_given_up(server, behind, reader):
    def silent(peer):
        peer.request()
        peer.skip(1)
    behind.answer = silent
    response = reader.get(BLOB)
    assert (response.status, response.error) == (504, "UNAVAILABLE")


def test_what_follows_an_answer_is_no_answer(behind, reader):
    behind.answer = saying(GOOD + SMUGGLED)
    assert [reader.get(BLOB).body for _ in range(3)] == [b"good"] * 3


def test_an_answer_to_head_has_no_body_whatever_it_sends(behind, reader):
    behind.answer = saying(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(SMUGGLED) + SMUGGLED)
    response = reader.head(BLOB)
    assert (response.status, response.header("Content-Length")) == (200, str(len(SMUGGLED)))
    behind.answer = saying(LAST)
    assert reader.get(BLOB).body == b"good"


@pytest.mark.parametrize("status, length", [(204, 0), (304, len(SMUGGLED))])
def test_an_answer_without_body_has_none(behind, reader, status, length):
    behind.answer = saying(b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n" % (status, length) + SMUGGLED)
    assert reader.get(BLOB).status == status
    behind.answer = saying(LAST)
    assert reader.get(BLOB).body == b"good"


def test_a_body_up_to_the_end_of_the_connection_comes_whole(behind, reader, server):
    behind.answer = saying(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 300_000)
    response = reader.get(BLOB)
    assert response.header("Transfer-Encoding") == "chunked" and response.body == b"x" * 300_000
    with Connection(server.endpoint()) as old:
        name, value = basic("reader", password("reader"))
        old.send(f"GET {BLOB} HTTP/1.0\r\n{name}: {value}\r\n\r\n".encode())
        head = old.read_head()
        assert (head.header("Transfer-Encoding"), head.header("Connection")) == (None, "close")
        assert old.read_to_end() == b"x" * 300_000


def test_trailers_and_chunk_extensions_end_here(behind, reader):
    behind.answer = saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Evil\r\n\r\n"
                           b"4;ext=1\r\ngood\r\n0\r\nX-Evil: 1\r\nContent-Length: 5\r\n\r\n")
    response = reader.get(BLOB)
    assert response.body == b"good" and response.header("Trailer") is None


def test_interim_answers_are_passed_over(behind, reader):
    behind.answer = saying(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + GOOD)
    assert reader.get(BLOB).body == b"good"


@pytest.mark.parametrize("body, kind", [(b"<html>nginx</html>", "text/html"), (b"", None)])
@pytest.mark.parametrize("status, code", [(400, "UNSUPPORTED"), (403, "DENIED"), (404, "BLOB_UNKNOWN"),
                                          (429, "TOOMANYREQUESTS"), (500, "UNAVAILABLE"), (503, "UNAVAILABLE")])
def test_an_error_that_is_not_written_for_registries_is_put_into_words(behind, reader, status, code, body, kind):
    behind.answer = answering(lambda request: reply(
        status, body, ("Retry-After", "7"), *([("Content-Type", kind)] if kind else [])))
    response = reader.get(BLOB)
    assert (response.status, response.error) == (status, code)
    assert response.header("Retry-After") == "7" and b"html" not in response.body


def test_nothing_of_the_registry_behind_shows_that_is_not_for_clients(behind, reader):
    behind.answer = answering(lambda request: reply(
        200, b"good", ("Set-Cookie", "session=1"), ("Server", "secret/1.0"), ("X-Internal", "10.0.0.7"),
        ("Connection", "X-Hop"), ("X-Hop", "1"), ("Strict-Transport-Security", "max-age=1"),
        ("Docker-Distribution-Api-Version", "registry/1.0"), ("ETag", '"x"'), ("OCI-Subject", "sha256:x")))
    response = reader.get(BLOB)
    shown = {name.lower() for name, _ in response.headers}
    assert not shown & {"set-cookie", "server", "x-internal", "x-hop", "strict-transport-security"}
    assert (response.header("ETag"), response.header("OCI-Subject")) == ('"x"', "sha256:x")


@pytest.mark.parametrize("place", [None, "/v2/team/app/blobs/uploads/1?_state=b"])
def test_a_refused_chunk_tells_where_to_go_on(behind, pusher, place):
    headers = [("Range", "0-99"), ("Docker-Upload-UUID", "1")]
    behind.answer = by_path({
        "POST .*": reply(202, b"", ("Location", "/v2/team/app/blobs/uploads/1?_state=a")),
        "PATCH .*": reply(416, b"", *headers, *([("Location", place)] if place else [])),
        r"GET /v2/team/app/blobs/uploads/1\?_state=[ab]": reply(204, b"", *headers)})
    upload = pusher.start_upload("team/app")
    refused = pusher.append(upload, b"x" * 10, 500)
    assert (refused.status, refused.error, refused.header("Range")) == (416, "RANGE_INVALID", "0-99")
    assert pusher.upload_offset(location(refused)) == 100
    expected = place or "/v2/team/app/blobs/uploads/1?_state=a"
    assert behind.upstream.requests[-1].target == expected


# ---- redirects

def test_a_redirect_to_another_host_is_the_clients_to_follow(behind, reader):
    elsewhere = "https://storage.example.com/blob?signature=1"
    behind.answer = answering(lambda request: reply(307, b"", ("Location", elsewhere)))
    response = reader.get(BLOB)
    assert (response.status, response.header("Location")) == (307, elsewhere)
    assert len(behind.upstream.requests) == 1


def test_a_redirect_within_the_registry_behind_is_followed_here(behind, reader):
    behind.answer = by_path({f"GET {BLOB}": reply(302, b"", ("Location", "/files/1?key=a")),
                             r"GET /files/1\?key=a": reply(301, b"", ("Location", "2")),
                             "GET /files/2": GOOD})
    assert reader.get(BLOB).body == b"good"
    assert {request.header("Authorization") for request in behind.upstream.requests} \
        == {basic(CREDENTIALS["username"], CREDENTIALS["password"])[1]}


@pytest.mark.parametrize("place", [BLOB, "", "ftp://example.com/x", "http://user@example.com/x", "/a b",
                                   "javascript:alert(1)", None])
def test_a_redirect_to_nowhere_is_an_error(behind, reader, place):
    headers = [] if place is None else [("Location", place)]
    behind.answer = answering(lambda request: reply(307, b"", *headers))
    response = reader.get(BLOB)
    assert (response.status, response.header("Location")) == (502, None)
    assert len(behind.upstream.requests) <= 6


def test_a_redirected_write_is_an_error(behind, pusher):
    behind.answer = answering(lambda request: reply(307, b"", ("Location", "https://evil.example.com/")))
    response = pusher.request("POST", "/v2/team/app/blobs/uploads/", body=b"")
    assert (response.status, response.header("Location")) == (502, None)


def test_an_upload_at_another_host_is_an_error(behind, pusher):
    behind.answer = answering(lambda request: reply(202, b"", ("Location", "https://evil.example.com/v2/x")))
    response = pusher.request("POST", "/v2/team/app/blobs/uploads/", body=b"")
    assert (response.status, response.header("Location")) == (502, None)


def test_lists_do_not_lead_to_another_host(behind, reader):
    def page(request):
        if "last=b" in request.target:
            return reply(200, b'{"repositories":["c"]}', ("Content-Type", "application/json"))
        return reply(200, b'{"repositories":["a","b"]}', ("Content-Type", "application/json"),
                     ("Link", '<https://evil.example.com/v2/_catalog?last=b>; rel="next"'))
    behind.answer = answering(page)
    assert reader.catalog().json() == {"repositories": ["a", "b", "c"]}
    assert [request.target for request in behind.upstream.requests] \
        == ["/v2/_catalog?n=1000", "/v2/_catalog?last=b"]


def test_a_catalog_without_end_has_an_end(behind, reader):
    behind.answer = answering(lambda request: reply(
        200, b'{"repositories":null}', ("Link", '</v2/_catalog?last=x>; rel="next"')))
    response = reader.catalog()
    assert (response.status, response.error) == (502, "UNAVAILABLE")
    assert len(behind.upstream.requests) == 100


def test_a_catalog_of_large_pages_ends_sooner(behind, reader):
    page = b'{"repositories":["%s"]}' % (b"x" * (2 << 20))
    behind.answer = answering(lambda request: reply(200, page, ("Link", '</v2/_catalog?last=x>; rel="next"')))
    response = reader.catalog()
    assert (response.status, response.error) == (502, "UNAVAILABLE")
    assert len(behind.upstream.requests) == 8


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"repositories":{}}', b'{"repositories":[1]}', b"[" * 10_000])
def test_a_catalog_that_is_none_is_an_error(behind, reader, body):
    behind.answer = answering(lambda request: reply(200, body))
    assert reader.catalog().status == 502


# ---- hostile clients

def plain(server):
    return Connection(server.endpoint(unix=True), timeout=20)


FRAMINGS = {
    "length and chunked": [b"Content-Length: 4", b"Transfer-Encoding: chunked"],
    "two lengths": [b"Content-Length: 4", b"Content-Length: 40"],
    "the same length twice": [b"Content-Length: 4", b"Content-Length: 4"],
    "a list of lengths": [b"Content-Length: 4, 4"],
    "a signed length": [b"Content-Length: +4"],
    "unknown encoding": [b"Transfer-Encoding: xchunked"],
    "chunked, identity": [b"Transfer-Encoding: chunked, identity"],
    "chunked twice": [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
    "chunked after a vertical tab": [b"Transfer-Encoding: \x0bchunked"],
    "a blank before the colon": [b"Transfer-Encoding : chunked"],
    "a folded encoding": [b"Transfer-Encoding:", b" chunked"],
    "a folded header": [b"X: a", b" Transfer-Encoding: chunked", b"Content-Length: 4"],
}


def attack(*lines):
    name, value = basic("pusher", password("pusher"))
    first = b"POST /v2/team/app/blobs/uploads/ HTTP/1.1"
    return b"\r\n".join([first, b"Host: localhost", f"{name}: {value}".encode(), *lines, b"", b""])


@pytest.mark.parametrize("name", FRAMINGS)
def test_a_request_that_two_could_read_in_two_ways_never_reaches_the_registry_behind(server, behind, name):
    with plain(server) as connection:
        connection.send(attack(*FRAMINGS[name]) + b"0\r\n\r\nGET /v2/smuggled/manifests/v1 HTTP/1.1\r\n\r\n")
        assert connection.read_response().status in (400, 501)
        assert connection.read_to_end() == b""
    assert behind.upstream.requests == []


@pytest.mark.parametrize("body", [b"zz\r\n", b"4\ngood\n0\n\n", b"-4\r\ngood", b"4\r\ngood!!\r\n0\r\n\r\n",
                                  b"4;a\nb\r\ngood\r\n0\r\n\r\n", b"0x4\r\ngood\r\n0\r\n\r\n"], ids=range(6))
def test_broken_chunks_end_both_connections(server, behind, body):
    whole = []

    def serve(peer):
        request = peer.request(body=False)
        if request and request.method == "GET":
            peer.send(GOOD)
            return
        whole.append(peer.body(request))
        peer.send(reply(202, b"", ("Location", "/v2/x/blobs/uploads/1")))
    behind.answer = serve
    with plain(server) as connection:
        connection.send(attack(b"Transfer-Encoding: chunked") + body + b"GET /v2/smuggled/manifests/v1 HTTP/1.1\r\n\r\n")
        assert connection.read_response().status == 400
        assert connection.read_to_end() == b""
    assert all(request.method != "GET" for request in behind.upstream.requests)
    assert whole == []


def test_pipelined_requests_stay_apart(server, behind):
    behind.answer = answering(lambda request: reply(200, request.target.encode() + request.body))
    name, value = basic("reader", password("reader"))
    lines = f"Host: localhost\r\n{name}: {value}\r\n\r\n"
    with plain(server) as connection:
        connection.send("".join(f"GET /v2/team/app/manifests/v{n} HTTP/1.1\r\n{lines}" for n in range(20)).encode())
        for number in range(20):
            assert connection.read_response().body == f"/v2/team/app/manifests/v{number}".encode()


@pytest.mark.parametrize("target", [
    "/v2/team/app/../../secret/manifests/v1", "/v2/team%2F..%2Fsecret/manifests/v1", "/v2//team/app/manifests/v1",
    "/v2/team/app/manifests/v1%00", "/v2/team/app/manifests/v1%0d%0aX:%20y", "/v2/team/app/manifests/..",
    "/v2/team/app/blobs/uploads/../../../secret", "/v2/team/app/manifests/v1%3Fmount=x", "/v2/%2e%2e/manifests/v1",
])
def test_a_path_that_is_no_repositorys_never_reaches_the_registry_behind(behind, reader, target):
    assert reader.get(target).status in (400, 404, 405)
    assert behind.upstream.requests == []


def test_a_query_is_spelt_anew(behind, reader):
    behind.answer = answering(lambda request: reply(404))
    reader.get("/v2/team/app/tags/list?n=5&last=a%26mount%3Dx%0d%0aX&%6es=evil.example.com&;from=x")
    assert [request.target for request in behind.upstream.requests] \
        == ["/v2/team/app/tags/list?n=5&last=a%26mount%3Dx%0D%0AX&%3Bfrom=x"]


def test_the_registry_behind_sees_our_credentials_and_nothing_about_the_client(behind, server, reader):
    reader.get(BLOB, [("X-Forwarded-For", "10.0.0.1"), ("Forwarded", "for=10.0.0.1"), ("X-Forwarded-User", "root"),
                      ("X-Remote-User", "root"), ("Cookie", "a=b"), ("Proxy-Authorization", "Basic x"),
                      ("Connection", "Range"), ("Range", "bytes=0-1"), ("TE", "trailers"), ("Upgrade", "h2c"),
                      ("Accept-Encoding", "gzip"), ("X-Registry-Auth", "x"), ("Accept", "a/b"), ("User-Agent", "me")])
    [request] = behind.upstream.requests
    assert request.header("Authorization") == basic(CREDENTIALS["username"], CREDENTIALS["password"])[1]
    assert request.header("Host") == behind.upstream.address
    assert (request.header("Accept"), request.header("User-Agent")) == ("a/b", "me")
    assert request.header("Accept-Encoding") == "identity"
    assert {name.lower() for name, _ in request.headers} \
        <= {"authorization", "host", "accept", "user-agent", "accept-encoding", "connection"}
    assert CREDENTIALS["password"] not in server.log.text


def test_two_authorizations_are_refused(server, behind):
    with Connection(server.endpoint()) as connection:
        twice = [basic("reader", password("reader")), basic("owner", password("owner"))]
        assert connection.request("GET", BLOB, twice).status == 400
    assert behind.upstream.requests == []
