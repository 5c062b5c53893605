"""skopeo copies in all directions, and what it copies out is what it copied in."""

import json
import shutil

import pytest

from support.command import run, said
from support.containers import Containers
from support.images import (DOCKER_CONFIG, DOCKER_LIST, OCI_CONFIG, OCI_INDEX, document, greeting_image,
                            write_layout)
from support.moorgate import password


@pytest.fixture
def containers(folder, authority, server):
    containers = Containers(folder, authority)
    containers.login(server.address, "pusher", password("pusher"))
    yield containers
    shutil.rmtree(folder / "storage", ignore_errors=True)


@pytest.fixture
def remote(server, repository):
    """Where a test pushes to."""
    return f"docker://{server.address}/{repository}"


@pytest.fixture
def layout(folder):
    """An image in an OCI layout."""
    image = greeting_image("hello from skopeo")
    write_layout(folder / "layout", "1", image.manifest, image.blobs)
    return f"oci:{folder / 'layout'}:1"


@pytest.fixture
def many(folder):
    """An index of three images in an OCI layout."""
    images = {name: greeting_image(name, name) for name in ("amd64", "arm64", "s390x")}
    root = document(OCI_INDEX, {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        image.manifest.descriptor(platform={"architecture": name, "os": "linux"})
        for name, image in images.items()]})
    contents = [content for image in images.values() for content in (image.manifest, *image.blobs)]
    write_layout(folder / "many", "1", root, contents)
    return f"oci:{folder / 'many'}:1"


def manifest_digest(containers, image):
    raw = containers.skopeo("inspect", "--raw", *containers.trust, image).stdout
    return run("sha256sum", stdin=raw).stdout.split()[0]


def layers_of(containers, image):
    return json.loads(containers.skopeo("inspect", *containers.trust, image).stdout)["Layers"]


@pytest.mark.parametrize("transport", ["dir:{}", "oci:{}:1", "oci-archive:{}:1"])
def test_an_image_comes_back_unchanged(containers, layout, remote, folder, transport):
    there, back = (transport.format(folder / name) for name in ("there", "back"))
    containers.copy(layout, there)
    containers.copy(there, f"{remote}:1")
    containers.copy(f"{remote}:1", back)
    assert manifest_digest(containers, there) == manifest_digest(containers, f"{remote}:1")
    assert manifest_digest(containers, there) == manifest_digest(containers, back)


def test_a_docker_archive_is_pushed_and_pulled(containers, layout, remote, folder):
    containers.copy(layout, f"docker-archive:{folder}/there.tar:hello:1")
    containers.copy(f"docker-archive:{folder}/there.tar", f"{remote}:1")
    containers.copy(f"{remote}:1", f"docker-archive:{folder}/back.tar:hello:1")
    assert layers_of(containers, f"docker-archive:{folder}/there.tar") \
        == layers_of(containers, f"docker-archive:{folder}/back.tar")


def test_an_image_goes_to_and_from_the_containers_storage(containers, layout, remote, folder):
    local = f"containers-storage:[vfs@{folder}/storage+{folder}/run]localhost/hello:1"
    containers.copy(layout, local)
    containers.copy(local, f"{remote}:1")
    containers.copy(f"{remote}:1", local)


@pytest.mark.parametrize("kind, config_type", [("v2s2", DOCKER_CONFIG), ("oci", OCI_CONFIG)])
def test_an_image_is_converted_on_the_way(containers, layout, remote, folder, kind, config_type):
    containers.copy(layout, f"{remote}:1", "--format", kind)
    raw = containers.skopeo("inspect", "--raw", *containers.trust, f"{remote}:1").stdout
    assert json.loads(raw)["config"]["mediaType"] == config_type
    containers.copy(f"{remote}:1", f"dir:{folder}/back")


def test_a_copy_within_the_registry_mounts_the_blobs(containers, layout, remote, server, repository):
    containers.copy(layout, f"{remote}:1")
    containers.copy(f"{remote}:1", f"{remote}/copy:1")
    mounted = server.log.wait("request", method="POST", repository=f"{repository}/copy", status=201)
    assert "mount=" in mounted["target"]


@pytest.mark.parametrize("transport", ["dir:{}", "oci:{}:1"])
def test_an_index_is_copied_with_all_its_images(containers, many, remote, folder, transport):
    back = transport.format(folder / "back")
    containers.copy(many, f"{remote}:1", "--all")
    containers.copy(f"{remote}:1", f"{remote}/second:1", "--all")
    containers.copy(f"{remote}/second:1", back, "--all")
    assert manifest_digest(containers, many) == manifest_digest(containers, back)


def test_an_index_is_copied_as_a_docker_manifest_list(containers, many, remote, folder):
    containers.copy(many, f"{remote}:1", "--all", "--format", "v2s2")
    raw = containers.skopeo("inspect", "--raw", *containers.trust, f"{remote}:1").stdout
    assert json.loads(raw)["mediaType"] == DOCKER_LIST
    containers.copy(f"{remote}:1", f"dir:{folder}/back", "--all")


def test_one_image_of_an_index_is_pulled_by_platform(containers, many, remote, folder):
    containers.copy(many, f"{remote}:1", "--all")
    containers.skopeo("--override-arch", "arm64", "copy", "--src-cert-dir", containers.certificates,
                      f"{remote}:1", f"dir:{folder}/back")
    config = containers.skopeo("inspect", "--config", f"dir:{folder}/back").stdout
    assert json.loads(config)["architecture"] == "arm64"


def test_an_image_is_pulled_by_digest(containers, layout, remote, folder):
    containers.copy(layout, f"{remote}:1")
    digest = manifest_digest(containers, f"{remote}:1")
    containers.copy(f"{remote}@sha256:{digest}", f"dir:{folder}/back")


def test_tags_are_listed_and_a_repository_is_synced(containers, layout, remote, server, repository, folder):
    for tag in ("1", "2"):
        containers.copy(layout, f"{remote}:{tag}")
    listed = containers.skopeo("list-tags", *containers.trust, remote).stdout
    assert json.loads(listed)["Tags"] == ["1", "2"]
    containers.skopeo("sync", "--src", "docker", "--dest", "dir", "--src-cert-dir", containers.certificates,
                      f"{server.address}/{repository}", folder / "synced")
    assert len(list((folder / "synced").glob("*"))) == 2


def test_an_image_is_deleted_by_who_may(containers, layout, remote, server):
    containers.copy(layout, f"{remote}:1")
    refused = containers.skopeo("delete", *containers.trust, f"{remote}:1", check=False)
    assert refused.returncode != 0
    assert "delete" in said(refused) and "pusher" in said(refused)
    containers.login(server.address, "owner", password("owner"))
    containers.skopeo("delete", *containers.trust, f"{remote}:1")
    gone = containers.skopeo("inspect", *containers.trust, f"{remote}:1", check=False)
    assert gone.returncode != 0
    assert "manifest unknown" in said(gone).lower()


def test_a_push_without_the_right_says_why(containers, layout, server):
    containers.login(server.address, "reader", password("reader"))
    refused = containers.copy(layout, f"docker://{server.address}/private/thing:1", check=False)
    assert refused.returncode != 0
    for word in ("denied", "reader", "push", "private/thing"):
        assert word in said(refused)
