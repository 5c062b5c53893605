"""A full disk: a clear error, nothing half-stored, and service that goes on."""

import contextlib

import pytest

from support.command import run
from support.images import digest_of, image, noise
from support.registry import OCTETS, blob_path, location

SIZE = 16 << 20


@contextlib.contextmanager
def small_disk(folder):
    folder.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "moorgate-test", folder)
    try:
        yield folder
    finally:
        run("umount", folder)


@pytest.fixture
def server(site):
    """A server whose storage is on a disk of 16 MiB."""
    with small_disk(site.store), site.start() as running:
        yield running


def single_post(client, data, digest):
    return client.request("POST", "/v2/full/app/blobs/uploads/", [OCTETS], data, digest=digest)


def post_put(client, data, digest):
    return client.finish_upload(client.start_upload("full/app"), digest, data)


def stream(client, data, digest):
    pieces = (data[at:at + (1 << 20)] for at in range(0, len(data), 1 << 20))
    return client.request("PATCH", client.start_upload("full/app"), [OCTETS], pieces)


def chunks(client, data, digest):
    upload = client.start_upload("full/app")
    for at in range(0, len(data), 4 << 20):
        response = client.append(upload, data[at:at + (4 << 20)], at)
        if response.status != 202:
            return response
        upload = location(response)
    return client.finish_upload(upload, digest)


@pytest.mark.parametrize("push", [single_post, post_put, stream, chunks])
def test_a_blob_that_does_not_fit_is_refused_clearly_and_service_goes_on(server, pusher, reader, push):
    small = pusher.push_blob("full/app", noise(1 << 20, "small"))
    large = noise(SIZE + (1 << 20), "large")
    digest = digest_of(large)

    response = push(pusher, large, digest)

    assert (response.status, response.error) == (507, "UNAVAILABLE")
    assert "full" in response.message
    assert reader.head(blob_path("full/app", digest)).status == 404
    assert reader.head(blob_path("full/app", small)).status == 200
    pusher.push_image("full/app", "v1", image(noise(1 << 20, "afterwards")))
    assert reader.manifest("full/app", "v1").status == 200


def test_what_did_not_fit_does_not_stay_on_the_disk(server, pusher):
    large = noise(SIZE + (1 << 20), "large")
    for _ in range(5):
        assert post_put(pusher, large, digest_of(large)).status == 507
    # Were anything of the five left, this would not fit either.
    pusher.push_blob("full/app", noise(SIZE * 3 // 4, "nearly all"))


def test_a_full_disk_still_serves_and_takes_pushes_again_once_there_is_room(server, pusher, reader):
    pushed = image(b"before")
    pusher.push_image("full/app", "before", pushed)
    filler = server.site.store / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 4096):
            pass

    assert reader.manifest("full/app", "before").body == pushed.manifest.data
    another = image(noise(500_000, "another"))
    refused = post_put(pusher, another.blobs[1].data, another.blobs[1].digest)
    assert refused.status == 507
    refused = pusher.put_manifest("full/app", "too-late", image(b"before", annotations={"a": "b" * 8192}).manifest)
    assert refused.status == 507
    assert reader.manifest("full/app", "too-late").status == 404

    filler.unlink()
    pusher.push_image("full/app", "after", another)
    assert reader.manifest("full/app", "after").body == another.manifest.data
    assert reader.manifest("full/app", "before").body == pushed.manifest.data


def test_a_server_starts_on_what_a_full_disk_left(site):
    with small_disk(site.store):
        with site.start() as server, server.client("pusher") as pusher:
            pusher.push_image("full/app", "v1", image(b"kept"))
            large = noise(SIZE + (1 << 20), "large")
            assert stream(pusher, large, digest_of(large)).status == 507
        with site.start() as server, server.client("reader") as reader:
            assert reader.manifest("full/app", "v1").status == 200
