"""Docker's registry as a program that shares its folder with Moorgate: its content, its files, its API."""

import contextlib
import hashlib

from support.docker_registry import DockerRegistry
from support.images import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST
from support.registry import Registry

LAYOUT = "docker/registry/v2"
ACCEPTED = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST]


class PlainRegistry(Registry):
    """The client of support.registry, for a program whose answers are its own affair."""

    def check(self, method, target, response):
        pass


@contextlib.contextmanager
def docker_registry(site, name="docker-registry"):
    """Debian's docker-registry on the site's storage folder, and a client of it."""
    server = DockerRegistry(site.folder / name, site.store)
    try:
        with PlainRegistry(server.endpoint()) as client:
            client.server = server
            yield client
    finally:
        server.stop()


def links(site):
    return site.store / LAYOUT / "repositories"


def blob_file(site, digest):
    algorithm, value = digest.split(":")
    return site.store / LAYOUT / "blobs" / algorithm / value[:2] / value / "data"


def tree(site):
    """Every file that Docker's registry knows of, with its content's hash and its last change."""
    root = site.store / LAYOUT
    return {str(path.relative_to(root)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
            for path in root.rglob("*") if path.is_file()}


def content(client):
    """All that a client can see: repositories, tags, manifests, and the blobs that these name."""
    found = {}
    for repository in client.catalog(n=1000).json()["repositories"]:
        tags = client.tags(repository)
        for tag in (tags.json()["tags"] or []) if tags.status == 200 else []:
            found[repository, tag] = manifest_of(client, repository, tag, found)
    assert found
    return found


def manifest_of(client, repository, reference, found):
    """What a client gets for it: type, digest, bytes; everything below it goes into `found`."""
    answer = client.manifest(repository, reference, [("Accept", kind) for kind in ACCEPTED])
    assert answer.status == 200, (repository, reference, answer)
    digest = answer.header("Docker-Content-Digest")
    seen = (answer.header("Content-Type"), digest, answer.body)
    found[repository, digest] = seen
    document = answer.json()
    for child in document.get("manifests") or []:
        manifest_of(client, repository, child["digest"], found)
    for blob in [*([document["config"]] if "config" in document else []), *(document.get("layers") or [])]:
        answer = client.blob(repository, blob["digest"])
        assert answer.status == 200 and len(answer.body) == blob["size"], (repository, blob, answer)
        found[repository, blob["digest"]] = answer.body
    return seen
