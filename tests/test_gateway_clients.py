"""In front of an existing registry: real clients push to it and pull from it through the gate."""

import shutil

import pytest

from support.command import run, said
from support.containerd import Containerd
from support.containers import Containers
from support.docker import DockerEngine, trusted
from support.docker_registry import DockerRegistry
from support.images import greeting_image, write_layout
from support.moorgate import Site, password
from support.network import loopback_address


@pytest.fixture(scope="module")
def server(module_folder, authority):
    """On an address where docker demands TLS with a known authority."""
    behind = DockerRegistry(module_folder / "behind", module_folder / "store")
    try:
        with loopback_address() as address:
            site = Site(module_folder, authority).stand_in_front_of(behind.url)
            site.certificate = authority.issue(module_folder / "domain.crt", address)
            site.config["listen"] = [{"address": f"{address}:0"}]
            with site.start() as running:
                yield running
    finally:
        behind.stop()


@pytest.fixture
def host(server):
    return server.listeners[0]["address"]


@pytest.fixture
def layout(folder):
    """An image in an OCI layout."""
    image = greeting_image("hello through the gate")
    write_layout(folder / "layout", "1", image.manifest, image.blobs)
    return f"oci:{folder / 'layout'}:1"


def test_docker_logs_in_pushes_pulls_and_runs(server, host, module_folder):
    (module_folder / "engine").mkdir()
    engine = DockerEngine(module_folder / "engine")
    try:
        with trusted(host, server.site.authority):
            docker = engine.client("pusher")
            docker.make_image("hello", "hello from docker")
            assert "Login Succeeded" in said(docker.login(host, "pusher", password("pusher")))
            docker.run("tag", "hello", f"{host}/docker/hello")
            docker.run("push", f"{host}/docker/hello")
            docker.run("image", "rm", "hello", f"{host}/docker/hello")
            docker.run("pull", f"{host}/docker/hello")
            ran = docker.run("run", "--rm", "--network", "none", f"{host}/docker/hello")
            assert ran.stdout == "hello from docker"

            reader = engine.client("reader")
            reader.login(host, "reader", password("reader"))
            reader.run("tag", f"{host}/docker/hello", f"{host}/docker/unwelcome")
            refused = reader.run("push", f"{host}/docker/unwelcome", check=False)
            assert refused.returncode != 0
            for word in ("denied", "reader", "push", "docker/unwelcome"):
                assert word in said(refused)
    finally:
        engine.stop()


def test_podman_pushes_and_pulls(server, host, folder, layout):
    containers = Containers(folder, server.site.authority)
    try:
        containers.login(host, "pusher", password("pusher"))
        containers.podman("pull", "-q", layout)
        image = containers.podman("images", "-q").stdout.split()[0]
        containers.podman("push", "-q", *containers.trust, image, f"{host}/podman/hello:1")
        containers.podman("rmi", "-f", image)
        containers.podman("pull", "-q", *containers.trust, f"{host}/podman/hello:1")
        assert f"{host}/podman/hello" in containers.podman("images").stdout
    finally:
        shutil.rmtree(folder / "storage", ignore_errors=True)


def test_skopeo_copies_in_and_out_and_mounts_within(server, host, folder, layout):
    containers = Containers(folder, server.site.authority)
    containers.login(host, "pusher", password("pusher"))
    remote = f"docker://{host}/skopeo/hello"
    containers.copy(layout, f"{remote}:1")
    containers.copy(f"{remote}:1", f"{remote}/copy:1")
    mounted = server.log.wait("request", method="POST", repository="skopeo/hello/copy", status=201)
    assert "mount=" in mounted["target"]
    containers.copy(f"{remote}/copy:1", f"oci:{folder}/back:1")
    there, back = (containers.skopeo("inspect", "--raw", *containers.trust, image).stdout
                   for image in (f"{remote}:1", f"oci:{folder}/back:1"))
    assert there == back

    refused = containers.skopeo("delete", *containers.trust, f"{remote}:1", check=False)
    assert refused.returncode != 0 and "pusher" in said(refused)
    containers.login(host, "owner", password("owner"))
    containers.skopeo("delete", *containers.trust, f"{remote}:1")
    gone = containers.skopeo("inspect", *containers.trust, f"{remote}:1", check=False)
    assert gone.returncode != 0 and "manifest unknown" in said(gone).lower()


def test_ctr_pushes_pulls_and_runs(server, host, module_folder, folder):
    (module_folder / "containerd").mkdir()
    containerd = Containerd(module_folder / "containerd")
    try:
        hello = greeting_image("hello from containerd")
        write_layout(folder / "image", "1", hello.manifest, hello.blobs)
        run("tar", "-C", folder / "image", "-cf", folder / "image.tar", "oci-layout", "index.json", "blobs")
        image = f"{host}/ctr/hello:1"
        containerd.ctr("images", "import", "--base-name", f"{host}/ctr/hello", "--no-unpack", folder / "image.tar")
        hosts = containerd.trust(host, server.site.authority)

        def user(name):
            return "--hosts-dir", hosts, "--user", f"{name}:{password(name)}"
        containerd.ctr("images", "push", *user("pusher"), image)
        containerd.ctr("images", "rm", "--sync", image)
        containerd.ctr("images", "pull", *user("reader"), "--snapshotter", "native", image)
        assert containerd.ctr("run", "--rm", "--snapshotter", "native", image, "hello").stdout \
            == "hello from containerd"
    finally:
        containerd.stop()
