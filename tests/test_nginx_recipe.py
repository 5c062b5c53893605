"""The old recipe's nginx, unchanged, with Moorgate in the place of the registry behind it."""

import pytest

from support.command import run, said
from support.containers import Containers
from support.docker import DockerEngine, trusted
from support.http import Connection
from support.images import greeting_image, noise, write_layout
from support.moorgate import Site
from support.network import loopback_address
from support.nginx import RecipeNginx
from support.registry import basic


@pytest.fixture(scope="module")
def behind(module_folder, authority):
    """Moorgate on a Unix socket, with the recipe's own password file."""
    site = Site(module_folder, authority)
    site.config["listen"] = [{"address": f"unix:{module_folder}/moorgate.sock", "tls": "off"}]
    site.config["users"] = [{"htpasswd": "nginx.htpasswd"}]
    site.config["groups"] = {"pushers": ["testuser"]}
    (module_folder / "nginx.htpasswd").write_text(
        run("htpasswd", "-Bbn", "testuser", "testpassword").stdout
        + run("htpasswd", "-Bbn", "visitor", "visitorpassword").stdout)
    del site.config["access"][2]
    with site.start() as server:
        yield server


@pytest.fixture(scope="module")
def nginx(module_folder, authority, behind):
    with loopback_address() as address:
        (module_folder / "nginx").mkdir()
        certificate = authority.issue(module_folder / "nginx.crt", address)
        nginx = RecipeNginx(module_folder / "nginx", address, behind.listeners[0]["address"], certificate,
                            module_folder / "nginx.htpasswd")
        with trusted(nginx.address, authority):
            yield nginx
        nginx.stop()


@pytest.fixture
def client(nginx, behind, authority):
    with behind.client("testuser", "testpassword", nginx.endpoint(authority)) as client:
        yield client


@pytest.fixture(scope="module")
def docker(module_folder):
    (module_folder / "engine").mkdir()
    engine = DockerEngine(module_folder / "engine")
    yield engine.client("recipe")
    engine.stop()


def test_docker_logs_in_pushes_pulls_and_runs_through_nginx(docker, nginx):
    image = f"{nginx.address}/test"
    docker.make_image(image, "hello through nginx")
    assert "Login Succeeded" in said(docker.login(nginx.address, "testuser", "testpassword"))
    docker.run("push", image)
    docker.run("image", "rm", image)
    docker.run("pull", image)
    assert docker.run("run", "--rm", "--network", "none", image).stdout == "hello through nginx"


def test_docker_cannot_log_in_with_a_wrong_password(docker, nginx):
    assert docker.login(nginx.address, "testuser", "wrong", check=False).returncode != 0


def test_docker_is_told_why_a_visitor_may_not_push(docker, nginx):
    image = f"{nginx.address}/private/thing"
    docker.make_image(image, "unwelcome")
    docker.login(nginx.address, "visitor", "visitorpassword")
    refused = docker.run("push", image, check=False)
    assert refused.returncode != 0
    for word in ("denied", "visitor", "push", "private/thing"):
        assert word in said(refused)


def test_skopeo_pushes_and_pulls_through_nginx(folder, authority, nginx):
    containers = Containers(folder, authority)
    image = greeting_image("hello from skopeo")
    write_layout(folder / "layout", "1", image.manifest, image.blobs)
    containers.login(nginx.address, "testuser", "testpassword")
    containers.copy(f"oci:{folder}/layout:1", f"docker://{nginx.address}/skopeo/hello:1")
    containers.copy(f"docker://{nginx.address}/skopeo/hello:1", f"oci:{folder}/back:1")
    for content in (image.manifest, *image.blobs):
        assert (folder / "back/blobs" / content.digest.replace(":", "/")).read_bytes() == content.data


def test_every_way_to_upload_works_through_nginx(client):
    data = noise(3_000_000, "nginx")
    client.push_blob("ways/monolithic", data)
    upload = client.start_upload("ways/chunked")
    for start in range(0, len(data), 1_000_000):
        response = client.append(upload, data[start:start + 1_000_000], start)
        assert response.status == 202
        upload = response.header("Location")
    digest = client.push_blob("ways/again", data)
    assert client.finish_upload(upload, digest).status == 201
    assert client.blob("ways/chunked", digest).body == data
    part = client.blob("ways/chunked", digest, [("Range", "bytes=1000000-1999999")])
    assert (part.status, part.body) == (206, data[1_000_000:2_000_000])


def test_a_streamed_upload_of_unknown_length_works_through_nginx(client):
    pieces = [noise(200_000, f"piece {number}") for number in range(5)]
    upload = client.start_upload("ways/streamed")
    response = client.request("PATCH", upload, [("Content-Type", "application/octet-stream")], iter(pieces))
    assert response.status == 202
    assert response.header("Range") == "0-999999"


def test_the_api_version_header_is_there_exactly_once(client, nginx, authority):
    endpoint = nginx.endpoint(authority)
    for headers, status in (((), 401), (client.authorization, 200), ([basic("testuser", "wrong")], 401)):
        with Connection(endpoint) as connection:
            response = connection.request("GET", "/v2/", headers)
        assert response.status == status
        assert response.header("Docker-Distribution-Api-Version") == "registry/2.0"


def test_docker_1_5_is_turned_away_as_the_recipe_wants(client, nginx, authority):
    with Connection(nginx.endpoint(authority)) as connection:
        response = connection.request("GET", "/v2/", [*client.authorization, ("User-Agent", "Go 1.1 package http")])
    assert response.status == 404


def test_moorgate_knows_who_came_through_nginx(client, behind):
    client.push_image("known/thing", "1", greeting_image("known"))
    behind.log.wait("request", user="testuser", repository="known/thing", method="PUT")
