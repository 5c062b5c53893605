"""Listing tags and repositories, page by page (end-8, _catalog), and deleting what they show (end-9, end-10)."""

import pytest

from support.images import digest_of, image, index
from support.registry import blob_path, manifest_path, next_page

# Byte order: digits, capitals, underscore, small letters.
TAGS = ["0.9", "1.0", "1.10", "1.2", "Beta", "_x", "latest", "v1", "v1-rc", "v1.1", "v10"]


@pytest.fixture
def tagged(owner, repository):
    """An image with all of TAGS."""
    tagged = image(b"tagged")
    owner.push_image(repository, tagged.digest, tagged)
    owner.push_manifest(repository, tagged.digest, tagged.manifest, tag=TAGS[:5][::-1])
    owner.push_manifest(repository, tagged.digest, tagged.manifest, tag=TAGS[5:])
    return tagged


def pages(client, first, key):
    """Every page's names, from the first answer on."""
    while True:
        assert first.status == 200
        yield first.json()[key]
        if (page := next_page(first)) is None:
            return
        first = client.get(page)


# ---- tags

def test_tags_are_listed_in_byte_order(reader, repository, tagged):
    response = reader.tags(repository)
    assert response.json() == {"name": repository, "tags": TAGS}
    assert response.header("Content-Type") == "application/json"
    assert next_page(response) is None


@pytest.mark.parametrize("size", [1, 3, 5, 11, 12])
def test_tags_are_listed_page_by_page(reader, repository, tagged, size):
    listed = list(pages(reader, reader.tags(repository, n=size), "tags"))
    assert sum(listed, []) == TAGS
    assert all(len(page) == size for page in listed[:-1])
    assert listed[-1] != []


def test_a_list_starts_after_the_last_name(reader, repository, tagged):
    assert reader.tags(repository, last="1.2").json()["tags"] == TAGS[4:]
    assert reader.tags(repository, last="1.2", n=2).json()["tags"] == TAGS[4:6]
    # A name that is not there has its place all the same.
    assert reader.tags(repository, last="1.1").json()["tags"] == TAGS[2:]
    assert reader.tags(repository, last="zzz").json()["tags"] == []


def test_a_page_of_nothing_is_empty_and_leads_nowhere(reader, repository, tagged):
    response = reader.tags(repository, n=0)
    assert response.json()["tags"] == []
    assert next_page(response) is None


def test_a_huge_page_is_capped_not_refused(reader, repository, tagged):
    assert reader.tags(repository, n=1_000_000).json()["tags"] == TAGS


@pytest.mark.parametrize("size", ["-1", "abc", "1.5", "", "99999999999999999999999"])
@pytest.mark.parametrize("path", ["/v2/{}/tags/list", "/v2/_catalog"])
def test_a_page_size_that_is_no_number_is_refused(reader, repository, tagged, path, size):
    response = reader.get(path.format(repository), n=size)
    assert (response.status, response.error) == (400, "PAGINATION_NUMBER_INVALID")


def test_tags_of_an_unknown_repository_are_name_unknown(reader, repository):
    response = reader.tags(repository)
    assert (response.status, response.error) == (404, "NAME_UNKNOWN")


def test_a_repository_without_tags_lists_none_not_null(reader, owner, repository):
    untagged = image(b"untagged")
    owner.push_image(repository, untagged.digest, untagged)
    assert reader.tags(repository).json() == {"name": repository, "tags": []}


# ---- the catalog

def test_repositories_are_listed_page_by_page_in_byte_order(owner, reader, repository):
    names = sorted(f"{repository}/{part}" for part in ("a", "a-b", "a/b", "b", "b.c", "c", "c__d"))
    for name in names:
        owner.push_image(name, "v1", image(b"catalog"))
    whole = reader.catalog(n=1000).json()["repositories"]
    assert whole == sorted(whole)
    assert [name for name in whole if name.startswith(f"{repository}/")] == names
    assert sum(pages(reader, reader.catalog(n=2), "repositories"), []) == whole
    assert reader.catalog(last=names[2], n=2).json()["repositories"] == names[3:5]


def test_a_repository_appears_with_its_first_manifest(owner, reader, repository):
    owner.push_blob(repository, b"only a blob")
    assert repository not in reader.catalog(n=1000).json()["repositories"]
    owner.push_image(repository, "v1", image(b"catalog"))
    assert repository in reader.catalog(n=1000).json()["repositories"]


def test_a_large_catalog_is_asked_for_as_scripts_do(reader):
    assert reader.catalog(n=10_000).status == 200


# ---- deletes

def test_a_deleted_tag_leaves_the_manifest_and_its_other_tags(owner, reader, repository, tagged):
    assert owner.delete(manifest_path(repository, "latest")).status == 202
    assert reader.head(manifest_path(repository, "latest")).status == 404
    assert "latest" not in reader.tags(repository).json()["tags"]
    assert reader.manifest(repository, "v1").status == 200
    assert reader.manifest(repository, tagged.digest).status == 200


def test_a_deleted_manifest_takes_its_tags_along(owner, reader, repository, tagged):
    assert owner.delete(manifest_path(repository, tagged.digest)).status == 202
    for reference in (tagged.digest, *TAGS):
        assert reader.head(manifest_path(repository, reference)).status == 404


def test_a_deleted_index_leaves_its_images(owner, reader, repository, algorithm):
    child = image(b"child", algorithm=algorithm)
    owner.push_image(repository, child.digest, child)
    parent = index(child.manifest, algorithm=algorithm)
    owner.push_manifest(repository, parent.digest, parent)
    assert owner.delete(manifest_path(repository, parent.digest)).status == 202
    assert reader.manifest(repository, parent.digest).status == 404
    assert reader.manifest(repository, child.digest).status == 200


def test_a_deleted_blob_is_gone_at_once(owner, reader, repository, algorithm):
    digest = owner.push_blob(repository, b"short life", algorithm)
    assert owner.delete(blob_path(repository, digest)).status == 202
    assert reader.head(blob_path(repository, digest)).status == 404
    assert owner.delete(blob_path(repository, digest)).error == "BLOB_UNKNOWN"


def test_what_was_deleted_can_be_pushed_again(owner, reader, repository, tagged):
    for blob in tagged.blobs:
        assert owner.delete(blob_path(repository, blob.digest)).status == 202
    assert owner.delete(manifest_path(repository, tagged.digest)).status == 202
    owner.push_image(repository, "again", tagged)
    assert reader.manifest(repository, "again").body == tagged.manifest.data


@pytest.mark.parametrize("reference", ["unknown", digest_of(b"unknown"), digest_of(b"unknown", "sha512")])
def test_what_is_not_there_cannot_be_deleted(owner, repository, tagged, reference):
    response = owner.delete(manifest_path(repository, reference))
    assert (response.status, response.error) == (404, "MANIFEST_UNKNOWN")
