"""podman and buildah: log in, build, push, pull, run; refusals say why."""

import pytest

from support.command import said
from support.containers import Containers
from support.images import BUSYBOX
from support.moorgate import password

# Engines ask for more open files and processes than a test machine may be allowed to give.
MODEST = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")


@pytest.fixture
def containers(folder, authority):
    containers = Containers(folder, authority)
    yield containers
    containers.podman("image", "rm", "--all", "--force")


@pytest.fixture
def host(server):
    return server.address


def build(containers, name, greeting):
    container = containers.buildah("from", "scratch").stdout.strip()
    containers.buildah("copy", container, BUSYBOX, "/bin/busybox")
    containers.buildah("config", "--cmd", f'["/bin/busybox", "echo", "{greeting}"]', container)
    containers.buildah("commit", "--rm", container, name)


def test_podman_logs_in_pushes_pulls_and_runs(containers, host):
    image = f"{host}/podman/hello:1"
    build(containers, image, "hello from podman")
    assert "Login Succeeded" in containers.login(host, "pusher", password("pusher")).stdout
    containers.podman("push", *containers.trust, image)
    containers.podman("image", "rm", image)
    containers.podman("pull", *containers.trust, image)
    ran = containers.podman("run", "--rm", "--network", "none", *MODEST, image)
    assert ran.stdout == "hello from podman\n"


def test_buildah_builds_upon_a_pulled_image(containers, host):
    base, grown = f"{host}/buildah/base:1", f"{host}/buildah/grown:1"
    build(containers, base, "from the base")
    containers.login(host, "pusher", password("pusher"))
    containers.buildah("push", *containers.trust, base)
    containers.buildah("rmi", base)
    container = containers.buildah("from", *containers.trust, base).stdout.strip()
    containers.buildah("config", "--cmd", '["/bin/busybox", "echo", "grown"]', container)
    containers.buildah("commit", "--rm", container, grown)
    containers.buildah("push", *containers.trust, grown)
    containers.buildah("rmi", "--all", "--force")
    containers.buildah("pull", *containers.trust, grown)
    ran = containers.podman("run", "--rm", "--network", "none", *MODEST, grown)
    assert ran.stdout == "grown\n"


@pytest.mark.parametrize("kind", ["oci", "v2s2"])
def test_buildah_pushes_both_manifest_formats(containers, host, kind):
    image = f"{host}/buildah/{kind}:1"
    build(containers, "local", kind)
    containers.login(host, "pusher", password("pusher"))
    containers.buildah("push", *containers.trust, "--format", kind, "local", f"docker://{image}")
    containers.buildah("pull", *containers.trust, image)


def test_a_manifest_list_made_by_podman_is_pushed_with_all_its_images(containers, host, server):
    containers.login(host, "pusher", password("pusher"))
    containers.podman("manifest", "create", "many")
    for architecture in ("amd64", "arm64"):
        build(containers, f"local:{architecture}", architecture)
        containers.podman("manifest", "add", "--arch", architecture, "many",
                          f"containers-storage:localhost/local:{architecture}")
    containers.podman("manifest", "push", "--all", *containers.trust, "many", f"docker://{host}/podman/many:1")
    with server.client("reader") as reader:
        pushed = reader.manifest("podman/many", "1").json()["manifests"]
        assert {entry["platform"]["architecture"] for entry in pushed} == {"amd64", "arm64"}
        for entry in pushed:
            assert reader.manifest("podman/many", entry["digest"]).status == 200


def test_a_user_without_the_right_is_told_why_the_push_is_refused(containers, host):
    build(containers, "local", "unwelcome")
    containers.login(host, "reader", password("reader"))
    refused = containers.podman("push", *containers.trust, "local", f"docker://{host}/private/thing:1",
                                check=False)
    assert refused.returncode != 0
    for word in ("denied", "reader", "push", "private/thing"):
        assert word in said(refused)


def test_a_wrong_password_does_not_log_in(containers, host):
    refused = containers.login(host, "pusher", "wrong", check=False)
    assert refused.returncode != 0
    assert "invalid username/password" in said(refused)


def test_after_logout_a_pull_is_refused(containers, host):
    image = f"{host}/podman/closed:1"
    build(containers, image, "closed")
    containers.login(host, "pusher", password("pusher"))
    containers.podman("push", *containers.trust, image)
    containers.podman("logout", host)
    refused = containers.podman("pull", *containers.trust, image, check=False)
    assert refused.returncode != 0
    assert "unauthorized" in said(refused)
