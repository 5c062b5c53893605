"""Every way to bring a blob into the registry (distribution spec, end-4 to end-6, end-13, end-14)."""

import re
import socket

import pytest

from support.images import digest_of, noise
from support.registry import OCTETS, blob_path, location

DATA = noise(3067, "upload")


@pytest.fixture
def digest(algorithm):
    return digest_of(DATA, algorithm)


# ---- ways to push: each takes (client, repository, data, digest) and returns the last answer

def post(client, repository, data, digest):
    return client.request("POST", f"/v2/{repository}/blobs/uploads/", [OCTETS], data, digest=digest)


def post_put(client, repository, data, digest):
    return client.finish_upload(client.start_upload(repository), digest, data)


def announced(client, repository, data, digest):
    upload = client.start_upload(repository, **{"digest-algorithm": digest.split(":")[0]})
    return client.finish_upload(upload, digest, data)


def chunked(client, repository, data, digest, *, chunks, last_in_put=False):
    upload, size, at = client.start_upload(repository), -(-len(data) // chunks) or 1, 0
    while at < len(data):
        chunk = data[at:at + size]
        if last_in_put and at + size >= len(data):
            return client.finish_upload(upload, digest, chunk,
                                        [("Content-Range", f"{at}-{at + len(chunk) - 1}")])
        response = client.append(upload, chunk, at)
        at += len(chunk)
        assert response.status == 202, response
        assert response.header("Range") == f"0-{at - 1}"
        upload = location(response)
    return client.finish_upload(upload, digest)


def one_chunk(*upload):
    return chunked(*upload, chunks=1)


def three_chunks(*upload):
    return chunked(*upload, chunks=3)


def one_chunk_in_put(*upload):
    return chunked(*upload, chunks=1, last_in_put=True)


def three_chunks_last_in_put(*upload):
    return chunked(*upload, chunks=3, last_in_put=True)


def stream_with_length(client, repository, data, digest):
    response = client.append(client.start_upload(repository), data)
    assert response.status == 202, response
    return client.finish_upload(location(response), digest)


def stream_without_length(client, repository, data, digest):
    pieces = (data[at:at + 1000] for at in range(0, len(data), 1000))
    response = client.request("PATCH", client.start_upload(repository), [OCTETS], pieces)
    assert response.status == 202, response
    return client.finish_upload(location(response), digest)


def put_without_length(client, repository, data, digest):
    pieces = (data[at:at + 1000] for at in range(0, len(data), 1000))
    return client.request("PUT", client.start_upload(repository), [OCTETS], pieces, digest=digest)


WAYS = [post, post_put, announced, one_chunk, three_chunks, one_chunk_in_put, three_chunks_last_in_put,
        stream_with_length, stream_without_length, put_without_length]
every_way = pytest.mark.parametrize("push", WAYS, ids=lambda way: way.__name__)


@every_way
@pytest.mark.parametrize("data", [DATA, b"", b"{}"], ids=["some", "empty", "braces"])
def test_a_pushed_blob_is_at_the_location_of_the_answer(pusher, reader, repository, push, data, algorithm):
    digest = digest_of(data, algorithm)
    response = push(pusher, repository, data, digest)
    assert response.status == 201, response
    assert response.header("Docker-Content-Digest") == digest
    assert location(response) == blob_path(repository, digest)
    assert reader.get(location(response)).body == data


@every_way
@pytest.mark.parametrize("size", [len(DATA), 1 << 20])
def test_bytes_that_do_not_have_the_digest_are_not_taken(pusher, reader, repository, push, size, algorithm):
    data = noise(size, "mismatch")
    digest = digest_of(data, algorithm)
    response = push(pusher, repository, data[:-1] + b"!", digest)
    assert (response.status, response.error) == (400, "DIGEST_INVALID")
    assert reader.blob(repository, digest).status == 404


def test_a_large_blob_is_taken_in_one_stream(pusher, reader, repository, algorithm):
    piece = noise(1 << 20, "large")
    digest = digest_of(piece * 24, algorithm)
    response = pusher.request("PATCH", pusher.start_upload(repository), [OCTETS], (piece for _ in range(24)))
    assert pusher.finish_upload(location(response), digest).status == 201
    assert reader.blob(repository, digest).body == piece * 24


def test_a_blob_pushed_twice_is_taken_twice(pusher, repository, digest):
    assert [post_put(pusher, repository, DATA, digest).status for _ in range(2)] == [201, 201]


def test_an_expected_100_continue_is_sent(pusher, repository, digest):
    upload = pusher.start_upload(repository)
    with pusher.connect() as connection:
        connection.send_head("PUT", f"{upload}?digest={digest}", [
            *pusher.authorization, OCTETS, ("Content-Length", len(DATA)), ("Expect", "100-continue")])
        assert connection.read_head().status == 100
        connection.send(DATA)
        assert connection.read_response("PUT").status == 201


# ---- starting

def test_a_new_session_tells_all_a_client_may_want_to_know(pusher, repository):
    response = pusher.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"")
    assert response.status == 202
    identifier = response.header("Docker-Upload-UUID")
    assert re.fullmatch(rf"/v2/{repository}/blobs/uploads/{identifier}(\?.*)?", location(response))
    assert response.header("Range") == "0-0"
    assert int(response.header("OCI-Chunk-Min-Length")) <= 5 << 20
    assert response.header("Content-Length") == "0"


def test_the_trailing_slash_may_be_missing(pusher, repository):
    assert pusher.request("POST", f"/v2/{repository}/blobs/uploads", body=b"").status == 202


def test_an_unknown_digest_algorithm_is_refused_at_the_start(pusher, repository):
    response = pusher.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"",
                              **{"digest-algorithm": "md5"})
    assert (response.status, response.error) == (400, "DIGEST_INVALID")


# ---- order

def assert_alive_at(client, upload, offset):
    """The session is there, at this offset."""
    response = client.get(upload)
    assert response.status == 204, response
    assert response.header("Range") == f"0-{max(offset - 1, 0)}"
    assert location(response)


@pytest.mark.parametrize("start", [0, 500, 1001, 5000])
def test_a_chunk_out_of_order_is_416_and_leaves_the_session_alive(pusher, reader, repository, digest, start):
    upload = location(pusher.append(pusher.start_upload(repository), DATA[:1000], 0))
    refused = pusher.append(upload, noise(700, "wrong"), start)
    assert refused.status == 416
    assert_alive_at(pusher, upload, 1000)
    upload = location(pusher.append(upload, DATA[1000:], 1000))
    assert pusher.finish_upload(upload, digest).status == 201
    assert reader.blob(repository, digest).body == DATA


def test_a_last_chunk_out_of_order_is_416_and_leaves_the_session_alive(pusher, repository, digest):
    upload = location(pusher.append(pusher.start_upload(repository), DATA[:1000], 0))
    refused = pusher.finish_upload(upload, digest, DATA[1000:], [("Content-Range", "1500-3566")])
    assert refused.status == 416
    assert_alive_at(pusher, f"{upload}?digest={digest}", 1000)
    assert pusher.finish_upload(upload, digest, DATA[1000:], [("Content-Range", "1000-3066")]).status == 201


def test_a_first_chunk_that_does_not_start_at_zero_is_416(pusher, repository):
    upload = pusher.start_upload(repository)
    assert pusher.append(upload, DATA, 1).status == 416
    assert_alive_at(pusher, upload, 0)


@pytest.mark.parametrize("content_range", ["0-99", "1000-", "x-y", "-5", "9-0", "0-18446744073709551616"])
def test_a_content_range_that_does_not_fit_the_body_is_refused(pusher, repository, content_range):
    upload = pusher.start_upload(repository)
    response = pusher.request("PATCH", upload, [OCTETS, ("Content-Range", content_range)], DATA)
    assert response.status in (400, 416)
    assert_alive_at(pusher, upload, 0)


# ---- status, cancelling, sessions that are none

def test_the_status_follows_the_bytes(pusher, repository):
    upload = pusher.start_upload(repository)
    assert_alive_at(pusher, upload, 0)
    upload = location(pusher.append(upload, DATA[:1234], 0))
    assert_alive_at(pusher, upload, 1234)


def test_a_cancelled_session_is_gone(pusher, repository, digest):
    upload = location(pusher.append(pusher.start_upload(repository), DATA, 0))
    assert pusher.delete(upload).status == 204
    for response in (pusher.get(upload), pusher.append(upload, DATA), pusher.finish_upload(upload, digest),
                     pusher.delete(upload)):
        assert (response.status, response.error) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_finished_session_is_gone(pusher, repository, digest):
    upload = pusher.start_upload(repository)
    assert pusher.finish_upload(upload, digest, DATA).status == 201
    assert pusher.get(upload).error == "BLOB_UPLOAD_UNKNOWN"


@pytest.mark.parametrize("identifier", ["3fa85f64-5717-4562-b3fc-2c963f66afa6", "nonsense", "..", "%2e%2e"])
def test_an_unknown_session_is_blob_upload_unknown(pusher, repository, identifier):
    response = pusher.append(f"/v2/{repository}/blobs/uploads/{identifier}", DATA)
    assert response.status in (400, 404)
    assert response.error in ("BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID", "NAME_INVALID", "UNSUPPORTED",
                              "BAD_REQUEST")


def test_a_session_belongs_to_its_repository(pusher, repository):
    upload = pusher.start_upload(repository)
    elsewhere = upload.replace(repository, f"{repository}/other")
    assert pusher.append(elsewhere, DATA).error == "BLOB_UPLOAD_UNKNOWN"


def test_a_session_belongs_to_who_opened_it(pusher, owner, repository):
    upload = pusher.start_upload(repository)
    assert owner.append(upload, DATA).status in (403, 404)
    assert_alive_at(pusher, upload, 0)


@pytest.mark.parametrize("query", ["", "?digest=", "?digest=sha256:abc", "?digest=md5:" + "0" * 32])
def test_finishing_without_a_good_digest_is_digest_invalid(pusher, repository, query):
    upload = pusher.start_upload(repository)
    response = pusher.request("PUT", upload + query, [OCTETS], DATA)
    assert (response.status, response.error) == (400, "DIGEST_INVALID")


# ---- broken connections and servers

def begin_chunk(client, upload, *, of, start=None):
    """Sends the head of a chunk and waits until the server wants its body."""
    headers = [*client.authorization, OCTETS, ("Content-Length", of), ("Expect", "100-continue")]
    if start is not None:
        headers.append(("Content-Range", f"{start}-{start + of - 1}"))
    connection = client.connect()
    connection.send_head("PATCH", upload, headers)
    assert connection.read_head().status == 100
    return connection


@pytest.mark.parametrize("start", [1000, None], ids=["chunk", "stream"])
def test_an_upload_goes_on_after_a_broken_connection(pusher, reader, repository, digest, start):
    upload = location(pusher.append(pusher.start_upload(repository), DATA[:1000], 0))
    with begin_chunk(pusher, upload, of=len(DATA) - 1000, start=start) as connection:
        connection.send(DATA[1000:1500])
        connection.socket.shutdown(socket.SHUT_RDWR)
    assert pusher.resume_upload(upload, DATA) >= 1000
    assert pusher.finish_upload(upload, digest).status == 201
    assert reader.blob(repository, digest).body == DATA


def test_two_requests_cannot_write_to_one_session_at_once(pusher, reader, repository, digest):
    upload = pusher.start_upload(repository)
    with begin_chunk(pusher, upload, of=len(DATA)) as first:
        first.send(DATA[:1000])
        assert pusher.append(upload, b"intruder").status in (400, 404, 409, 416)
        first.send(DATA[1000:])
        assert first.read_response("PATCH").status == 202
    assert pusher.finish_upload(upload, digest).status == 201
    assert reader.blob(repository, digest).body == DATA


def test_an_upload_goes_on_after_the_server_was_killed(site, algorithm):
    digest = digest_of(DATA, algorithm)
    server = site.start()
    with server.client("pusher") as client:
        upload = location(client.append(client.start_upload("survivor"), DATA[:1000], 0))
        upload = location(client.append(upload, DATA[1000:2000], 1000))
    server.kill()
    with site.start() as server, server.client("pusher") as client:
        assert_alive_at(client, upload, 2000)
        response = client.append(upload, DATA[2000:], 2000)
        assert response.status == 202, response
        assert client.finish_upload(location(response), digest).status == 201
        assert client.blob("survivor", digest).body == DATA
