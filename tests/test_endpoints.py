"""The API around its resources: the version check, discovery, names, and what is no endpoint at all."""

import json

import pytest

from support.images import image
from support.registry import manifest_path


@pytest.mark.parametrize("path", ["/v2/", "/v2"])
def test_the_api_is_there(reader, path):
    response = reader.get(path)
    assert (response.status, response.json()) == (200, {})
    assert response.header("Docker-Distribution-Api-Version") == "registry/2.0"


def test_head_of_the_api_is_there_too(reader):
    assert reader.head("/v2/").status == 200


def test_the_root_answers_probes(anonymous):
    assert anonymous.get("/").status == 200


@pytest.mark.parametrize("scope", ["", "/team/app"])
def test_extensions_are_listed(reader, scope):
    response = reader.get(f"/v2{scope}/_oci/ext/discover")
    assert response.status == 200
    assert isinstance(response.json()["extensions"], list)


@pytest.mark.parametrize("name", [
    "a", "0", "a/b", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c/d/e/f", "blobs", "manifests/tags/referrers",
    "uploads", "a/blobs/uploads/b", "tags/list", "a" * 255])
def test_a_good_name_is_taken(pusher, reader, name):
    pushed = image(name.encode())
    pusher.push_image(name, "v1", pushed)
    assert reader.manifest(name, "v1").body == pushed.manifest.data
    assert reader.tags(name).json() == {"name": name, "tags": ["v1"]}


@pytest.mark.parametrize("name", [
    "A", "Team/app", "a//b", "/a", "-a", "a-", ".a", "a.", "_a", "a_", "a___b", "a..b", "a._b", "a%20b", "%C3%A4",
    "a/-b", "a/b-", "a:b", "a@b", "a" * 256, "%2e%2e", "a/../b", "a/./b", "a%2fb", "a%00b"])
def test_a_bad_name_is_name_invalid(pusher, name):
    response = pusher.get(f"/v2/{name}/manifests/v1")
    assert (response.status, response.error) in [(400, "NAME_INVALID"), (404, "NAME_INVALID")]


@pytest.mark.parametrize("tag", ["-a", ".a", "a" * 129, "a+b", "a%20b", "a*b", "a,b"])
def test_a_bad_tag_is_refused(pusher, reader, repository, tag):
    response = pusher.request("PUT", f"/v2/{repository}/manifests/{tag}",
                              [("Content-Type", image().manifest.media_type)], image().manifest.data)
    assert (response.status, response.error) in [(400, "TAG_INVALID"), (400, "MANIFEST_INVALID")]
    assert reader.get(f"/v2/{repository}/manifests/{tag}").status in (400, 404)


@pytest.mark.parametrize("method, path", [
    ("GET", "/v2/_unknown"), ("GET", "/v2/app/unknown/thing"), ("GET", "/v3/"), ("GET", "/etc/passwd"),
    ("GET", "/v2/app/manifests/"), ("GET", "/v2/app/blobs/"), ("GET", "/v2/manifests/v1")])
def test_what_is_no_endpoint_is_not_found(reader, method, path):
    response = reader.request(method, path)
    assert response.status in (400, 404)
    assert json.loads(response.body)["errors"]


@pytest.mark.parametrize("method, path", [
    ("POST", "/v2/"), ("PUT", "/v2/"), ("DELETE", "/v2/_catalog"), ("PATCH", "/v2/app/manifests/v1"),
    ("POST", "/v2/app/manifests/v1"), ("PUT", "/v2/app/blobs/sha256:" + "0" * 64), ("POST", "/v2/app/tags/list"),
    ("PUT", "/v2/app/referrers/sha256:" + "0" * 64), ("TRACE", "/v2/"), ("BREW", "/v2/")])
def test_a_method_that_an_endpoint_does_not_have_is_unsupported(owner, method, path):
    response = owner.request(method, path, body=b"")
    assert (response.status, response.error) == (405, "UNSUPPORTED")
    assert response.header("Allow")


def test_requests_share_one_connection(reader):
    with reader.connect() as connection:
        for _ in range(100):
            assert connection.request("GET", "/v2/", reader.authorization).status == 200


def test_pipelined_requests_are_answered_in_their_order(reader, pusher, repository):
    for tag in ("a", "b", "c"):
        pusher.push_image(repository, tag, image(tag.encode()))
    with reader.connect() as connection:
        for tag in ("a", "b", "c"):
            connection.send_head("GET", manifest_path(repository, tag), reader.authorization)
        answers = [connection.read_response() for _ in range(3)]
    assert [answer.body for answer in answers] == [image(tag).manifest.data for tag in (b"a", b"b", b"c")]
