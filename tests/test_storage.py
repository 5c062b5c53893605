"""What lies on the disk, and what a restart finds there."""

from support.command import run, said
from support.images import artifact, digest_of, image, noise
from support.moorgate import BINARY
from support.registry import location


def stored(site, digest):
    """Where Distribution keeps these bytes."""
    algorithm, encoded = digest.split(":")
    return site.store / "docker/registry/v2/blobs" / algorithm / encoded[:2] / encoded / "data"


def test_blobs_and_manifests_lie_where_distribution_keeps_them(server, pusher, repository, algorithm):
    pushed = image(b"layer on disk", algorithm=algorithm)
    pusher.push_image(repository, pushed.digest, pushed)
    for content in (pushed.manifest, *pushed.blobs):
        assert stored(server.site, content.digest).read_bytes() == content.data


def test_a_blob_is_stored_once_for_all_repositories(server, pusher, repository):
    data = b"shared by many " + repository.encode()
    before = set(server.site.files())
    for number in range(5):
        pusher.push_blob(f"{repository}/{number}", data)
    assert len(set(server.site.files()) - before) == 1


def test_a_restart_finds_everything_again(site):
    pushed = image(b"kept")
    note = artifact("application/vnd.example.note", pushed.manifest, annotations={"written": "before the restart"})
    with site.start() as server, server.client("owner") as owner:
        owner.push_image("team/app", "v1", pushed)
        owner.push_image("team/app", note.digest, note)
        owner.push_manifest("team/app", pushed.digest, pushed.manifest, tag=["v2", "v3"])
        owner.push_image("team/deleted", "v1", image(b"deleted"))
        assert owner.delete(f"/v2/team/deleted/manifests/{image(b'deleted').digest}").status == 202
        referrers = owner.referrers("team/app", pushed.digest).json()
    with site.start() as server, server.client("owner") as owner:
        assert owner.catalog().json()["repositories"] == ["team/app"]
        assert owner.tags("team/app").json()["tags"] == ["v1", "v2", "v3"]
        assert owner.manifest("team/app", "v2").body == pushed.manifest.data
        assert owner.referrers("team/app", pushed.digest).json() == referrers
        assert owner.manifest("team/deleted", "v1").status == 404
        for blob in pushed.blobs:
            assert owner.blob("team/app", blob.digest).body == blob.data


def test_two_servers_do_not_share_one_storage(site):
    with site.start():
        second = run(BINARY, "serve", "--config", site.config_file, check=False)
        assert second.returncode != 0
        assert str(site.store) in said(second) or "another" in said(second)


def test_a_storage_that_cannot_be_written_is_named_at_the_start(site):
    site.store.write_text("a file where a folder should be")
    refused = run(BINARY, "serve", "--config", site.save(), check=False)
    assert refused.returncode != 0
    assert str(site.store) in said(refused)


def test_a_blob_that_could_not_be_put_in_place_can_be_sent_again_as_it_was(site):
    """The closing request leaves nothing of its bytes in the session when it fails."""
    first, last = noise(1000, "first"), noise(3_000_000, "last")
    digest = digest_of(first + last)
    with site.start() as server, server.client("owner") as owner:
        shard = stored(site, digest).parent.parent
        shard.rmdir()
        shard.write_text("a file where a folder should be")
        upload = location(owner.append(owner.start_upload("team/app"), first, 0))
        assert owner.finish_upload(upload, digest, last).status == 500
        assert owner.get(upload).header("Range") == "0-999"
        shard.unlink()
        assert owner.finish_upload(upload, digest, last).status == 201
        assert owner.blob("team/app", digest).body == first + last


def test_nothing_of_an_upload_is_left_once_it_is_finished_or_cancelled(server, pusher, repository):
    before = set(server.site.files())
    finished = pusher.start_upload(repository)
    cancelled = pusher.start_upload(repository)
    for upload in (finished, cancelled):
        pusher.append(upload, b"some bytes", 0)
    digest = digest_of(b"some bytes")
    assert pusher.finish_upload(finished, digest).status == 201
    assert pusher.delete(cancelled).status == 204
    new = set(server.site.files()) - before
    assert new == {str(stored(server.site, digest).relative_to(server.site.store))}
