"""The way back: what Moorgate stored Docker's registry serves from the same folder, and so forth and back."""

import threading

import pytest

from support.command import eventually, run
from support.distribution import blob_file, content, docker_registry, links, manifest_of, tree
from support.http import ConnectionClosed
from support.images import artifact, digest_of, image, index, noise
from support.registry import location

KEEP = {"keep_distribution_links": True}


@pytest.fixture
def keeping(site):
    """A site that keeps Distribution's links from the start."""
    site.config["storage"]["filesystem"].update(KEEP)
    return site


def mount(client, repository, digest, source):
    response = client.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"",
                              mount=digest, **{"from": source})
    assert response.status == 201, response


def fill(client):
    """Pushes, mounts, moved tags and deletions."""
    for number in range(3):
        client.push_image("team/app", f"v{number}", image(noise(2000, f"layer {number}"), b"shared"))
    client.push_manifest("team/app", "latest", image(noise(2000, "layer 0"), b"shared").manifest)
    client.push_manifest("team/app", "latest", image(noise(2000, "layer 2"), b"shared").manifest)
    client.push_image("team/app/nested", "v1", image(b"nested"))

    mounted = image(b"mounted layer")
    client.push_image("team/source", "v1", mounted)
    for blob in mounted.blobs:
        mount(client, "team/target", blob.digest, "team/source")
    client.push_manifest("team/target", "v1", mounted.manifest)

    children = [image(name.encode()) for name in ("amd64", "arm64")]
    for child in children:
        client.push_image("team/many", child.digest, child)
    client.push_manifest("team/many", "v1", index(*[child.manifest for child in children]))
    client.push_image("team/signed", "v1", signed := image(b"signed"))
    client.push_image("team/signed", "signature", artifact("application/vnd.test.signature", signed.manifest))
    client.push_image("team/long", "v1", image(b"sha512", algorithm="sha512"))

    client.push_image("team/app", "untagged", image(b"untagged"))
    assert client.delete("/v2/team/app/manifests/untagged").status == 202
    client.push_image("team/app", "deleted", gone := image(b"deleted"))
    assert client.delete(f"/v2/team/app/manifests/{gone.digest}").status == 202
    lonely = client.push_blob("team/app", b"a blob of its own")
    assert client.delete(f"/v2/team/app/blobs/{lonely}").status == 202


@pytest.fixture
def returned(keeping):
    """A site that Moorgate has filled and left; `seen` is what its clients saw."""
    with keeping.start() as server, server.client("owner") as client:
        fill(client)
        keeping.seen = content(client)
    return keeping


def test_docker_registry_serves_what_moorgate_stored(returned):
    with docker_registry(returned) as other:
        assert content(other) == returned.seen
        assert sorted(other.tags("team/app").json()["tags"]) == ["latest", "v0", "v1", "v2"]
        gone = image(b"deleted").digest
        assert other.manifest("team/app", gone).status == 404
        assert other.blob("team/app", digest_of(b"a blob of its own")).status == 404
        # Untagged, not deleted.
        manifest_of(other, "team/app", image(b"untagged").digest, {})


def test_a_garbage_collection_of_docker_registry_takes_only_what_nobody_needs(returned):
    with docker_registry(returned) as other:
        other.server.garbage_collect()
        assert content(other) == returned.seen
        assert not blob_file(returned, digest_of(b"a blob of its own")).exists()
        assert not blob_file(returned, image(b"deleted").digest).exists()
    with returned.start() as server, server.client("reader") as client:
        assert content(client) == returned.seen


def test_forth_and_back_and_forth_again(returned):
    with docker_registry(returned) as other:
        other.push_image("team/new", "v1", image(b"by docker-registry"))
        other.push_image("team/app", "v1", image(b"v1 by docker-registry"))
        other.push_manifest("team/app", "v0", image(noise(2000, "layer 2"), b"shared").manifest)
        assert other.delete(f"/v2/team/source/manifests/{image(b'mounted layer').digest}").status == 202
        seen = content(other)
    with returned.start() as server, server.client("owner") as client:
        [entry] = server.log.find("Distribution's links were compared with the metadata")
        assert entry["changed"] > 0
        # Docker's registry still lists the repository that it emptied.
        assert content(client) == seen
        assert client.manifest("team/source", "v1").status == 404
        client.push_image("team/new", "v2", image(b"by Moorgate again"))
        assert client.delete("/v2/team/new/manifests/v1").status == 202
        seen = content(client)
    with docker_registry(returned, "again") as other:
        assert content(other) == seen
        assert other.tags("team/new").json()["tags"] == ["v2"]


def test_whatever_was_acknowledged_is_there_after_a_kill(keeping):
    acknowledged = []

    def push(server, worker):
        with server.client("owner") as client:
            for number in range(10_000):
                try:
                    client.push_image(f"team/app-{worker}", f"v{number}", image(f"{worker} {number}".encode()))
                except (OSError, ConnectionClosed, AssertionError):
                    return
                acknowledged.append((f"team/app-{worker}", f"v{number}"))

    server = keeping.start()
    pushers = [threading.Thread(target=push, args=(server, worker)) for worker in range(4)]
    for pusher in pushers:
        pusher.start()
    eventually(lambda: len(acknowledged) > 40, "a few pushes")
    server.kill()
    for pusher in pushers:
        pusher.join()
    with docker_registry(keeping) as other:
        seen = content(other)
        assert set(acknowledged) <= set(seen)
    with keeping.start() as server, server.client("reader") as client:
        assert set(acknowledged) <= set(content(client))


def journal(site):
    return int(run("sqlite3", site.store / ".moorgate/metadata.db", "SELECT count(*) FROM link_journal").stdout)


@pytest.mark.parametrize("end", ["mended", "killed", "stopped"])
def test_links_that_could_not_be_written_are_made_up_for(keeping, end):
    """Metadata that are ahead of the links: a push fails until they are not, and a restart helps as well."""
    built = image(b"late")
    server = keeping.start()
    with server.client("owner") as client:
        client.push_image("team/early", "v1", image(b"early"))
        obstacle = links(keeping) / "team/late"
        obstacle.write_text("a file where a folder must go")
        blob = built.blobs[0]
        failed = client.finish_upload(client.start_upload("team/late"), blob.digest, blob.data)
        assert failed.status >= 500
        server.log.wait("Distribution's link files could not be written; pushes fail until they can")
        # Nothing of it is new to the metadata, but the links still lack it.
        again = client.finish_upload(client.start_upload("team/late"), blob.digest, blob.data)
        assert again.status >= 500
        if end == "mended":
            obstacle.unlink()
            client.push_image("team/late", "v1", built)
    server.kill() if end == "killed" else server.stop()
    if end != "mended":
        assert journal(keeping) > 0
        obstacle.unlink()
        with keeping.start() as server, server.client("owner") as client:
            client.push_manifest("team/early", "v2", image(b"early").manifest)
            for other in built.blobs[1:]:
                client.push_blob("team/late", other.data)
            client.push_manifest("team/late", "v1", built.manifest)
    assert journal(keeping) == 0
    with docker_registry(keeping) as other:
        assert ("team/late", "v1") in content(other)


def test_links_can_be_switched_on_later(site):
    with site.start() as server, server.client("owner") as client:
        fill(client)
        seen = content(client)
    assert not links(site).exists()
    site.config["storage"]["filesystem"].update(KEEP)
    with site.start() as server, server.client("owner") as client:
        [entry] = server.log.find("Distribution's links were written")
        assert entry["links"] > 20
        assert content(client) == seen
    # They stay on: the registry remembers.
    del site.config["storage"]["filesystem"]["keep_distribution_links"]
    with site.start() as server, server.client("owner") as client:
        client.push_image("team/more", "v1", image(b"more"))
        seen = content(client)
    with docker_registry(site) as other:
        assert content(other) == seen


def test_links_can_be_switched_off_and_on(returned):
    filesystem = returned.config["storage"]["filesystem"]
    filesystem["keep_distribution_links"] = False
    before = tree(returned)
    with returned.start() as server, server.client("owner") as client:
        client.push_image("team/later", "v1", image(b"later"))
        assert client.delete("/v2/team/app/manifests/v0").status == 202
        seen = content(client)
    unchanged = {path: state for path, state in tree(returned).items() if path.startswith("repositories/")}
    assert unchanged == {path: state for path, state in before.items() if path.startswith("repositories/")}
    filesystem["keep_distribution_links"] = True
    with returned.start() as server:
        # What was there is not lost, but no longer in the way.
        [entry] = server.log.find("the link files that were there were put aside: the metadata tell of later times")
        assert entry["now_in"]
    with docker_registry(returned) as other:
        assert content(other) == seen
        assert sorted(other.tags("team/app").json()["tags"]) == ["latest", "v1", "v2"]


def test_a_tag_that_docker_registry_moved_after_a_crash_stays_moved(keeping):
    """The journal of a killed Moorgate does not undo what another registry did since."""
    server = keeping.start()
    with server.client("owner") as client:
        client.push_image("team/app", "v1", image(b"by Moorgate"))
        obstacle = links(keeping) / "team/blocked"
        obstacle.write_text("")
        assert client.finish_upload(client.start_upload("team/blocked"), digest_of(b"x"), b"x").status >= 500
        moved = client.put_manifest("team/app", "v2", image(b"by Moorgate").manifest)
        assert moved.status >= 500
    server.kill()
    assert journal(keeping) > 0
    obstacle.unlink()
    with docker_registry(keeping) as other:
        other.push_image("team/app", "v2", image(b"by docker-registry"))
    with keeping.start() as server, server.client("reader") as client:
        assert client.manifest("team/app", "v1").body == image(b"by Moorgate").manifest.data
        assert client.manifest("team/app", "v2").body == image(b"by docker-registry").manifest.data


def test_an_upload_that_resumes_is_linked_too(keeping):
    data = noise(300_000, "in pieces")
    with keeping.start() as server, server.client("owner") as client:
        upload = location(client.append(client.start_upload("team/pieces"), data[:100_000], 0))
        upload = location(client.append(upload, data[100_000:], 100_000))
        assert client.finish_upload(upload, digest_of(data)).status == 201
    with docker_registry(keeping) as other:
        assert other.blob("team/pieces", digest_of(data)).body == data
