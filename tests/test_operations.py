"""What the people who run it see: health, metrics, the log."""

import os
import pty
import re
import resource
import subprocess

import pytest

from support.http import Connection
from support.images import digest_of, image, noise
from support.moorgate import BINARY, Site, password
from support.registry import basic, location


@pytest.fixture(scope="module")
def server(module_folder, authority):
    """A server with a second listener for the operators."""
    site = Site(module_folder, authority)
    site.config["metrics"] = {"listen": "127.0.0.1:0"}
    with site.start() as running:
        yield running


@pytest.fixture
def operator(server):
    with Connection(server.endpoint(purpose="metrics")) as connection:
        yield connection


# ---- health

@pytest.mark.parametrize("purpose", ["registry", "metrics"])
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_told_without_signing_in(server, purpose, path):
    with Connection(server.endpoint(purpose=purpose)) as connection:
        assert connection.request("GET", path).status == 200
        assert connection.request("HEAD", path).status == 200


# ---- metrics

def samples(text):
    """{name{labels}: value} of a Prometheus text exposition; every line must be well-formed."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#"):
            assert re.match(r"# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+", line), line
            continue
        name, value = re.fullmatch(r'([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^}]*\})?) (\S+)', line).groups()
        found[name] = float(value)
    return found


def metrics(connection):
    response = connection.request("GET", "/metrics")
    assert response.status == 200
    assert response.header("Content-Type").startswith("text/plain; version=0.0.4")
    return samples(response.body.decode())


def requests_counted(found):
    return sum(value for name, value in found.items() if name.startswith("moorgate_requests_total"))


def test_metrics_count_the_requests(operator, reader):
    before = requests_counted(metrics(operator))
    for _ in range(10):
        assert reader.get("/v2/").status == 200
    assert requests_counted(metrics(operator)) >= before + 10


def test_metrics_hold_no_name_of_a_user_or_repository(operator, pusher):
    pusher.push_image("very/private", "v1", image(b"metrics"))
    text = " ".join(metrics(operator))
    assert "pusher" not in text and "very/private" not in text


def test_the_registry_is_not_served_to_the_operators_listener(operator):
    assert operator.request("GET", "/v2/").status == 404


def test_metrics_are_not_on_the_public_listener_when_they_have_their_own(server):
    with Connection(server.endpoint()) as connection:
        assert connection.request("GET", "/metrics").status in (401, 404)
        assert connection.request("GET", "/metrics", [basic("reader", password("reader"))]).status == 404


def test_without_a_listener_of_their_own_metrics_ask_for_a_sign_in(site):
    with site.start() as server, Connection(server.endpoint()) as connection:
        assert connection.request("GET", "/metrics").status == 401
        assert connection.request("GET", "/metrics", [basic("reader", password("reader"))]).status == 200


# ---- the log

def test_every_line_of_the_log_is_json_with_time_and_level(server, reader):
    reader.get("/v2/")
    server.log.wait("request")
    for entry in server.log.entries:
        assert "raw" not in entry
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", entry["time"])
        assert entry["level"] in ("debug", "info", "warning", "error")


def test_a_request_leaves_one_line_that_says_who_did_what(server, pusher, repository):
    data = noise(10_000, repository)
    digest = pusher.push_blob(repository, data)
    pusher.blob(repository, digest)
    push = server.log.wait("request", method="PUT", repository=repository)
    assert (push["user"], push["action"], push["status"]) == ("pusher", "push", 201)
    assert push["bytes_in"] == len(data)
    pull = server.log.wait("request", method="GET", repository=repository)
    assert (pull["user"], pull["action"], pull["status"]) == ("pusher", "pull", 200)
    assert pull["bytes_out"] >= len(data)
    assert pull["target"] == f"/v2/{repository}/blobs/{digest}"
    assert pull["client"] == "127.0.0.1"
    assert pull["duration_ms"] >= 0
    assert len(server.requests(method="GET", repository=repository)) == 1


def test_a_denial_is_logged_with_its_reason(server, reader, repository):
    reader.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"")
    denied = server.log.wait("request", status=403, repository=repository)
    assert (denied["user"], denied["action"]) == ("reader", "push")
    assert "push" in denied["reason"]


def test_anonymous_requests_have_an_empty_user(server, anonymous, repository):
    anonymous.tags(repository)
    assert server.log.wait("request", status=401, repository=repository)["user"] == ""


def test_neither_passwords_nor_authorizations_reach_the_log(server, reader):
    secret = "a-wrong-password-that-must-not-show"
    with server.client("reader", secret) as wrong:
        assert wrong.get("/v2/").status == 401
    reader.get("/v2/")
    with Connection(server.endpoint()) as connection:
        connection.send(b"GET /v2/ HTTP/1.1\r\nHost: x\r\nAuthorization : Basic broken-on-purpose\r\n\r\n")
        connection.read_to_end()
    server.log.wait("request", status=400)
    for forbidden in (secret, password("reader"), basic("reader", secret)[1], basic("reader", password("reader"))[1],
                      "broken-on-purpose", "Authorization"):
        assert forbidden not in server.log.text


def test_without_descriptors_for_files_clients_are_told_to_come_again(site):
    with site.start() as server, server.client("pusher") as client:
        digest = client.push_blob("team/app", noise(1000, "a blob"))
        upload = client.start_upload("team/app")
        upload = location(client.append(upload, b"first ", start=0))
    # Started anew, it has no descriptor for the upload yet.
    with site.start() as server, server.client("pusher") as client:
        assert client.get("/v2/").status == 200
        _, most = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (3, most))
        for response in (client.blob("team/app", digest), client.append(upload, b"second", start=6),
                         client.request("POST", "/v2/team/app/blobs/uploads/", body=b"")):
            assert (response.status, response.error) == (503, "UNAVAILABLE")
            assert response.header("Retry-After")
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (most, most))
        assert client.blob("team/app", digest).body == noise(1000, "a blob")
        upload = location(client.append(upload, b"second", start=6))
        assert client.finish_upload(upload, digest_of(b"first second")).status == 201


def test_on_a_terminal_the_log_is_for_people(site):
    ours, theirs = pty.openpty()
    with open(ours, errors="replace") as terminal, subprocess.Popen(
            [BINARY, "serve", "--config", site.save()], stdin=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        for line in terminal:
            assert not line.startswith("{"), line
            if "ready" in line:
                break
        process.terminate()
        assert process.wait(30) == 0
