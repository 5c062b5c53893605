"""Reading blobs: whole, in parts, or only whether they are there (distribution spec, end-2)."""

import pytest

from support.images import digest_of, noise
from support.registry import blob_path

DATA = noise(2048, "blob")


@pytest.fixture
def digest(pusher, repository, algorithm):
    return pusher.push_blob(repository, DATA, algorithm)


def test_a_blob_is_served_byte_for_byte(reader, repository, digest):
    response = reader.blob(repository, digest)
    assert (response.status, response.body) == (200, DATA)
    assert response.header("Docker-Content-Digest") == digest
    assert response.header("Content-Type") == "application/octet-stream"
    assert response.header("Accept-Ranges") == "bytes"


def test_head_says_what_get_would_say(reader, repository, digest):
    head = reader.head(blob_path(repository, digest))
    got = reader.blob(repository, digest)
    assert head.status == 200 and head.body == b""
    changing = {"date"}
    assert [header for header in head.headers if header[0].lower() not in changing] \
        == [header for header in got.headers if header[0].lower() not in changing]


@pytest.mark.parametrize("asked, first, last", [
    ("bytes=500-1499", 500, 1499),
    ("bytes=0-0", 0, 0),
    ("bytes=500-", 500, 2047),
    ("bytes=-500", 1548, 2047),
    ("bytes=-5000", 0, 2047),
    ("bytes=2000-5000", 2000, 2047),
    ("bytes=2047-2047", 2047, 2047),
    ("bytes=0-18446744073709551615", 0, 2047),
])
def test_a_range_is_answered_with_exactly_that_part(reader, repository, digest, asked, first, last):
    response = reader.blob(repository, digest, [("Range", asked)])
    assert (response.status, response.body) == (206, DATA[first:last + 1])
    assert response.header("Content-Range") == f"bytes {first}-{last}/2048"
    assert response.header("Docker-Content-Digest") == digest


@pytest.mark.parametrize("asked", ["bytes=500-0", "bytes=2048-", "bytes=5000-10000", "bytes=-0",
                                   "bytes=99999999999999999999999-"])
def test_a_range_outside_the_blob_is_416(reader, repository, digest, asked):
    response = reader.blob(repository, digest, [("Range", asked)])
    assert response.status == 416
    assert response.header("Content-Range") == "bytes */2048"


@pytest.mark.parametrize("asked", ["lines=1-2", "bytes=0-1,5-6", "bytes=", "bytes=a-b", "bytes", "bytes=-",
                                   "bytes=1-2-3"])
def test_a_range_that_is_none_is_passed_over(reader, repository, digest, asked):
    response = reader.blob(repository, digest, [("Range", asked)])
    assert (response.status, response.body) == (200, DATA)


def test_head_does_not_look_at_the_range(reader, repository, digest):
    response = reader.head(blob_path(repository, digest), [("Range", "bytes=0-9")])
    assert response.status == 200
    assert response.header("Content-Length") == "2048"


def test_if_range_with_another_entity_gets_the_whole_blob(reader, repository, digest):
    response = reader.blob(repository, digest, [("Range", "bytes=0-9"), ("If-Range", '"another"')])
    assert (response.status, response.body) == (200, DATA)


def test_a_blob_that_the_client_has_is_not_sent_again(reader, repository, digest):
    tag = reader.blob(repository, digest).header("ETag")
    assert tag == f'"{digest}"'
    response = reader.blob(repository, digest, [("If-None-Match", tag)])
    assert (response.status, response.body) == (304, b"")


def test_an_empty_blob_is_served(pusher, reader, repository, algorithm):
    digest = pusher.push_blob(repository, b"", algorithm)
    response = reader.blob(repository, digest)
    assert (response.status, response.body) == (200, b"")
    assert reader.blob(repository, digest, [("Range", "bytes=0-0")]).status in (200, 416)


def test_an_unknown_blob_is_blob_unknown(reader, repository, algorithm):
    response = reader.blob(repository, digest_of(b"never pushed", algorithm))
    assert (response.status, response.error) == (404, "BLOB_UNKNOWN")


def test_a_blob_of_another_repository_is_unknown_here(pusher, reader, repository, digest):
    response = reader.blob(f"{repository}/other", digest)
    assert (response.status, response.error) == (404, "BLOB_UNKNOWN")


@pytest.mark.parametrize("digest", [
    "sha256:abc", "sha256:" + "g" * 64, "sha256:" + "A" * 64, "sha256:" + "a" * 63, "sha256:" + "a" * 65,
    "sha512:" + "a" * 64, "md5:" + "a" * 32, "sha256", "sha256:", ":" + "a" * 64, "SHA256:" + "a" * 64])
def test_a_bad_digest_is_digest_invalid(reader, repository, digest):
    response = reader.blob(repository, digest)
    assert (response.status, response.error) == (400, "DIGEST_INVALID")
