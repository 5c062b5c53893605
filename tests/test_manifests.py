"""Pushing and pulling manifests and indexes of every kind (end-3, end-7)."""

import json

import pytest

from support.images import (DOCKER_CONFIG, DOCKER_LAYER, DOCKER_LIST, DOCKER_MANIFEST, OCI_EMPTY, OCI_INDEX,
                            OCI_MANIFEST, Content, Image, artifact, digest_of, document, image, index, noise)
from support.registry import location, manifest_path


def docker_image(algorithm="sha256"):
    return image(b"docker layer", media_type=DOCKER_MANIFEST, config_type=DOCKER_CONFIG,
                 layer_type=DOCKER_LAYER, algorithm=algorithm)


def push_blobs(client, repository, *images):
    for each in images:
        for blob in each.blobs:
            client.push_blob(repository, blob.data, blob.algorithm)


# ---- what goes in comes out

KINDS = {
    "oci image": lambda algorithm: image(b"layer", algorithm=algorithm),
    "docker image": docker_image,
    "image without layers": lambda algorithm: image(algorithm=algorithm),
    "artifact": lambda algorithm: artifact("application/vnd.example.sbom", algorithm=algorithm),
    "image with annotations": lambda algorithm: image(b"a", algorithm=algorithm, annotations={"org.example": "ä ☃"}),
    "image with unknown members": lambda algorithm: image(
        b"u", algorithm=algorithm, newField="value", nested={"more": [1, 2.5, None, True]}),
    "empty index": lambda algorithm: Image(index(algorithm=algorithm)),
    "artifact index": lambda algorithm: Image(index(algorithm=algorithm, artifactType="application/vnd.example")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_manifest_comes_back_byte_for_byte(pusher, reader, repository, kind, algorithm):
    pushed = KINDS[kind](algorithm)
    response = pusher.push_image(repository, pushed.digest, pushed)
    assert response.header("Docker-Content-Digest") == pushed.digest
    assert location(response) == manifest_path(repository, pushed.digest)
    pulled = reader.get(location(response))
    assert (pulled.status, pulled.body) == (200, pushed.manifest.data)
    assert pulled.header("Content-Type") == pushed.manifest.media_type
    assert pulled.header("Docker-Content-Digest") == pushed.digest


def test_a_tag_is_pushed_and_pulled(pusher, reader, repository):
    tagged = image(b"tagged")
    response = pusher.push_image(repository, "v1", tagged)
    assert response.header("Docker-Content-Digest") == tagged.digest
    assert reader.manifest(repository, "v1").body == tagged.manifest.data
    assert reader.manifest(repository, tagged.digest).body == tagged.manifest.data


@pytest.mark.parametrize("media_type, child_type", [(OCI_INDEX, OCI_MANIFEST), (DOCKER_LIST, DOCKER_MANIFEST)])
def test_an_index_is_pushed_after_its_images(pusher, reader, repository, media_type, child_type):
    children = [image(name, media_type=child_type) for name in (b"one", b"two")]
    for child in children:
        pusher.push_image(repository, child.digest, child)
    both = index(*(child.manifest for child in children), media_type=media_type)
    pusher.push_manifest(repository, "both", both)
    pulled = reader.manifest(repository, "both")
    assert (pulled.body, pulled.header("Content-Type")) == (both.data, media_type)


def test_an_index_may_hold_indexes(pusher, reader, repository):
    child = image(b"child")
    pusher.push_image(repository, child.digest, child)
    inner = index(child.manifest)
    pusher.push_manifest(repository, inner.digest, inner)
    outer = index(inner, annotations={"level": "outer"})
    pusher.push_manifest(repository, "nested", outer)
    assert reader.manifest(repository, "nested").body == outer.data


def test_unusual_white_space_is_kept(pusher, reader, repository):
    pushed = image(b"spaces")
    push_blobs(pusher, repository, pushed)
    loose = Content(OCI_MANIFEST, json.dumps(json.loads(pushed.manifest.data), indent=7).encode() + b"\n\n")
    pusher.push_manifest(repository, "loose", loose)
    assert reader.manifest(repository, "loose").body == loose.data


def test_a_manifest_need_not_repeat_its_media_type(pusher, reader, repository):
    pushed = image(b"untyped")
    push_blobs(pusher, repository, pushed)
    members = json.loads(pushed.manifest.data)
    del members["mediaType"]
    untyped = document(OCI_MANIFEST, members)
    pusher.push_manifest(repository, "untyped", untyped)
    assert reader.manifest(repository, "untyped").header("Content-Type") == OCI_MANIFEST


def test_a_manifest_of_nearly_four_megabytes_is_taken(pusher, reader, repository):
    large = image(b"large", annotations={f"key-{number}": "x" * 10_000 for number in range(390)})
    pusher.push_image(repository, "large", large)
    assert reader.manifest(repository, "large").body == large.manifest.data


def test_head_says_what_get_would_say(pusher, reader, repository):
    pushed = image(b"head")
    pusher.push_image(repository, "v1", pushed)
    for reference in ("v1", pushed.digest):
        head, got = reader.head(manifest_path(repository, reference)), reader.manifest(repository, reference)
        assert head.body == b""
        for name in ("Content-Type", "Content-Length", "Docker-Content-Digest", "ETag"):
            assert head.header(name) == got.header(name) is not None


@pytest.mark.parametrize("accept", ["application/json", "text/html", OCI_INDEX, "*/*", ""])
def test_what_the_client_accepts_does_not_hide_a_manifest(pusher, reader, repository, accept):
    pushed = image(b"accept")
    pusher.push_image(repository, "v1", pushed)
    assert reader.manifest(repository, "v1", [("Accept", accept)]).body == pushed.manifest.data


def test_the_namespace_a_mirror_client_names_does_no_harm(pusher, reader, repository):
    pushed = image(b"mirrored")
    pusher.push_image(repository, "v1", pushed)
    assert reader.get(manifest_path(repository, "v1"), ns="docker.io").body == pushed.manifest.data


# ---- what may be missing

def test_layers_that_may_not_be_distributed_need_not_be_there(pusher, reader, repository):
    for kind in ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
                 "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"):
        pushed = image(noise(99, kind), layer_type=kind)
        pusher.push_blob(repository, pushed.blobs[0].data)
        pusher.push_manifest(repository, "foreign", pushed.manifest)
        assert reader.manifest(repository, "foreign").body == pushed.manifest.data


def test_content_inside_its_descriptor_need_not_be_there(pusher, repository):
    empty = Content(OCI_EMPTY, b"{}")
    inline = document(OCI_MANIFEST, {
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": "application/vnd.example",
        "config": empty.descriptor(data="e30="), "layers": [empty.descriptor(data="e30=")]})
    pusher.push_manifest(repository, "inline", inline)


@pytest.mark.parametrize("missing", [0, 1], ids=["config", "layer"])
def test_an_image_whose_blobs_are_not_there_is_refused(pusher, reader, repository, missing):
    pushed = image(noise(50, repository), config=noise(60, repository))
    pusher.push_blob(repository, pushed.blobs[1 - missing].data)
    response = pusher.put_manifest(repository, "v1", pushed.manifest)
    assert (response.status, response.error) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert pushed.blobs[missing].digest in response.body.decode()
    assert reader.manifest(repository, "v1").status == 404


def test_an_index_whose_images_are_not_there_is_refused(pusher, repository):
    response = pusher.put_manifest(repository, "v1", index(image(b"absent").manifest))
    assert (response.status, response.error) == (400, "MANIFEST_BLOB_UNKNOWN")


def test_blobs_of_another_repository_do_not_count(pusher, repository):
    pushed = image(b"elsewhere", config=noise(70, repository))
    push_blobs(pusher, f"{repository}/other", pushed)
    assert pusher.put_manifest(repository, "v1", pushed.manifest).error == "MANIFEST_BLOB_UNKNOWN"


# ---- what is refused

def test_a_manifest_under_the_wrong_digest_is_digest_invalid(pusher, reader, repository, algorithm):
    pushed, wrong = image(b"mine"), digest_of(b"something else", algorithm)
    push_blobs(pusher, repository, pushed)
    response = pusher.put_manifest(repository, wrong, pushed.manifest)
    assert (response.status, response.error) == (400, "DIGEST_INVALID")
    assert reader.manifest(repository, wrong).status == 404


def test_a_manifest_that_says_another_media_type_is_refused(pusher, repository):
    pushed = image(b"liar")
    push_blobs(pusher, repository, pushed)
    response = pusher.put_manifest(repository, "v1", Content(DOCKER_MANIFEST, pushed.manifest.data))
    assert (response.status, response.error) == (400, "MANIFEST_INVALID")


@pytest.mark.parametrize("media_type", ["application/json", "application/octet-stream"])
def test_under_a_general_media_type_the_manifest_speaks_for_itself(pusher, reader, repository, media_type):
    pushed = image(b"general")
    push_blobs(pusher, repository, pushed)
    pusher.push_manifest(repository, "v1", Content(media_type, pushed.manifest.data))
    assert reader.manifest(repository, "v1").header("Content-Type") == OCI_MANIFEST


@pytest.mark.parametrize("media_type", ["text/plain", "application/vnd.oci.image.config.v1+json", "application/xml"])
def test_a_media_type_that_is_no_manifest_is_refused(pusher, repository, media_type):
    pushed = image(b"untold")
    push_blobs(pusher, repository, pushed)
    response = pusher.put_manifest(repository, "v1", Content(media_type, pushed.manifest.data))
    assert (response.status, response.error) == (400, "MANIFEST_INVALID")


def test_schema_1_is_refused_with_a_word_of_its_own(pusher, repository):
    old = document("application/vnd.docker.distribution.manifest.v1+prettyjws",
                   {"schemaVersion": 1, "name": repository, "tag": "v1", "fsLayers": [], "signatures": []})
    response = pusher.put_manifest(repository, "v1", old)
    assert (response.status, response.error) == (400, "MANIFEST_INVALID")
    assert "schema" in response.message


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("reference", ["unknown", digest_of(b"unknown"), digest_of(b"unknown", "sha512")])
def test_an_unknown_manifest_is_manifest_unknown(pusher, reader, repository, method, reference):
    pusher.push_image(repository, "v1", image(b"known"))
    response = reader.request(method, manifest_path(repository, reference))
    assert response.status == 404
    assert method == "HEAD" or response.error == "MANIFEST_UNKNOWN"


def test_a_repository_that_was_never_pushed_to_is_unknown(reader, repository):
    response = reader.manifest(repository, "v1")
    assert response.status == 404
    assert response.error in ("NAME_UNKNOWN", "MANIFEST_UNKNOWN")


# ---- tags

def test_a_tag_moves_to_the_manifest_pushed_last(pusher, reader, repository):
    first, second = image(b"first"), image(b"second")
    pusher.push_image(repository, "latest", first)
    pusher.push_image(repository, "latest", second)
    assert reader.manifest(repository, "latest").body == second.manifest.data
    assert reader.manifest(repository, first.digest).body == first.manifest.data


def test_several_tags_are_made_by_one_push(pusher, reader, repository, algorithm):
    pushed, tags = image(b"many", algorithm=algorithm), [f"tag-{number}" for number in range(12)]
    push_blobs(pusher, repository, pushed)
    response = pusher.push_manifest(repository, pushed.digest, pushed.manifest, tag=tags)
    assert sorted(response.all("OCI-Tag")) == sorted(tags)
    for tag in tags:
        pulled = reader.manifest(repository, tag)
        assert pulled.body == pushed.manifest.data
        # The algorithm the tag was pushed with, whatever else is known of the bytes.
        assert pulled.header("Docker-Content-Digest") == pushed.digest


def test_a_bad_tag_among_several_stores_nothing(pusher, reader, repository):
    pushed = image(b"bad tag")
    push_blobs(pusher, repository, pushed)
    response = pusher.put_manifest(repository, pushed.digest, pushed.manifest, tag=["good", "-bad"])
    assert response.status == 400
    assert reader.manifest(repository, "good").status == 404
    assert reader.manifest(repository, pushed.digest).status == 404


def test_far_too_many_tags_are_refused(pusher, repository):
    pushed = image(b"too many")
    push_blobs(pusher, repository, pushed)
    response = pusher.put_manifest(repository, pushed.digest, pushed.manifest,
                                   tag=[f"t{number}" for number in range(1000)])
    assert response.status == 414


def test_the_same_bytes_live_under_both_algorithms(pusher, reader, repository):
    pushed = image(b"both")
    push_blobs(pusher, repository, pushed)
    long_digest = digest_of(pushed.manifest.data, "sha512")
    pusher.push_manifest(repository, pushed.digest, pushed.manifest, tag="short")
    pusher.push_manifest(repository, long_digest, pushed.manifest, tag="long")
    assert reader.manifest(repository, "short").header("Docker-Content-Digest") == pushed.digest
    assert reader.manifest(repository, "long").header("Docker-Content-Digest") == long_digest


# ---- conditions (RFC 9110, 13)

@pytest.fixture
def current(pusher, repository):
    """The image that is tagged v1."""
    current = image(b"current")
    pusher.push_image(repository, "v1", current)
    return current


@pytest.fixture
def successor(pusher, repository):
    """An image whose manifest is still to be pushed."""
    successor = image(b"successor")
    push_blobs(pusher, repository, successor)
    return successor


def test_a_manifest_that_the_client_has_is_not_sent_again(reader, repository, current):
    tag = reader.manifest(repository, "v1").header("ETag")
    assert tag == f'"{current.digest}"'
    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = reader.manifest(repository, "v1", [("If-None-Match", condition)])
        assert (response.status, response.body, response.header("ETag")) == (304, b"", tag)
    assert reader.manifest(repository, "v1", [("If-None-Match", '"other"')]).status == 200


def test_a_push_that_must_create_does_not_overwrite(pusher, reader, repository, current, successor):
    only_new = [("If-None-Match", "*")]
    assert pusher.put_manifest(repository, "v1", successor.manifest, only_new).status == 412
    assert reader.manifest(repository, "v1").body == current.manifest.data
    assert pusher.put_manifest(repository, "v2", successor.manifest, only_new).status == 201


def test_a_push_that_replaces_a_known_manifest_finds_out_that_it_changed(pusher, reader, repository, current,
                                                                         successor):
    def put(reference, condition):
        return pusher.put_manifest(repository, reference, successor.manifest, [("If-Match", condition)]).status
    assert put("v1", f'"{successor.digest}"') == 412
    assert put("missing", "*") == 412
    assert reader.manifest(repository, "v1").body == current.manifest.data
    assert put("v1", f'"{current.digest}"') == 201
    assert reader.manifest(repository, "v1").body == successor.manifest.data


def test_a_delete_may_insist_on_what_it_deletes(owner, repository, current):
    path = manifest_path(repository, "v1")
    assert owner.request("DELETE", path, [("If-Match", '"other"')]).status == 412
    assert owner.manifest(repository, "v1").status == 200
    assert owner.request("DELETE", path, [("If-Match", f'"{current.digest}"')]).status == 202
    assert owner.manifest(repository, "v1").status == 404
