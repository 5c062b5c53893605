"""In front of an existing registry: the API as clients see it, with the gate in between. The registry
behind is Debian's docker-registry."""

import contextlib
import json
import os
from pathlib import Path

import pytest

from support.command import eventually, run
from support.docker_registry import DockerRegistry
from support.images import OCI_INDEX, artifact, digest_of, image, index, noise
from support.moorgate import BINARY, Site
from support.registry import OCTETS, blob_path, location, manifest_path, next_page
from support.upstream import Upstream, answering, reply

MANUAL = Path(__file__).parent.parent / "docs/gateway.md"
SBOM = "application/vnd.example.sbom"
HIDDEN = {"who": ["user:reader", "user:pusher"], "repositories": "hidden/**", "deny": ["pull"]}


@pytest.fixture(scope="module")
def behind(module_folder):
    registry = DockerRegistry(module_folder / "behind", module_folder / "store")
    yield registry
    registry.stop()


@pytest.fixture(scope="module")
def server(module_folder, authority, behind):
    """Nobody but the owner may look into hidden/…"""
    site = Site(module_folder, authority).stand_in_front_of(behind.url)
    for who in HIDDEN["who"]:
        site.config["access"].append({**HIDDEN, "who": who})
    with site.start() as running:
        yield running


# ---- blobs

def test_a_blob_is_pushed_and_pulled(pusher, reader, repository):
    data = noise(300_000, repository)
    digest = pusher.push_blob(repository, data)
    response = reader.blob(repository, digest)
    assert (response.status, response.body) == (200, data)
    assert response.header("Docker-Content-Digest") == digest
    assert response.header("Content-Type") == "application/octet-stream"


def test_a_pushed_blob_is_where_its_location_says(pusher, repository):
    data = noise(1000, repository)
    response = pusher.finish_upload(pusher.start_upload(repository), digest_of(data), data)
    assert response.status == 201
    assert location(response) == blob_path(repository, digest_of(data))
    assert response.header("Docker-Content-Digest") == digest_of(data)
    assert pusher.get(location(response)).body == data


def test_a_blob_is_pushed_in_chunks_and_resumed(pusher, repository):
    data = noise(30_000, repository)
    upload = pusher.start_upload(repository)
    assert pusher.upload_offset(upload) == 0
    for at in range(0, 20_000, 10_000):
        response = pusher.append(upload, data[at:at + 10_000], at)
        assert (response.status, response.header("Range")) == (202, f"0-{at + 9_999}")
        upload = location(response)
    assert pusher.upload_offset(upload) == 20_000
    assert pusher.finish_upload(upload, digest_of(data), data[20_000:]).status == 201
    assert pusher.blob(repository, digest_of(data)).body == data


def test_a_body_of_unknown_length_is_pushed(pusher, repository):
    data = noise(200_000, repository)
    pieces = (data[at:at + 7_000] for at in range(0, len(data), 7_000))
    response = pusher.request("PATCH", pusher.start_upload(repository), [OCTETS], pieces)
    assert (response.status, response.header("Range")) == (202, f"0-{len(data) - 1}")
    assert pusher.finish_upload(location(response), digest_of(data)).status == 201
    assert pusher.blob(repository, digest_of(data)).body == data


def test_an_upload_is_cancelled(pusher, repository):
    upload = pusher.start_upload(repository)
    assert pusher.delete(upload).status == 204
    gone = pusher.get(upload)
    assert (gone.status, gone.error) == (404, "BLOB_UPLOAD_UNKNOWN")


def test_a_push_of_other_bytes_than_announced_is_refused(pusher, repository):
    refused = pusher.finish_upload(pusher.start_upload(repository), digest_of(b"this"), b"that")
    assert (refused.status, refused.error) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("wanted, expected", [("bytes=0-9", slice(0, 10)), ("bytes=990-", slice(990, 1000)),
                                              ("bytes=-5", slice(995, 1000))])
def test_a_range_of_a_blob_is_pulled(pusher, reader, repository, wanted, expected):
    data = noise(1000, repository)
    response = reader.blob(repository, pusher.push_blob(repository, data), [("Range", wanted)])
    assert (response.status, response.body) == (206, data[expected])
    assert response.header("Content-Range").endswith("/1000")


def test_a_range_beyond_the_end_is_refused(pusher, reader, repository):
    digest = pusher.push_blob(repository, noise(10, repository))
    response = reader.blob(repository, digest, [("Range", "bytes=10-20")])
    assert (response.status, response.error) == (416, "RANGE_INVALID")
    assert response.header("Content-Range") == "bytes */10"


def test_head_tells_the_length(pusher, reader, repository):
    digest = pusher.push_blob(repository, noise(4321, repository))
    response = reader.head(blob_path(repository, digest))
    assert (response.status, response.header("Content-Length")) == (200, "4321")
    absent = reader.head(blob_path(repository, digest_of(b"absent")))
    assert absent.status == 404


def test_an_empty_blob_comes_back_empty(pusher, reader, repository):
    assert reader.blob(repository, pusher.push_blob(repository, b"")).body == b""


# ---- manifests and tags

def test_an_image_is_pushed_pulled_and_deleted(pusher, owner, reader, repository):
    pushed = image(noise(100, repository))
    response = pusher.push_image(repository, "v1", pushed)
    assert location(response) == manifest_path(repository, pushed.digest)
    for reference in ("v1", pushed.digest):
        pulled = reader.manifest(repository, reference, [("Accept", pushed.manifest.media_type)])
        assert (pulled.status, pulled.body) == (200, pushed.manifest.data)
        assert pulled.header("Content-Type") == pushed.manifest.media_type
        assert pulled.header("Docker-Content-Digest") == pushed.digest
    known = reader.manifest(repository, "v1", [("Accept", pushed.manifest.media_type),
                                               ("If-None-Match", f'"{pushed.digest}"')])
    assert known.status == 304
    assert owner.delete(manifest_path(repository, pushed.digest)).status == 202
    gone = reader.manifest(repository, "v1")
    assert (gone.status, gone.error) == (404, "MANIFEST_UNKNOWN")


@pytest.mark.parametrize("headers", [[], [("Accept", "*/*")]])
def test_who_takes_anything_gets_what_was_pushed(pusher, reader, repository, headers):
    """docker-registry itself answers 404 unless an OCI manifest is asked for by name."""
    pushed = image(noise(100, repository))
    pusher.push_image(repository, "v1", pushed)
    pulled = reader.manifest(repository, "v1", headers)
    assert (pulled.status, pulled.body) == (200, pushed.manifest.data)


def test_a_manifest_without_its_blobs_is_refused_as_the_registry_behind_says(pusher, repository):
    refused = pusher.put_manifest(repository, "v1", image(b"never pushed").manifest)
    assert (refused.status, refused.error) == (404, "BLOB_UNKNOWN") or refused.error == "MANIFEST_BLOB_UNKNOWN"


def test_tags_are_listed(pusher, reader, repository):
    pushed = image(noise(100, repository))
    pusher.push_image(repository, "v0", pushed)
    for number in range(1, 5):
        pusher.push_manifest(repository, f"v{number}", pushed.manifest)
    # docker-registry 2.8 neither sorts tags nor pages them; it passes as it is.
    listed = reader.tags(repository).json()
    assert (listed["name"], sorted(listed["tags"])) == (repository, [f"v{n}" for n in range(5)])


def test_what_is_not_there_is_answered_as_a_registry_does(reader, repository):
    for path, code in ((f"/v2/{repository}/tags/list", "NAME_UNKNOWN"),
                       (f"/v2/{repository}/manifests/none", "MANIFEST_UNKNOWN"),
                       (blob_path(repository, digest_of(b"none")), "BLOB_UNKNOWN")):
        response = reader.get(path)
        assert (response.status, response.error) == (404, code)


def test_a_repository_is_deleted_from_by_who_may(owner, pusher, repository):
    digest = pusher.push_blob(repository, noise(10, repository))
    refused = pusher.delete(blob_path(repository, digest))
    assert (refused.status, refused.error) == (403, "DENIED")
    assert owner.delete(blob_path(repository, digest)).status == 202
    assert owner.blob(repository, digest).status == 404


# ---- the gate

def test_signing_in_is_asked_for_with_one_challenge(anonymous):
    for path in ("/v2/", "/v2/team/app/manifests/v1", "/v2/_catalog"):
        assert anonymous.get(path).status == 401


def test_a_wrong_password_is_refused_without_asking_the_registry_behind(server, behind, reader, repository):
    with server.client("reader", "wrong") as client:
        assert client.get(manifest_path(repository, "refused")).status == 401
    assert reader.get(manifest_path(repository, "asked")).status == 404
    log = eventually(lambda: manifest_path(repository, "asked") in (text := behind.log_file.read_text()) and text,
                     "the registry behind logs what it is asked")
    assert manifest_path(repository, "refused") not in log


def test_a_denied_push_says_who_what_where(reader, repository):
    refused = reader.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"")
    assert (refused.status, refused.error) == (403, "DENIED")
    for word in ("reader", "push", repository):
        assert word in refused.message


def test_requests_are_logged_and_counted_as_in_any_shape(server, pusher, owner, repository):
    pusher.push_blob(repository, b"logged")
    pusher.delete(blob_path(repository, digest_of(b"logged")))
    put = server.log.wait("request", method="PUT", repository=repository)
    assert (put["status"], put["user"], put["action"]) == (201, "pusher", "push")
    refused = server.log.wait("request", method="DELETE", repository=repository)
    assert refused["status"] == 403 and "delete" in refused["reason"]
    counted = owner.get("/metrics").body.decode()
    assert "\nmoorgate_upstream_up 1\n" in counted
    assert 'moorgate_requests_total{method="PUT",status="2xx"}' in counted


def test_nothing_is_stored_here(server, pusher, behind, repository):
    def files():
        """What lies in the gateway's folder; the registry behind has its own in there."""
        return {path: path.stat().st_size for path in server.site.folder.rglob("*")
                if path.relative_to(server.site.folder).parts[0] not in ("behind", "store")}

    def opened():
        found = set()
        for entry in Path(f"/proc/{server.pid}/fd").iterdir():
            # One may be closed meanwhile.
            with contextlib.suppress(FileNotFoundError):
                found.add(os.readlink(entry))
        return {path for path in found if path.startswith("/") and not path.startswith("/dev/")}
    before = files()
    pusher.push_image(repository, "v1", image(noise(100_000, repository)))
    upload = pusher.start_upload(repository)
    upload = location(pusher.append(upload, noise(3_000_000, "under way"), 0))
    # Neither under a name nor without one.
    assert opened() == {str(server.site.folder / "stdout")}
    assert pusher.finish_upload(upload, digest_of(noise(3_000_000, "under way"))).status == 201
    assert not server.site.store.exists()
    assert files() == before


def test_the_base_and_the_extensions_are_our_own(reader):
    assert (reader.get("/v2/").status, reader.get("/v2/").json()) == (200, {})
    assert reader.get("/v2/_oci/ext/discover").json() == {"extensions": []}
    assert reader.get("/v2/team/app/_oci/ext/discover").json() == {"extensions": []}


# ---- upload sessions

def test_an_upload_belongs_to_who_opened_it(server, pusher, owner, repository):
    upload = pusher.start_upload(repository)
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        stolen = owner.request(method, upload, [OCTETS], None if method == "GET" else b"x")
        assert (stolen.status, stolen.error) == (404, "BLOB_UPLOAD_UNKNOWN")
    elsewhere = upload.replace(repository, f"{repository}/other")
    assert pusher.get(elsewhere).status == 404
    assert pusher.upload_offset(upload) == 0


def test_the_id_that_the_registry_behind_gave_is_none_here(pusher, repository):
    response = pusher.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"")
    there = response.header("Docker-Upload-UUID")
    assert pusher.get(f"/v2/{repository}/blobs/uploads/{there}").status == 404


# ---- mounts

def mount(client, repository, digest, **query):
    return client.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"", mount=digest, **query)


def test_a_blob_is_mounted_from_where_the_caller_may_pull(pusher, repository):
    digest = pusher.push_blob(repository, noise(100, repository))
    response = mount(pusher, f"{repository}/target", digest, **{"from": repository})
    assert response.status == 201
    assert location(response) == blob_path(f"{repository}/target", digest)
    assert pusher.get(location(response)).status == 200


def test_a_blob_is_not_mounted_from_where_the_caller_may_not_pull(owner, pusher, repository):
    data = noise(100, repository)
    digest = owner.push_blob("hidden/mount", data)
    for query in ({"from": "hidden/mount"}, {}, {"from": "NOT/A/NAME"}, {"from": "no/such"}):
        response = mount(pusher, repository, digest, **query)
        assert response.status == 202, query
        assert pusher.blob(repository, digest).status == 404
    assert pusher.finish_upload(location(response), digest, data).status == 201
    smuggled = pusher.request("POST", f"/v2/{repository}/x/blobs/uploads/?m%6funt={digest}&fro%6d=hidden%2Fmount",
                              body=b"")
    assert smuggled.status == 202
    twice = pusher.request("POST", f"/v2/{repository}/x/blobs/uploads/?mount={digest}&from={repository}/none"
                                   f"&from=hidden/mount", body=b"")
    assert twice.status == 202


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "Application/X-WWW-Form-URLencoded ; a=b"])
def test_a_mount_in_the_body_of_a_form_is_none(owner, pusher, repository, kind):
    digest = owner.push_blob("hidden/form", noise(100, repository + kind))
    response = pusher.request("POST", f"/v2/{repository}/blobs/uploads/", [("Content-Type", kind)],
                              body=f"mount={digest}&from=hidden/form".encode())
    assert response.status != 201
    assert pusher.request("HEAD", blob_path(repository, digest)).status == 404


def test_a_mount_with_a_bad_digest_is_digest_invalid(pusher, repository):
    response = mount(pusher, repository, "sha256:abc")
    assert (response.status, response.error) == (400, "DIGEST_INVALID")


# ---- the catalog

@pytest.fixture(scope="module")
def populated(server):
    """Of ten repositories the reader may see five; the hidden ones lie between."""
    with server.client("owner") as owner:
        for number in range(5):
            for name in (f"cat/app{number}", f"hidden/app{number}"):
                owner.push_image(name, "v1", image(b"same"))


def catalog(client, may_see_hidden=False, **query):
    names, pages = [], 0
    response = client.catalog(**query)
    while True:
        assert response.status == 200
        assert may_see_hidden or "hidden" not in (response.header("Link") or "")
        names += response.json()["repositories"]
        pages += 1
        if (page := next_page(response)) is None:
            return names, pages
        response = client.get(page)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100, 5000])
def test_the_catalog_shows_what_the_caller_may_pull(reader, owner, populated, size):
    seen, pages = catalog(reader, n=size)
    assert [name for name in seen if name.startswith("cat/")] == [f"cat/app{n}" for n in range(5)]
    assert not any(name.startswith("hidden/") for name in seen)
    assert pages >= len(seen) / size
    assert len(set(seen)) == len(seen)
    assert {f"hidden/app{n}" for n in range(5)} <= set(catalog(owner, may_see_hidden=True, n=size)[0])


def test_the_catalog_goes_on_after_a_name(reader, populated):
    seen, _ = catalog(reader, last="cat/app2")
    assert {"cat/app3", "cat/app4"} <= set(seen) and not {"cat/app0", "cat/app2"} & set(seen)
    assert reader.catalog(n=0).json() == {"repositories": []}
    refused = reader.catalog(n="many")
    assert (refused.status, refused.error) == (400, "PAGINATION_NUMBER_INVALID")


# ---- referrers, which docker-registry does not know

def test_nobody_refers_to_what_nobody_knows(reader, repository):
    response = reader.referrers(repository, digest_of(b"unknown"))
    assert (response.status, response.header("Content-Type")) == (200, OCI_INDEX)
    assert response.json() == {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}


def test_referrers_are_found_by_the_fallback_tag(pusher, reader, repository):
    subject = image(noise(100, repository))
    pusher.push_image(repository, "v1", subject)
    sbom, other = artifact(SBOM, subject.manifest), artifact("application/x-other", subject.manifest)
    for pushed in (sbom, other):
        response = pusher.push_image(repository, pushed.digest, pushed)
        # So the client knows that it has to keep the list itself.
        assert response.header("OCI-Subject") is None
    listed = index(sbom.manifest, other.manifest)
    members = json.loads(listed.data)
    members["manifests"][0].update(artifactType=SBOM, annotations={"org.example.note": "zwei – ☃"})
    members["manifests"][1].update(artifactType="application/x-other")
    kept = type(listed)(OCI_INDEX, json.dumps(members).encode())
    pusher.push_manifest(repository, subject.digest.replace(":", "-"), kept)

    response = reader.referrers(repository, subject.digest)
    assert response.header("Content-Type") == OCI_INDEX
    assert response.json()["manifests"] == members["manifests"]
    filtered = reader.referrers(repository, subject.digest, artifactType=SBOM)
    assert filtered.header("OCI-Filters-Applied") == "artifactType"
    assert filtered.json()["manifests"] == members["manifests"][:1]
    head = reader.head(f"/v2/{repository}/referrers/{subject.digest}")
    assert (head.status, head.header("Content-Length")) == (200, str(len(response.body)))


def test_what_is_no_index_under_the_fallback_tag_lists_nothing(pusher, reader, repository):
    subject = image(noise(100, repository))
    pusher.push_image(repository, subject.digest.replace(":", "-"), subject)
    assert reader.referrers(repository, subject.digest).json()["manifests"] == []


# ---- where the registry behind takes itself for

@pytest.mark.parametrize("http, options", [
    ({"relativeurls": False}, {}),
    ({"host": "https://registry.example.com"}, {"also_called": ["registry.example.com"]}),
])
def test_uploads_stay_here_whatever_the_registry_behind_calls_itself(folder, authority, http, options):
    changes = {"http": {"addr": "127.0.0.1:0", "secret": "s", **http}}
    behind = DockerRegistry(folder / "behind", folder / "store", changes=changes)
    try:
        with Site(folder, authority).stand_in_front_of(behind.url, **options).start() as server, \
                server.client("pusher") as pusher:
            data = noise(1000, "host")
            upload = location(pusher.append(pusher.start_upload("a/b"), data, 0))
            response = pusher.finish_upload(upload, digest_of(data))
            assert (response.status, location(response)) == (201, blob_path("a/b", digest_of(data)))
    finally:
        behind.stop()


def test_uploads_at_another_host_are_an_error_that_says_what_to_do(folder, authority):
    behind = DockerRegistry(folder / "behind", folder / "store", changes={
        "http": {"addr": "127.0.0.1:0", "secret": "s", "host": "https://registry.example.com"}})
    try:
        with Site(folder, authority).stand_in_front_of(behind.url).start() as server, \
                server.client("pusher") as pusher:
            refused = pusher.request("POST", "/v2/a/b/blobs/uploads/", body=b"")
            assert refused.status == 502 and "also_called" in refused.message
    finally:
        behind.stop()


def test_a_registry_on_a_unix_socket_is_reached(folder, authority):
    def answer(request):
        assert request.header("Host") == "localhost"
        if request.method == "POST":
            return reply(202, b"", ("Location", "http://localhost/v2/a/b/blobs/uploads/1"))
        return reply(200, b"hello", ("Docker-Content-Digest", digest_of(b"hello")))
    with Upstream(answering(answer), path=folder / "behind.sock") as behind, \
            Site(folder, authority).stand_in_front_of(behind.url).start() as server, \
            server.client("pusher") as pusher:
        assert pusher.blob("a/b", digest_of(b"hello")).body == b"hello"
        assert pusher.start_upload("a/b").startswith("/v2/a/b/blobs/uploads/")


# ---- configuration

def test_upstream_and_storage_exclude_each_other(site):
    site.config["upstream"] = "http://registry:5000"
    refused = site.command("check", check=False)
    assert refused.returncode == 1
    assert "exclude each other" in refused.stderr


def test_who_only_answers_a_proxy_stands_in_front_of_nothing(site):
    site.stand_in_front_of("http://registry:5000")
    site.config["forward_auth"] = f"unix:{site.folder}/auth.sock"
    del site.config["listen"]
    refused = site.command("check", check=False)
    assert refused.returncode == 1
    assert "`upstream` out" in refused.stderr


def test_the_manuals_configuration_can_be_used(folder, authority):
    text = MANUAL.read_text().split("```yaml\n", 1)[1].split("```", 1)[0]
    (folder / "moorgate.yml").write_text(text)
    (folder / "auth").mkdir()
    authority.issue(folder / "auth/domain.crt", "registry.example.com")
    (folder / "auth/internal-ca.crt").write_bytes(authority.certificate.read_bytes())
    (folder / "auth/registry-password").write_text("secret of the test")
    run("htpasswd", "-cbB", "-C", "4", folder / "auth/nginx.htpasswd", "testuser", "password")
    checked = run(BINARY, "check", "--config", folder / "moorgate.yml")
    assert "https://registry.internal:5000" in checked.stdout


def test_check_says_what_the_gateway_stands_in_front_of(site):
    site.stand_in_front_of("http://registry:5000", username="moorgate", password="secret of the test")
    said = site.command("check").stdout
    assert "http://registry:5000" in said and "moorgate" in said and "secret of the test" not in said


@pytest.mark.parametrize("url, overheard", [
    ("http://registry:5000", True), ("http://192.0.2.1:5000", True), ("https://registry:5000", False),
    ("http://127.0.0.1:5000", False), ("http://[::1]:5000", False), ("unix:/run/registry.sock", False)])
def test_check_warns_of_a_password_that_can_be_overheard(site, url, overheard):
    site.stand_in_front_of(url, username="moorgate", password="secret of the test")
    assert ("unencrypted" in site.command("check").stdout) == overheard
    site.stand_in_front_of(url)
    assert "unencrypted" not in site.command("check").stdout
