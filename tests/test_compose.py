"""The supplied compose file and the image that it builds."""

import json
import shutil

import pytest

from support.command import eventually, run, said
from support.docker import DockerEngine
from support.docker_registry import DockerRegistry
from support.http import Endpoint
from support.image import SOURCE, context_of_the_built_program, make_base
from support.images import image
from support.registry import Registry


@pytest.fixture(scope="module")
def engine(module_folder):
    (module_folder / "engine").mkdir()
    engine = DockerEngine(module_folder / "engine")
    yield engine
    engine.stop()
    # What a container on the machine's network leaves mounted.
    run("umount", engine.folder / "exec/netns/default", check=False)


@pytest.fixture(scope="module")
def docker(engine, module_folder):
    client = engine.client("compose")
    make_base(client, module_folder)
    return client


@pytest.fixture(scope="module")
def project(docker, module_folder, authority):
    """The recipe's example, put where it can be changed. The engine of the tests has no networks of its
    own, so build and program use the machine's, and the program listens on loopback."""
    folder = module_folder / "recipe"
    shutil.copytree(SOURCE / "examples/recipe", folder)
    shutil.rmtree(folder / "auth")
    (folder / "auth").mkdir()
    authority.issue(folder / "auth/domain.crt", "localhost", "127.0.0.1")
    (folder / "auth/nginx.htpasswd").write_text(run("htpasswd", "-Bbn", "testuser", "testpassword").stdout)
    configuration = (folder / "moorgate.yml").read_text()
    assert "0.0.0.0:443" in configuration
    (folder / "moorgate.yml").write_text(configuration.replace("0.0.0.0:443", "127.0.0.1:0"))
    # Which the machine's network needs no port mapped for; Debian's docker-compose insists.
    file = folder / "docker-compose.yml"
    described = file.read_text()
    assert 'ports: ["5043:443"]' in described
    file.write_text(described.replace('ports: ["5043:443"]', "ports: []"))
    context = context_of_the_built_program(module_folder / "context")
    (folder / "docker-compose.override.yml").write_text(json.dumps({"services": {"registry": {
        "build": {"context": str(context), "network": "host"}, "network_mode": "host"}}}))
    return folder


def compose(docker, project, *arguments, **options):
    return run("docker-compose", *arguments, env=docker.environment, cwd=project, **options)


def start(docker, project, tls=None):
    """Starts what the file describes, and answers a client of it."""
    compose(docker, project, "up", "-d", timeout=300)
    def listening():
        lines = compose(docker, project, "logs", "--no-color", "registry").stdout.splitlines()
        entries = [json.loads(line[line.index("{"):]) for line in lines if "{" in line]
        return [entry["address"] for entry in entries if entry["message"] == "listening"]

    try:
        host, port = eventually(listening, "the container listens")[-1].rsplit(":", 1)
    except AssertionError as error:
        raise AssertionError(said(compose(docker, project, "ps")) + said(compose(docker, project, "logs"))) from error
    endpoint = Endpoint((host, int(port)), tls, "localhost")
    return Registry(endpoint, ("testuser", "testpassword"))


def test_the_compose_file_builds_and_runs_and_keeps_its_data(docker, project, authority):
    compose(docker, project, "build", timeout=900)
    try:
        with start(docker, project, authority.client_context()) as client:
            client.push_image("team/app", "v1", image(b"in a volume"))
        compose(docker, project, "down")
        with start(docker, project, authority.client_context()) as client:
            assert client.manifest("team/app", "v1").body == image(b"in a volume").manifest.data
        done = docker.run("run", "--rm", "--network", "host", "recipe_registry", "version")
        assert said(done).startswith("moorgate ")
    finally:
        compose(docker, project, "down", "--volumes", check=False)


def test_an_old_compose_file_changes_its_image_line_and_nothing_else(docker, project, module_folder):
    compose(docker, project, "build", timeout=900)
    folder = module_folder / "old"
    (folder / "auth").mkdir(parents=True)
    htpasswd = folder / "auth/htpasswd"
    htpasswd.write_text(run("htpasswd", "-Bbn", "testuser", "testpassword").stdout)
    before = image(b"from before")
    registry = DockerRegistry(folder / "before", folder / "data", htpasswd=htpasswd)
    with Registry(registry.endpoint(), ("testuser", "testpassword")) as client:
        client.push_image("team/old", "v1", before)
    registry.stop()
    (folder / "docker-compose.yml").write_text(json.dumps({"version": "3", "services": {"registry": {
        "image": "recipe_registry",  # was registry:2
        "network_mode": "host",
        "environment": {"REGISTRY_AUTH": "htpasswd", "REGISTRY_AUTH_HTPASSWD_REALM": "Registry",
                        "REGISTRY_AUTH_HTPASSWD_PATH": "/auth/htpasswd", "REGISTRY_HTTP_ADDR": "127.0.0.1:0"},
        "volumes": ["./data:/var/lib/registry", "./auth:/auth"]}}}))
    try:
        with start(docker, folder) as client:
            assert client.manifest("team/old", "v1").body == before.manifest.data
            client.push_image("team/new", "v1", image(b"from now on"))
            with Registry(client.endpoint) as stranger:
                assert stranger.request("GET", "/v2/").status == 401
    finally:
        compose(docker, folder, "down", check=False)
