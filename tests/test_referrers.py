"""Finding what refers to an image: signatures, SBOMs, attestations (end-12)."""

import json

import pytest

from support.images import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, Image, artifact, digest_of, image, index
from support.registry import next_page

SBOM = "application/vnd.example.sbom"
SIGNATURE = "application/vnd.example.signature"


@pytest.fixture
def subject(pusher, repository, algorithm):
    subject = image(b"subject", algorithm=algorithm)
    pusher.push_image(repository, subject.digest, subject)
    return subject.manifest


def referring(client, repository, digest, **query):
    """Descriptors of all referrers, over all pages."""
    response = client.referrers(repository, digest, **query)
    found = []
    while True:
        assert response.status == 200
        assert response.header("Content-Type") == OCI_INDEX
        answer = response.json()
        assert (answer["schemaVersion"], answer["mediaType"]) == (2, OCI_INDEX)
        found += answer["manifests"]
        if (page := next_page(response)) is None:
            return found
        response = client.get(page)


def push(client, repository, pushed):
    """Pushes by digest; the answer must say that the subject was understood."""
    response = client.push_image(repository, pushed.digest, pushed)
    assert response.header("OCI-Subject") == pushed_subject(pushed)
    return pushed


def pushed_subject(pushed):
    return json.loads(pushed.manifest.data)["subject"]["digest"]


def test_nobody_refers_to_what_nobody_knows(reader, repository, algorithm):
    assert referring(reader, f"{repository}/never/pushed", digest_of(b"unknown", algorithm)) == []


def test_a_referrer_is_described_with_type_size_and_annotations(pusher, reader, repository, subject, algorithm):
    notes = {"org.example.a": "1", "org.example.b": "zwei – ☃", "org.example.empty": ""}
    sbom = push(pusher, repository, artifact(SBOM, subject, annotations=notes, algorithm=algorithm))
    assert referring(reader, repository, subject.digest) == [{
        "mediaType": OCI_MANIFEST, "digest": sbom.digest, "size": len(sbom.manifest.data),
        "artifactType": SBOM, "annotations": notes}]


def test_an_image_without_artifact_type_shows_its_config_type(pusher, reader, repository, subject):
    push(pusher, repository, image(b"plain", subject=subject.descriptor()))
    [found] = referring(reader, repository, subject.digest)
    assert found["artifactType"] == OCI_CONFIG


@pytest.mark.parametrize("members", [{}, {"artifactType": SBOM}])
def test_an_index_may_refer_too(pusher, reader, repository, subject, members):
    referrer = push(pusher, repository, Image(index(subject=subject.descriptor(), **members)))
    [found] = referring(reader, repository, subject.digest)
    assert (found["digest"], found["mediaType"]) == (referrer.digest, OCI_INDEX)
    assert found.get("artifactType") == members.get("artifactType")


def test_a_subject_may_come_later_or_never(pusher, reader, repository, algorithm):
    absent = image(b"never pushed", algorithm=algorithm).manifest
    sbom = push(pusher, repository, artifact(SBOM, absent))
    assert [found["digest"] for found in referring(reader, repository, absent.digest)] == [sbom.digest]


def test_children_of_an_index_refer_on_their_own(pusher, reader, repository, subject):
    child = push(pusher, repository, artifact(SBOM, subject))
    parent = push(pusher, repository, Image(index(child.manifest, subject=child.manifest.descriptor())))
    assert [found["digest"] for found in referring(reader, repository, subject.digest)] == [child.digest]
    assert [found["digest"] for found in referring(reader, repository, child.digest)] == [parent.digest]


def test_referrers_are_filtered_by_artifact_type(pusher, reader, repository, subject):
    signature = push(pusher, repository, artifact(SIGNATURE, subject))
    push(pusher, repository, artifact(SBOM, subject))
    response = reader.referrers(repository, subject.digest, artifactType=SIGNATURE)
    assert response.header("OCI-Filters-Applied") == "artifactType"
    assert [found["digest"] for found in response.json()["manifests"]] == [signature.digest]
    assert reader.referrers(repository, subject.digest, artifactType="none/such").json()["manifests"] == []


def test_without_a_filter_none_is_claimed(reader, repository, subject):
    assert reader.referrers(repository, subject.digest).header("OCI-Filters-Applied") is None


def test_a_deleted_referrer_is_gone_at_once(owner, repository, subject):
    sbom = push(owner, repository, artifact(SBOM, subject))
    assert owner.delete(f"/v2/{repository}/manifests/{sbom.digest}").status == 202
    assert referring(owner, repository, subject.digest) == []


def test_referrers_of_another_repository_do_not_show(pusher, reader, repository, subject):
    push(pusher, f"{repository}/other", artifact(SBOM, subject))
    assert referring(reader, repository, subject.digest) == []


def test_a_fallback_tag_of_an_older_client_is_an_ordinary_index(pusher, reader, repository, subject):
    sbom = push(pusher, repository, artifact(SBOM, subject))
    fallback = index(sbom.manifest)
    name, encoded = subject.digest.split(":")
    pusher.push_manifest(repository, f"{name}-{encoded[:64]}", fallback)
    assert reader.manifest(repository, f"{name}-{encoded[:64]}").body == fallback.data
    assert [found["digest"] for found in referring(reader, repository, subject.digest)] == [sbom.digest]


def test_hundreds_of_referrers_are_all_found(pusher, reader, repository, subject):
    pushed = {push(pusher, repository, artifact(SBOM, subject, annotations={"number": str(number)})).digest
              for number in range(150)}
    assert {found["digest"] for found in referring(reader, repository, subject.digest)} == pushed


@pytest.mark.parametrize("digest", ["sha256:abc", "latest", "md5:" + "0" * 32])
def test_a_bad_digest_is_digest_invalid(reader, repository, digest):
    response = reader.referrers(repository, digest)
    assert (response.status, response.error) == (400, "DIGEST_INVALID")
