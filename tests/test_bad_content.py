"""Well-formed requests that ask for nonsense or mischief: the right error, and nothing is stored."""

import gzip
import json

import pytest

from support.http import Connection
from support.images import OCI_INDEX, OCI_MANIFEST, Content, digest_of, image


@pytest.fixture(scope="module")
def base(server):
    """An image whose blobs are all there, to be varied."""
    base = image(b"base")
    with server.client("pusher") as pusher:
        pusher.push_image("bad/content", "good", base)
    return json.loads(base.manifest.data)


@pytest.fixture(autouse=True)
def nothing_is_stored(server, base):
    before = server.site.files()
    yield
    assert server.site.files() == before


def put(client, text, media_type=OCI_MANIFEST, repository="bad/content"):
    data = text if isinstance(text, bytes) else text.encode()
    return client.put_manifest(repository, "v1", Content(media_type, data))


def nested(depth):
    return '{"schemaVersion":2,"mediaType":"%s","x":%s%s}' % (OCI_MANIFEST, "[" * depth, "]" * depth)


BAD_JSON = {
    "empty": b"",
    "not JSON": b"hello",
    "unfinished": b'{"schemaVersion": 2',
    "two documents": b"{}{}",
    "trailing text": b'{"schemaVersion": 2} x',
    "array": b"[]",
    "string": b'"manifest"',
    "null": b"null",
    "deep": nested(1_000),
    "very deep": nested(1_000_000),
    "deep objects": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "NUL": b'{"schemaVersion": 2}\0',
    "invalid UTF-8": b'{"schemaVersion": 2, "x": "\xff\xfe"}',
    "lone surrogate": b'{"schemaVersion": 2, "x": "\\ud800"}',
    "byte order mark": b'\xef\xbb\xbf{"schemaVersion": 2}',
    "comment": b'{"schemaVersion": 2 /* two */}',
    "trailing comma": b'{"schemaVersion": 2,}',
    "single quotes": b"{'schemaVersion': 2}",
    "NaN": b'{"schemaVersion": NaN}',
    "nothing in it": b"{}",
}


@pytest.mark.parametrize("kind", BAD_JSON)
def test_a_manifest_that_is_no_good_json_is_refused(pusher, kind):
    response = put(pusher, BAD_JSON[kind])
    assert (response.status, response.error) == (400, "MANIFEST_INVALID")


def with_config(**members):
    return lambda base: {**base, "config": {**base["config"], **members}}


def without(*path):
    def remove(base):
        copy = json.loads(json.dumps(base))
        inner = copy
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
        return copy
    return remove


BAD_MEMBERS = {
    "schema version 1": lambda base: {**base, "schemaVersion": 1},
    "schema version 3": lambda base: {**base, "schemaVersion": 3},
    "schema version in words": lambda base: {**base, "schemaVersion": "2"},
    "config that is a list": lambda base: {**base, "config": []},
    "no config": without("config"),
    "layers that are an object": lambda base: {**base, "layers": {}},
    "layer that is a string": lambda base: {**base, "layers": ["sha256:abc"]},
    "config without digest": without("config", "digest"),
    "config without size": without("config", "size"),
    "bad digest": with_config(digest="sha256:abc"),
    "digest with a path": with_config(digest="sha256:../../../etc/passwd"),
    "digest that is a number": with_config(digest=7),
    "negative size": with_config(size=-1),
    "size in words": with_config(size="2"),
    "size with a fraction": with_config(size=2.5),
    "size beyond 64 bits": with_config(size=1 << 70),
    "media type that is a number": lambda base: {**base, "mediaType": 7},
    "another media type": lambda base: {**base, "mediaType": OCI_INDEX},
    "annotations that are a list": lambda base: {**base, "annotations": []},
    "annotation that is a number": lambda base: {**base, "annotations": {"a": 1}},
    "subject that is a string": lambda base: {**base, "subject": "sha256:abc"},
    "subject with a bad digest": lambda base: {**base, "subject": {**base["config"], "digest": "sha256:x"}},
    "artifact type that is a number": lambda base: {**base, "artifactType": 1},
}


@pytest.mark.parametrize("kind", BAD_MEMBERS)
def test_a_manifest_with_a_wrong_member_is_refused(pusher, base, kind):
    response = put(pusher, json.dumps(BAD_MEMBERS[kind](base)))
    assert response.status == 400
    assert response.error in ("MANIFEST_INVALID", "DIGEST_INVALID")


@pytest.mark.parametrize("duplicate", [
    '"schemaVersion": 2, ', '"mediaType": "application/vnd.oci.image.index.v1+json", ', '"layers": [], ',
    '"unknown": 1, "unknown": 2, '])
def test_a_manifest_with_the_same_member_twice_is_refused(pusher, base, duplicate):
    """Two readers could see two different images in it."""
    response = put(pusher, "{" + duplicate + json.dumps(base)[1:])
    assert (response.status, response.error) == (400, "MANIFEST_INVALID")


@pytest.mark.parametrize("size", [(4 << 20) + 1, 64 << 20])
def test_a_manifest_over_four_mebibytes_is_too_large(pusher, size):
    response = put(pusher, b'{"schemaVersion": 2}' + b" " * (size - 20))
    assert response.status == 413
    assert response.error in ("SIZE_INVALID", "MANIFEST_INVALID")


def test_a_manifest_of_unknown_length_over_four_mebibytes_is_too_large(pusher):
    response = pusher.request("PUT", "/v2/bad/content/manifests/v1", [("Content-Type", OCI_MANIFEST)],
                              (b" " * (1 << 20) for _ in range(6)))
    assert response.status == 413


def test_a_manifest_in_a_compressed_request_is_not_misread(pusher, base):

    data = gzip.compress(json.dumps(base).encode())
    response = pusher.put_manifest("bad/content", "v1", Content(OCI_MANIFEST, data), [("Content-Encoding", "gzip")])
    assert response.status in (400, 415)


PATHS = [
    "/v2/../v2/_catalog", "/v2/./_catalog", "/v2//_catalog", "//v2/_catalog", "/v2/bad/../content/tags/list",
    "/v2/%2e%2e/manifests/v1", "/v2/%2E%2E/%2e%2e/etc/passwd", "/v2/..%2f..%2fetc/manifests/passwd",
    "/v2/bad%2fcontent/manifests/good", "/v2/bad/content/manifests/%67ood%00", "/v2/bad/content/manifests/..",
    "/v2/bad/content/manifests/%2e%2e", "/v2/bad/content/manifests/../../../../etc/passwd",
    "/v2/bad/content/blobs/../../../../etc/passwd", "/v2/bad/content/blobs/sha256:%2e%2e%2fetc",
    "/v2/bad/content/blobs/uploads/../../../../etc/passwd", "/v2/bad/content/blobs/uploads/%2e%2e%2f%2e%2e",
    "/v2/bad/content/manifests/a%", "/v2/bad/content/manifests/a%zz", "/v2/bad/content/manifests/%c0%ae%c0%ae",
    "/v2/bad;x=1/content/manifests/good", "/v2/bad/content/manifests/good;x", "/v2/bad/content//manifests/good",
    "/v2/bad/content/manifests//good", "/v2/.moorgate/manifests/v1", "/v2/_uploads/manifests/v1",
]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "POST"])
@pytest.mark.parametrize("path", PATHS)
def test_a_path_with_a_trick_in_it_leads_nowhere(owner, path, method):
    with Connection(owner.endpoint) as connection:
        response = connection.request(method, path, [*owner.authorization, ("Content-Type", OCI_MANIFEST)],
                                      None if method == "GET" else b"{}")
    assert response.status in (400, 404, 405), response
    assert response.json()["errors"]
    assert b"root:" not in response.body


@pytest.mark.parametrize("query", ["digest=sha256:abc", "digest=", "digest", "digest=a&digest=b", "digest=%zz",
                                   "digest=sha256%3A" + "0" * 63, "mount=sha256:abc", "mount=&from="])
def test_a_bad_query_starts_no_upload(pusher, query):
    response = pusher.request("POST", f"/v2/bad/content/blobs/uploads/?{query}", body=b"x")
    assert response.status == 400
    assert response.error in ("DIGEST_INVALID", "UNSUPPORTED")


def test_a_digest_mismatch_stores_nothing(pusher):
    wrong = digest_of(b"something else")
    assert pusher.finish_upload(pusher.start_upload("bad/content"), wrong, b"data").error == "DIGEST_INVALID"
    assert pusher.blob("bad/content", wrong).status == 404


def test_what_is_good_still_works(reader, base):
    assert reader.manifest("bad/content", "good").status == 200
