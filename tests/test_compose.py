"""The supplied compose file and the image that it builds."""

import json
import shutil

import pytest

from support.command import eventually, run, said
from support.docker import DockerEngine
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


def start(docker, project, authority):
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
    endpoint = Endpoint((host, int(port)), authority.client_context(), "localhost")
    return Registry(endpoint, ("testuser", "testpassword"))


def test_the_compose_file_builds_and_runs_and_keeps_its_data(docker, project, authority):
    compose(docker, project, "build", timeout=900)
    try:
        with start(docker, project, authority) as client:
            client.push_image("team/app", "v1", image(b"in a volume"))
        compose(docker, project, "down")
        with start(docker, project, authority) as client:
            assert client.manifest("team/app", "v1").body == image(b"in a volume").manifest.data
        done = docker.run("run", "--rm", "--network", "host", "recipe_registry", "version")
        assert said(done).startswith("moorgate ")
    finally:
        compose(docker, project, "down", "--volumes", check=False)
