"""A folder of Docker's registry is adopted in place: everything in it is served, and nothing in it changes."""

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import threading
import time

import pytest

from support.command import eventually, run
from support.containers import Containers
from support.distribution import LAYOUT, blob_file, content, docker_registry, links, tree
from support.images import (DOCKER_CONFIG, DOCKER_LAYER, DOCKER_LIST, DOCKER_MANIFEST, artifact, digest_of,
                            greeting_image, image, index, noise, write_layout)
from support.moorgate import BINARY, Site

REPORT = ".moorgate/adoption-report.txt"


@pytest.fixture(scope="module")
def filled(module_folder, authority):
    """A site whose storage folder docker-registry has filled; tests copy it."""
    site = Site(module_folder, authority)
    with docker_registry(site) as client:
        fill(client)
        containers = Containers(module_folder, authority)
        many = greeting_image("hello")
        write_layout(module_folder / "layout", "1", many.manifest, many.blobs)
        containers.skopeo("copy", "--dest-tls-verify=false", f"oci:{module_folder / 'layout'}:1",
                          f"docker://{client.server.address}/by/skopeo:1")
        site.seen = content(client)
    return site


def fill(client):
    for number in range(3):
        client.push_image("team/app", f"v{number}", image(noise(3000, f"layer {number}"), b"shared"))
    client.push_image("team/app", "latest", image(noise(3000, "layer 0"), b"shared"))
    client.push_image("team/app", "latest", image(noise(3000, "layer 2"), b"shared"))
    client.push_image("team/app/nested", "v1", image(b"nested below a repository"))
    client.push_image("team/docker", "v1", image(b"as docker does", media_type=DOCKER_MANIFEST,
                                                  config_type=DOCKER_CONFIG, layer_type=DOCKER_LAYER))
    children = [image(name.encode()) for name in ("amd64", "arm64")]
    for child in children:
        client.push_image("team/many", child.digest, child)
    client.push_manifest("team/many", "v1", index(*[child.manifest for child in children]))
    plain = image(b"in a docker list", media_type=DOCKER_MANIFEST, config_type=DOCKER_CONFIG,
                  layer_type=DOCKER_LAYER)
    client.push_image("team/list", plain.digest, plain)
    client.push_manifest("team/list", "v1", index(plain.manifest, media_type=DOCKER_LIST))
    signed = image(b"signed")
    client.push_image("team/signed", "v1", signed)
    client.push_image("team/signed", "signature", artifact("application/vnd.test.signature", signed.manifest))
    client.push_blob("team/aliases", b"pushed as sha512", "sha512")
    client.push_image("team/aliases", "v1", image(b"pushed as sha256"))
    client.push_image("team/deleted", "v1", gone := image(b"deleted"))
    assert client.delete(f"/v2/team/deleted/manifests/{gone.digest}").status == 202
    client.push_image("team/deleted", "v2", image(b"kept"))
    client.start_upload("team/unfinished")


@pytest.fixture
def adopted(filled, site):
    """A site of the test's own with a copy of the filled folder."""
    shutil.copytree(filled.store, site.store)
    site.seen = filled.seen
    return site


def rejects(site):
    """The report's lines: kind and path below the layout, with the reason."""
    lines = [line.split("  ", 2) for line in (site.store / REPORT).read_text().splitlines() if line[0] != "#"]
    return {(kind, path.strip('"').removeprefix(f"{LAYOUT}/repositories/")): reason for kind, path, reason in lines}


def test_everything_is_served_as_it_was(adopted):
    with adopted.start() as server, server.client("reader") as client:
        assert content(client) == adopted.seen
        [entry] = server.log.find("the registry found here was adopted in place")
        assert (entry["unusable"], entry["incomplete"]) == (0, 0)
    with adopted.start() as server, server.client("reader") as client:
        assert content(client) == adopted.seen
        [entry] = server.log.find("Distribution's links were compared with the metadata")
        assert entry["changed"] == 0


def test_nothing_is_changed_or_copied(adopted):
    before = tree(adopted)
    with adopted.start():
        pass
    after = tree(adopted)
    assert {path: after[path] for path in before} == before
    # The bytes of a sha512 blob get a second name, which costs no room.
    [added] = [adopted.store / LAYOUT / path for path in after.keys() - before.keys()]
    assert "blobs/sha512/" in str(added) and added.stat().st_nlink == 2


def test_links_from_the_future_are_no_other_writers(adopted):
    """The clock was set back after they were written, by the registry before or by Moorgate."""
    for path in links(adopted).rglob("link"):
        os.utime(path, 2 * (time.time() + 3600,))
    for tag in "first", "second":
        with adopted.start() as server, server.client("owner") as client:
            assert content(client).items() >= adopted.seen.items()
            client.push_image("team/app", tag, image(b"by us"))
        os.utime(links(adopted) / f"team/app/_manifests/tags/{tag}/current/link", 2 * (time.time() + 3600,))


def test_referrers_aliases_and_history_come_along(adopted):
    with adopted.start() as server, server.client("owner") as client:
        subject = adopted.seen["team/signed", "v1"][1]
        [referrer] = client.referrers("team/signed", subject).json()["manifests"]
        assert referrer["artifactType"] == "application/vnd.test.signature"
        assert referrer["digest"] == adopted.seen["team/signed", "signature"][1]
        alias = digest_of(b"pushed as sha512", "sha512")
        assert client.blob("team/aliases", alias).body == b"pushed as sha512"
        assert client.tags("team/deleted").json()["tags"] == ["v2"]
    moves = run("sqlite3", adopted.store / ".moorgate/metadata.db",
                "SELECT from_digest IS NULL FROM tag_history WHERE tag = 'latest' ORDER BY id").stdout.split()
    assert moves == ["1", "0"]


def test_the_adopted_registry_takes_pushes_and_deletions(adopted):
    with adopted.start() as server, server.client("owner") as client:
        client.push_image("team/app", "v9", image(b"new"))
        assert client.delete("/v2/team/app/manifests/v0").status == 202
    with adopted.start() as server, server.client("owner") as client:
        assert client.tags("team/app").json()["tags"] == ["latest", "v1", "v2", "v9"]


# ---- what cannot be served

def damage(site):
    """Leftovers of every kind. Each with what the report must say of it."""
    app = links(site) / "team/app"
    seen = site.seen
    expected = {}

    def revision(tag):
        return app / "_manifests/revisions/sha256" / seen["team/app", tag][1].removeprefix("sha256:")

    expected["unusable", str(revision("v0").relative_to(links(site)))] = "the link file is empty"
    (revision("v0") / "link").write_bytes(b"")
    expected["unusable", "team/app/_manifests/tags/v0"] = "a manifest that cannot be served or is not there"
    expected["unusable", str(revision("v1").relative_to(links(site)))] = "damaged"
    manifest = blob_file(site, seen["team/app", "v1"][1])
    manifest.write_bytes(manifest.read_bytes().replace(b"schemaVersion", b"schemaversion"))
    expected["unusable", "team/app/_manifests/tags/v1"] = "a manifest that cannot be served or is not there"

    # Bytes that are too few, and bytes that are gone.
    short = json.loads(seen["team/app", "v2"][2])["layers"][0]["digest"]
    blob_file(site, short).write_bytes(b"cut off")
    expected["unusable", f"team/app/_layers/sha256/{short.removeprefix('sha256:')}"] = "bytes where a manifest says"
    expected["incomplete", str(revision("v2").relative_to(links(site)))] = "the repository lacks 1"
    gone = json.loads(seen["team/app/nested", "v1"][2])["layers"][0]["digest"]
    blob_file(site, gone).unlink()
    expected["left alone", str(blob_file(site, gone).parent.relative_to(site.store))] = "holds no bytes"
    expected["unusable", f"team/app/nested/_layers/sha256/{gone.removeprefix('sha256:')}"] = "bytes are missing"
    nested = seen["team/app/nested", "v1"][1].removeprefix("sha256:")
    expected["incomplete", f"team/app/nested/_manifests/revisions/sha256/{nested}"] = "the repository lacks 1"

    # Text that is no digest, another digest than the path's, an algorithm nobody knows.
    for tag, text in (("garbled", "sha256:xyz"), ("cut", "sha256:" + 40 * "0")):
        (app / f"_manifests/tags/{tag}/current").mkdir(parents=True)
        (app / f"_manifests/tags/{tag}/current/link").write_text(text)
        expected["unusable", f"team/app/_manifests/tags/{tag}"] = "does not hold the digest"
    other = app / "_layers/sha256" / (64 * "7")
    other.mkdir()
    (other / "link").write_text(short)
    expected["unusable", f"team/app/_layers/sha256/{64 * '7'}"] = "holds another digest"
    (app / "_layers/md5" / (32 * "0")).mkdir(parents=True)
    expected["unusable", "team/app/_layers/md5"] = "no digest algorithm"

    # A manifest of schema 1, and one that never was one.
    for name, text, reason in (("schema1", b'{"schemaVersion": 1, "name": "old", "signatures": []}', "schema 1"),
                               ("junk", b"this is no manifest", "cannot be served")):
        value = digest_of(text).removeprefix("sha256:")
        folder = links(site) / "team" / name / "_manifests/revisions/sha256" / value
        folder.mkdir(parents=True)
        (folder / "link").write_text(f"sha256:{value}")
        blob_file(site, f"sha256:{value}").parent.mkdir(parents=True)
        blob_file(site, f"sha256:{value}").write_bytes(text)
        expected["unusable", str(folder.relative_to(links(site)))] = reason

    # Half a push, half a deletion, temporary files, folders of nobody.
    (app / "_manifests/tags/half/index/sha256").mkdir(parents=True)
    expected["left alone", "team/app/_manifests/tags/half"] = "points at nothing"
    (app / "_manifests/revisions/sha256" / (64 * "9")).mkdir()
    (app / "_manifests/revisions/sha256" / (64 * "8") / "x").mkdir(parents=True)
    (app / "_layers/sha256" / "link.1234.tmp").write_text("half")
    expected["left alone", "team/app/_layers/sha256/link.1234.tmp"] = "no link's folder"
    (app / "_surprise").mkdir()
    expected["left alone", "team/app/_surprise"] = "no part of a repository"
    (links(site) / "empty/folders/here").mkdir(parents=True)
    (links(site) / "UPPER/_manifests/tags").mkdir(parents=True)
    expected["unusable", "UPPER"] = "not valid"
    (links(site) / "linked").symlink_to(app)
    expected["left alone", "linked"] = "not followed"
    expected["left alone", "team/unfinished/_uploads"] = "1 unfinished uploads"
    return expected


def test_what_is_unusable_is_reported_and_the_rest_is_served(adopted):
    expected = damage(adopted)
    with adopted.start() as server, server.client("owner") as client:
        reported = rejects(adopted)
        assert set(reported) - set(expected) == set(expected) - set(reported) == set()
        for key, part in expected.items():
            assert part in reported[key], (key, reported[key])
        [entry] = server.log.find("the registry found here was adopted in place")
        assert entry["unusable"] == sum(kind == "unusable" for kind, _ in expected)
        assert len(server.log.find("found in the adopted tree")) > 10
        assert client.tags("team/app").json()["tags"] == ["latest", "v2"]
        repositories = client.catalog().json()["repositories"]
        assert "team/app/nested" in repositories and "team/junk" not in repositories

        # Pushing the layer that was cut off mends it.
        whole = noise(3000, "layer 2")
        assert client.head(f"/v2/team/app/blobs/{digest_of(whole)}").status == 404
        client.push_blob("team/app", whole)
        assert client.blob("team/app", digest_of(whole)).body == whole


# ---- accidents

def generate(site, repositories, images):
    """Many small images, written as docker-registry would have."""
    def put(path, data):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    for number in range(repositories):
        for version in range(images):
            built = image(f"{number} {version}".encode())
            repository = links(site) / f"many/app-{number}"
            for blob in (*built.blobs, built.manifest):
                put(blob_file(site, blob.digest), blob.data)
            for blob in built.blobs:
                put(repository / "_layers" / blob.digest.replace(":", "/") / "link", blob.digest.encode())
            revision = built.digest.replace(":", "/")
            put(repository / "_manifests/revisions" / revision / "link", built.digest.encode())
            put(repository / f"_manifests/tags/v{version}/index" / revision / "link", built.digest.encode())
            put(repository / f"_manifests/tags/v{version}/current/link", built.digest.encode())


def test_an_adoption_that_is_killed_again_and_again_ends_complete(site):
    generate(site, repositories=40, images=40)
    killed = 0
    for milliseconds in range(0, 400, 25):
        with open(site.folder / "log", "w+") as log:
            process = subprocess.Popen([BINARY, "serve", "--config", str(site.save())],
                                       stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            eventually((site.store / ".moorgate/metadata.db").exists, "the database is made")
            time.sleep(milliseconds / 1000)
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += "adopted in place" not in (site.folder / "log").read_text()
    assert killed
    with site.start() as server, server.client("reader") as client:
        names = client.catalog(n=1000).json()["repositories"]
        assert names == sorted(f"many/app-{number}" for number in range(40))
        for name in names:
            assert client.tags(name).json()["tags"] == sorted(f"v{version}" for version in range(40))
        assert client.manifest("many/app-7", "v7").body == image(b"7 7").manifest.data


def test_on_a_terminal_a_bar_shows_how_far_the_adoption_is(site):
    generate(site, repositories=40, images=10)
    ours, theirs = pty.openpty()
    ready = threading.Event()

    def limp():
        """Too slow for the time after which the bar appears."""
        while not ready.wait(0.005):
            process.send_signal(signal.SIGSTOP)
            time.sleep(0.12)
            process.send_signal(signal.SIGCONT)

    with open(ours, errors="replace", newline="") as terminal, subprocess.Popen(
            [BINARY, "serve", "--config", site.save()], stdin=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        limping = threading.Thread(target=limp)
        limping.start()
        shown = ""
        try:
            for line in terminal:
                shown += line
                if "ready" in line:
                    break
        finally:
            ready.set()
            limping.join()
            process.terminate()
        assert process.wait(30) == 0
    bars = re.findall(r"\r\x1b\[KAdopting the registry \[([#.]{30})\] (\d+)/40 repositories, (\d+) files, \d+/s", shown)
    assert bars, shown
    assert [int(files) for _, _, files in bars] == sorted(int(files) for _, _, files in bars)
    for bar, done, _ in bars:
        assert bar == ("#" * (30 * int(done) // 40)).ljust(30, ".")
    # It is gone before the log goes on.
    assert re.search(r"files, \d+/s\r\x1b\[K[^\r]*adopted in place", shown)


def test_a_second_moorgate_on_the_folder_is_refused(adopted):
    with adopted.start() as server:
        done = run(BINARY, "serve", "--config", adopted.config_file, check=False)
        assert done.returncode == 1
        assert f"in use by another moorgate (process {server.pid})" in done.stderr
        with server.client("reader") as client:
            assert content(client) == adopted.seen


def test_a_docker_registry_that_writes_to_the_same_folder_stops_pushes(adopted):
    with adopted.start() as server, server.client("owner") as client:
        with docker_registry(adopted) as other:
            # Reading is no harm.
            assert other.tags("team/many").json()["tags"] == ["v1"]
            client.push_image("team/app", "before", image(b"before"))
            other.push_image("team/other", "v1", image(b"by the other one"))
            entry = server.log.wait("pushes and deletions are refused from now on")
            assert "docker-registry" in entry["reason"] and "stop it" in entry["reason"]
            refused = client.request("POST", "/v2/team/app/blobs/uploads/", body=b"")
            assert refused.status == 503 and "another registry writes" in refused.message
            assert client.put_manifest("team/app", "after", image(b"before").manifest).status == 503
            assert client.delete("/v2/team/app/manifests/before").status == 503
            assert client.manifest("team/app", "before").body == image(b"before").manifest.data
    # Once only one is left, the next start takes over what the other wrote.
    with adopted.start() as server, server.client("owner") as client:
        assert client.manifest("team/other", "v1").body == image(b"by the other one").manifest.data
        client.push_image("team/app", "after", image(b"after"))


def test_a_docker_registry_that_writes_during_the_adoption_ends_it(site):
    generate(site, repositories=60, images=60)
    with docker_registry(site) as other:
        process = subprocess.Popen([BINARY, "serve", "--config", str(site.save())], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        eventually((site.store / ".moorgate/metadata.db").exists, "the database is made")
        deadline = time.monotonic() + 30
        number = 0
        while process.poll() is None:
            other.push_blob("team/other", f"blob {number}".encode())
            number += 1
            if deadline and time.monotonic() > deadline:
                # It was over before the first of them; then pushes are refused instead.
                process.terminate()
                deadline = None
        said = process.stderr.read()
    assert "most likely docker-registry, writes to the same folder" in said
    with site.start() as server, server.client("owner") as client:
        assert client.blob("team/other", digest_of(b"blob 0")).body == b"blob 0"
        assert len(client.catalog(n=1000).json()["repositories"]) == 60


def test_a_folder_that_is_gone_is_not_taken_for_an_empty_registry(adopted):
    with adopted.start():
        pass
    os.rename(links(adopted), adopted.folder / "elsewhere")
    done = run(BINARY, "serve", "--config", adopted.config_file, check=False)
    assert done.returncode == 1 and "restore that folder" in done.stderr
    os.rename(adopted.folder / "elsewhere", links(adopted))
    with adopted.start() as server, server.client("reader") as client:
        assert content(client) == adopted.seen
