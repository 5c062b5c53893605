"""Mounting a blob from one repository into another instead of sending it again (end-11)."""

import pytest

from support.images import digest_of, noise
from support.registry import blob_path, location


@pytest.fixture
def data(repository):
    return noise(5000, repository)


@pytest.fixture
def digest(pusher, repository, data, algorithm):
    """A blob in the repository that tests mount from."""
    return pusher.push_blob(repository, data, algorithm)


def mount(client, repository, digest, **query):
    return client.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"", mount=digest, **query)


def test_a_blob_is_mounted_from_a_named_repository(pusher, reader, repository, data, digest):
    response = mount(pusher, f"{repository}/target", digest, **{"from": repository})
    assert response.status == 201
    assert location(response) == blob_path(f"{repository}/target", digest)
    assert response.header("Docker-Content-Digest") == digest
    assert reader.get(location(response)).body == data


def test_a_blob_is_mounted_from_wherever_the_caller_may_read_it(pusher, reader, repository, data, digest):
    response = mount(pusher, f"{repository}/target", digest)
    assert response.status == 201
    assert reader.get(location(response)).body == data


@pytest.mark.parametrize("source", ["named", "none", "missing", "invalid"])
def test_a_mount_of_what_is_not_there_becomes_an_upload(pusher, repository, digest, algorithm, source):
    data = noise(100, f"absent {repository}")
    absent = digest_of(data, algorithm)
    query = {"named": {"from": repository}, "none": {}, "missing": {"from": "no/such/repository"},
             "invalid": {"from": "NOT/A/NAME"}}[source]
    response = mount(pusher, f"{repository}/target", absent, **query)
    assert response.status == 202
    assert pusher.finish_upload(location(response), absent, data).status == 201


def test_a_mount_without_the_right_to_push_is_denied(reader, repository, digest):
    response = mount(reader, f"{repository}/target", digest, **{"from": repository})
    assert (response.status, response.error) == (403, "DENIED")
    assert reader.blob(f"{repository}/target", digest).status == 404


def test_a_mount_with_a_bad_digest_is_digest_invalid(pusher, repository):
    response = mount(pusher, f"{repository}/target", "sha256:abc")
    assert (response.status, response.error) == (400, "DIGEST_INVALID")


def test_a_mounted_blob_outlives_its_source(owner, repository, data, digest):
    assert mount(owner, f"{repository}/target", digest, **{"from": repository}).status == 201
    assert owner.delete(blob_path(repository, digest)).status == 202
    assert owner.blob(repository, digest).status == 404
    assert owner.blob(f"{repository}/target", digest).body == data
