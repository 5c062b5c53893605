"""containerd's own client pushes, pulls and runs."""

import pytest

from support.command import run, said
from support.containerd import Containerd
from support.images import OCI_INDEX, document, greeting_image, write_layout
from support.moorgate import password


@pytest.fixture(scope="module")
def containerd(module_folder):
    (module_folder / "containerd").mkdir()
    containerd = Containerd(module_folder / "containerd")
    yield containerd
    containerd.stop()


@pytest.fixture
def load(containerd, folder):
    """Puts an image or index with its contents into containerd, tagged 1."""
    def load(name, root, *contents):
        write_layout(folder, "1", root, contents)
        archive = folder / "image.tar"
        run("tar", "-C", folder, "-cf", archive, "oci-layout", "index.json", "blobs")
        containerd.ctr("images", "import", "--base-name", name, "--all-platforms", "--no-unpack", archive)
        return f"{name}:1"
    return load


@pytest.fixture
def flags(containerd, server):
    """What ctr must be told about the registry: whom to trust, who asks."""
    hosts = containerd.trust(server.address, server.site.authority)
    return lambda user, secret=None: (
        "--hosts-dir", hosts, "--user", f"{user}:{password(user) if secret is None else secret}")


def forget(containerd, image):
    containerd.ctr("images", "rm", "--sync", image)


def test_ctr_pushes_pulls_and_runs(containerd, load, flags, server):
    hello = greeting_image("hello from containerd")
    image = load(f"{server.address}/ctr/hello", hello.manifest, *hello.blobs)
    containerd.ctr("images", "push", *flags("pusher"), image)
    forget(containerd, image)
    containerd.ctr("images", "pull", *flags("reader"), "--snapshotter", "native", image)
    ran = containerd.ctr("run", "--rm", "--snapshotter", "native", image, "hello")
    assert ran.stdout == "hello from containerd"


def test_ctr_pushes_and_pulls_an_index_with_all_its_platforms(containerd, load, flags, server):
    images = {name: greeting_image(name, name) for name in ("amd64", "arm64")}
    both = document(OCI_INDEX, {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [
        image.manifest.descriptor(platform={"architecture": name, "os": "linux"})
        for name, image in images.items()]})
    contents = [content for image in images.values() for content in (image.manifest, *image.blobs)]
    name = load(f"{server.address}/ctr/many", both, *contents)
    containerd.ctr("images", "push", *flags("pusher"), name)
    forget(containerd, name)
    containerd.ctr("content", "fetch", *flags("reader"), "--all-platforms", name)
    kept = containerd.ctr("content", "ls", "--quiet").stdout.split()
    assert {content.digest for content in (both, *contents)} <= set(kept)


def test_ctr_is_told_why_a_push_is_refused(containerd, load, flags, server):
    unwelcome = greeting_image("unwelcome")
    image = load(f"{server.address}/private/thing", unwelcome.manifest, *unwelcome.blobs)
    refused = containerd.ctr("images", "push", *flags("reader"), image, check=False)
    assert refused.returncode != 0
    assert "403" in said(refused)


def test_ctr_is_refused_with_a_wrong_password(containerd, flags, server):
    refused = containerd.ctr("images", "pull", *flags("reader", "wrong"),
                             f"{server.address}/ctr/anything:1", check=False)
    assert refused.returncode != 0
    assert "401" in said(refused) or "authorization failed" in said(refused)
