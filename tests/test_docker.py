"""A real docker engine does what the old recipe's README says: login, tag, push, pull, run."""

import pytest

from support.command import run, said
from support.docker import DockerEngine, trusted
from support.moorgate import Site
from support.network import loopback_address


@pytest.fixture(scope="module")
def engine(module_folder):
    (module_folder / "engine").mkdir()
    engine = DockerEngine(module_folder / "engine")
    yield engine
    engine.stop()


@pytest.fixture(scope="module")
def registry(module_folder, authority):
    """A server on an address where docker demands TLS with a known authority. Its users come from
    the recipe's own password file: testuser may push, visitor may not."""
    with loopback_address() as address:
        site = Site(module_folder, authority)
        site.certificate = authority.issue(module_folder / "domain.crt", address)
        site.config["listen"] = [{"address": f"{address}:0"}]
        site.config["users"] = [{"htpasswd": "auth/nginx.htpasswd"}]
        site.config["groups"] = {"pushers": ["testuser"]}
        site.config["access"] = [
            {"who": "signed-in", "repositories": "**", "allow": ["pull"]},
            {"who": "group:pushers", "repositories": "**", "allow": ["pull", "push"]},
        ]
        (module_folder / "auth").mkdir()
        (module_folder / "auth/nginx.htpasswd").write_text(
            run("htpasswd", "-Bbn", "testuser", "testpassword").stdout
            + run("htpasswd", "-Bbn", "visitor", "visitorpassword").stdout)
        with site.start() as server, trusted(server.listeners[0]["address"], authority):
            yield server


@pytest.fixture
def docker(engine, request):
    return engine.client(request.node.name)


@pytest.fixture
def host(registry):
    return registry.listeners[0]["address"]


def test_login_tag_push_pull_and_run(docker, host):
    docker.make_image("hello", "hello here")
    assert "Login Succeeded" in said(docker.login(host, "testuser", "testpassword"))
    docker.run("tag", "hello", f"{host}/test")
    docker.run("push", f"{host}/test")
    docker.run("image", "rm", "hello", f"{host}/test")
    docker.run("pull", f"{host}/test")
    assert docker.run("run", "--rm", "--network", "none", f"{host}/test").stdout == "hello here"


def test_a_second_push_finds_the_layers_there(docker, host):
    docker.make_image("again", "again here")
    docker.login(host, "testuser", "testpassword")
    for tag in ("first", "second"):
        docker.run("tag", "again", f"{host}/layers:{tag}")
        pushed = docker.run("push", f"{host}/layers:{tag}")
    assert "Layer already exists" in pushed.stdout


def test_a_push_to_another_repository_mounts_the_layers(docker, host):
    docker.make_image("mounted", "mounted here")
    docker.login(host, "testuser", "testpassword")
    docker.run("tag", "mounted", f"{host}/from")
    docker.run("push", f"{host}/from")
    docker.run("tag", "mounted", f"{host}/to")
    assert "Mounted from from" in docker.run("push", f"{host}/to").stdout


def test_a_user_outside_the_group_is_told_why_the_push_is_refused(docker, host):
    docker.make_image("unwelcome", "unwelcome here")
    docker.login(host, "visitor", "visitorpassword")
    docker.run("tag", "unwelcome", f"{host}/private/thing")
    refused = docker.run("push", f"{host}/private/thing", check=False)
    assert refused.returncode != 0
    for word in ("denied", "visitor", "push", "private/thing"):
        assert word in said(refused)


def test_a_user_outside_the_group_may_pull(docker, engine, host):
    docker.make_image("shared", "shared here")
    docker.run("tag", "shared", f"{host}/shared")
    docker.login(host, "testuser", "testpassword")
    docker.run("push", f"{host}/shared")
    docker.run("image", "rm", f"{host}/shared")
    visitor = engine.client("visitor")
    visitor.login(host, "visitor", "visitorpassword")
    visitor.run("pull", f"{host}/shared")


@pytest.mark.parametrize("user, secret", [("testuser", "wrong"), ("nobody", "testpassword")])
def test_a_wrong_name_or_password_does_not_log_in(docker, host, user, secret):
    refused = docker.login(host, user, secret, check=False)
    assert refused.returncode != 0
    assert "unauthorized" in said(refused).lower()


def test_after_logout_neither_pull_nor_push_is_possible(docker, host):
    docker.make_image("closed", "closed here")
    docker.login(host, "testuser", "testpassword")
    docker.run("tag", "closed", f"{host}/closed")
    docker.run("push", f"{host}/closed")
    docker.run("logout", host)
    for verb in ("pull", "push"):
        refused = docker.run(verb, f"{host}/closed", check=False)
        assert refused.returncode != 0
        assert "no basic auth credentials" in said(refused)
