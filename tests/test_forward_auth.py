"""Beside nginx: the recipe's nginx keeps its place in front of docker-registry, and asks Moorgate."""

import contextlib
import json
import re
from pathlib import Path

import pytest

from support.containers import Containers
from support.docker_registry import DockerRegistry
from support.http import Connection
from support.images import greeting_image, write_layout
from support.command import eventually, run, said
from support.moorgate import BINARY, Site, password
from support.nginx import RECIPE, Nginx
from support.registry import Registry, basic
from support.upstream import Upstream, answering, reply

PAGE = Path(__file__).parent.parent / "docs" / "beside-nginx.md"


def documented_blocks():
    """What docs/beside-nginx.md tells to write: the locations of the server, and the upstream."""
    server, http = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(), re.S)
    return server, http


def configuration():
    """The recipe's file with its /v2/ location replaced by the documented lines."""
    server, http = documented_blocks()
    text, replaced = re.subn(r"    location /v2/ \{.*\n    \}\n", lambda _: server, RECIPE.read_text(), flags=re.S)
    assert replaced == 1
    http = http.replace("unix:/run/moorgate/auth.sock", "{moorgate}")
    return text.replace("  upstream docker-registry {", http + "  upstream docker-registry {")


def beside(folder, authority, **forward_auth):
    site = Site(folder, authority)
    for key in ("listen", "tls", "storage"):
        del site.config[key]
    site.config["forward_auth"] = {"address": f"unix:{folder}/auth.sock", **forward_auth}
    site.config["access"].append({"who": "user:reader", "repositories": "secret/**", "deny": ["pull"]})
    return site


@pytest.fixture(scope="module")
def judge(module_folder, authority):
    with beside(module_folder, authority).start() as server:
        yield server


@pytest.fixture(scope="module")
def registry(module_folder):
    registry = DockerRegistry(module_folder / "behind", module_folder / "behind" / "store")
    yield registry
    registry.stop()


@contextlib.contextmanager
def nginx_between(judge, registry, folder, authority):
    certificate = authority.issue(folder / "nginx.crt", "127.0.0.1")
    nginx = Nginx(folder / "nginx", configuration(), certificate=certificate.path, key=certificate.key,
                  registry=registry.address, moorgate=judge.listeners[0]["address"])
    try:
        yield nginx
    finally:
        nginx.stop()


@pytest.fixture(scope="module")
def nginx(module_folder, authority, judge, registry):
    with nginx_between(judge, registry, module_folder, authority) as nginx:
        yield nginx


def client(nginx, authority, user=None):
    return Registry(nginx.endpoint(authority), user and (user, password(user)))


# ---- through nginx

def test_push_is_restricted_to_the_group(nginx, authority, judge):
    image = greeting_image("beside")
    with client(nginx, authority, "pusher") as pusher, client(nginx, authority, "reader") as reader:
        pusher.push_image("team/app", "1", image)
        pulled = reader.manifest("team/app", "1", [("Accept", image.manifest.media_type)])
        refused = reader.request("POST", "/v2/team/app/blobs/uploads/")
    assert pulled.body == image.manifest.data
    assert (refused.status, refused.error) == (403, "DENIED")
    for word in ("reader", "push", "team/app"):
        assert word in refused.message
    judge.log.wait("request", user="reader", action="push", repository="team/app", status=403,
                   original="POST /v2/team/app/blobs/uploads/")


def test_only_owners_delete(nginx, authority):
    image = greeting_image("to be deleted")
    with client(nginx, authority, "owner") as owner, client(nginx, authority, "pusher") as pusher:
        pusher.push_image("team/old", "1", image)
        path = f"/v2/team/old/manifests/{image.manifest.digest}"
        assert pusher.request("DELETE", path).status == 403
        assert owner.request("DELETE", path).status == 202


def test_who_has_not_signed_in_gets_the_one_challenge(nginx, authority):
    with client(nginx, authority) as stranger:
        for path in ("/v2/", "/v2/team/app/manifests/1", "/v2/_catalog", "/v2/nothing/of/the/kind"):
            answer = stranger.request("GET", path)
            assert answer.status == 401
            assert answer.all("WWW-Authenticate") == ['Basic realm="Moorgate", charset="UTF-8"']
            assert answer.header("Docker-Distribution-Api-Version") == "registry/2.0"
            assert answer.error == "UNAUTHORIZED"


def test_a_wrong_password_is_refused(nginx, authority):
    with Connection(nginx.endpoint(authority)) as connection:
        assert connection.request("GET", "/v2/", [basic("reader", "wrong")]).status == 401


def test_the_registry_behind_never_sees_the_password(judge, folder, authority):
    answer = reply(200, b"{}", ("Docker-Distribution-Api-Version", "registry/2.0"))
    with Upstream(answering(lambda _: answer)) as behind, \
            nginx_between(judge, behind, folder, authority) as nginx, client(nginx, authority, "reader") as reader:
        assert reader.request("GET", "/v2/team/app/manifests/1").status == 200
    [seen] = behind.requests
    assert seen.target == "/v2/team/app/manifests/1"
    assert seen.all("Authorization") == []
    assert not [value for _, value in seen.headers if "Basic" in value]


def test_skopeo_pushes_and_pulls_and_is_told_why_not(nginx, authority, folder):
    image = greeting_image("skopeo beside")
    write_layout(folder / "layout", "1", image.manifest, image.blobs)
    containers = Containers(folder, authority)
    containers.login(nginx.address, "pusher", password("pusher"))
    containers.copy(f"oci:{folder}/layout:1", f"docker://{nginx.address}/beside/skopeo:1")
    containers.copy(f"docker://{nginx.address}/beside/skopeo:1", f"oci:{folder}/back:1")
    assert (folder / "back/blobs" / image.manifest.digest.replace(":", "/")).exists()
    containers.login(nginx.address, "reader", password("reader"))
    refused = containers.copy(f"oci:{folder}/layout:1", f"docker://{nginx.address}/beside/other:1", check=False)
    assert refused.returncode != 0
    assert "denied" in said(refused) and "reader" in said(refused)


def test_a_large_push_is_not_asked_about_with_its_body(nginx, authority, judge):
    data = bytes(20_000_000)
    with client(nginx, authority, "pusher") as pusher:
        digest = pusher.push_blob("team/large", data)
        assert pusher.request("HEAD", f"/v2/team/large/blobs/{digest}").status == 200
    judge.log.wait("request", original=f"HEAD /v2/team/large/blobs/{digest}")
    asked = eventually(lambda: len(found := judge.requests(repository="team/large", action="push")) >= 2 and found,
                       "the log has what belongs to the push, which another worker may write")
    assert [entry["bytes_in"] for entry in asked] == [0] * len(asked)


@pytest.mark.parametrize("path", [
    "/v2/team/app/../../secret/thing/manifests/1",
    "/v2/team/app/..%2f..%2fsecret/thing/manifests/1",
    "/v2/team%2fapp/%2e%2e/%2e%2e/secret/thing/manifests/1",
    "/v2//secret/thing/manifests/1",
    "/v2/secret//thing/manifests/1",
    "/v2/secret/thing/manifests/1/",
    "/v2/./secret/thing/manifests/1",
])
def test_no_other_spelling_of_a_path_gets_past_a_rule(nginx, authority, path):
    """Whatever the registry behind makes of it, it does not see it: reader may pull all but secret/."""
    with client(nginx, authority, "pusher") as pusher:
        pusher.push_image("secret/thing", "1", greeting_image("secret"))
    with client(nginx, authority, "reader") as reader:
        assert reader.request("GET", "/v2/secret/thing/manifests/1").status == 403
        assert reader.request("GET", path).status in (400, 403)


def test_what_a_client_says_about_itself_is_not_believed(nginx, authority):
    spoofs = [("X-Original-Method", "GET"), ("X-Original-URI", "/v2/"), ("X-Forwarded-Method", "GET"),
              ("X-Forwarded-Uri", "/v2/"), ("X-HTTP-Method-Override", "GET"), ("Remote-User", "owner")]
    with client(nginx, authority, "reader") as reader:
        assert reader.request("POST", "/v2/team/app/blobs/uploads/", spoofs).status == 403


def test_a_mount_from_where_one_may_not_pull_is_refused(nginx, authority):
    with client(nginx, authority, "pusher") as pusher, client(nginx, authority, "owner") as owner:
        digest = owner.push_blob("team/source", b"mount me")
        mounted = pusher.request("POST", f"/v2/team/target/blobs/uploads/?mount={digest}&from=team/source")
        assert mounted.status == 201
    with client(nginx, authority, "reader") as reader:
        assert reader.request("POST", f"/v2/r/blobs/uploads/?mount={digest}&from=secret/thing").status == 403


def test_a_mount_that_only_the_registry_behind_would_see_is_refused(nginx, authority):
    with client(nginx, authority, "owner") as owner:
        digest = owner.push_blob("team/source", b"mount me from a form")
    with client(nginx, authority, "pusher") as pusher:
        form = pusher.request("POST", "/v2/team/form/blobs/uploads/",
                              [("Content-Type", "Application/X-WWW-Form-URLencoded ; a=b")],
                              body=f"mount={digest}&from=team/source".encode())
        assert (form.status, form.error) == (403, "DENIED")
        for query in (f"mount={digest};from=team/source", f"mount={digest}&from=team/source&from=NOT/A/NAME"):
            assert pusher.request("POST", f"/v2/team/form/blobs/uploads/?{query}").status == 403


def test_the_catalog_is_for_who_may_see_everything(nginx, authority):
    with client(nginx, authority, "pusher") as pusher, client(nginx, authority, "reader") as reader:
        pusher.push_image("team/listed", "1", greeting_image("listed"))
        listed = pusher.request("GET", "/v2/_catalog")
        refused = reader.request("GET", "/v2/_catalog")
    assert "team/listed" in listed.json()["repositories"]
    assert refused.status == 403
    assert "catalog" in refused.message


# ---- the questions themselves

def ask(server, headers, user="pusher"):
    credentials = [basic(user, password(user))] if user else []
    with Connection(server.endpoint(purpose="forward_auth", unix=True)) as connection:
        return connection.request("GET", "/", [*credentials, *headers])


def question(method, uri):
    return [("X-Original-Method", method), ("X-Original-URI", uri)]


def test_the_answer_names_user_and_groups(judge):
    answer = ask(judge, question("GET", "/v2/team/app/manifests/1"))
    assert (answer.status, answer.body) == (200, b"")
    assert answer.header("Remote-User") == "pusher"
    assert answer.header("Remote-Groups") == "pushers"


@pytest.mark.parametrize("headers, word", [
    ([], "X-Original-Method"),
    ([("X-Original-Method", "GET")], "X-Original-URI"),
    ([("X-Original-URI", "/v2/")], "X-Original-Method"),
    ([*question("GET", "/v2/"), ("X-Original-URI", "/v2/a/manifests/1")], "more than once"),
    (question("GET", "v2/"), "no path"),
    (question("GET", "http://elsewhere/v2/"), "no path"),
    (question("GET", "/v2/a b"), "no path"),
    ([("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/v2/")], "X-Original-Method"),
])
def test_a_question_that_cannot_be_answered_lets_nobody_pass(judge, headers, word):
    answer = ask(judge, headers)
    assert answer.status == 403
    assert word in answer.message


@pytest.mark.parametrize("method, uri", [
    ("GET", "/"), ("GET", "/v1/_ping"), ("BREW", "/v2/"), ("get", "/v2/"), ("POST", "/v2/team/app/manifests/1"),
    ("GET", "/v2/team/app"), ("GET", "/v2/?n=%zz"), ("PUT", "/v2/UPPER/manifests/1"),
])
def test_everything_else_is_a_403(judge, method, uri):
    assert ask(judge, question(method, uri)).status == 403
    assert ask(judge, question(method, uri), user=None).status == 401


@pytest.mark.parametrize("head, word", [
    (b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + 25_000 * b"x" + b"\r\n\r\n", "24 KiB"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", ""),
    (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", ""),
    (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", ""),
], ids=["large", "malformed", "version", "encoding"])
def test_a_question_that_cannot_be_read_is_a_403(judge, head, word):
    with Connection(judge.endpoint(purpose="forward_auth", unix=True)) as connection:
        connection.send(head)
        answer = connection.read_response()
    assert (answer.status, answer.error) == (403, "UNSUPPORTED")
    assert word in answer.message
    assert json.loads(answer.header("X-Moorgate-Error")) == answer.json()


def test_a_head_that_nginx_takes_and_moorgate_does_not_is_a_403(nginx, authority):
    with client(nginx, authority, "pusher") as pusher:
        answer = pusher.request("GET", "/v2/", [(f"X-Filler-{number}", 6500 * "x") for number in range(4)])
    assert (answer.status, answer.error) == (403, "UNSUPPORTED")
    assert "24 KiB" in answer.message


def test_too_many_wrong_passwords_are_a_403(folder, authority):
    with beside(folder, authority).start() as server:
        statuses = set()
        for attempt in range(40):
            with Connection(server.endpoint(purpose="forward_auth", unix=True)) as connection:
                answer = connection.request("GET", "/", [basic("reader", f"wrong {attempt}"), *question("GET", "/v2/")])
                statuses.add(answer.status)
    assert statuses == {401, 403}


def test_traefiks_headers_are_believed_only_when_traefik_asks(folder, authority):
    """Traefik hands on what the client sent: X-Original-* of a client must not count then."""
    traefik = [("X-Forwarded-Method", "POST"), ("X-Forwarded-Uri", "/v2/team/app/blobs/uploads/"),
               ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "registry.example.com")]
    with beside(folder, authority, asked_by="traefik").start() as server:
        assert ask(server, traefik, "pusher").status == 200
        assert ask(server, traefik, "reader").status == 403
        assert ask(server, [*traefik, *question("GET", "/v2/")], "reader").status == 403
        assert ask(server, question("GET", "/v2/")).status == 403


def test_moorgate_may_be_judge_and_registry_at_once(folder, authority):
    site = Site(folder, authority)
    site.config["forward_auth"] = f"unix:{folder}/auth.sock"
    with site.start() as server:
        assert ask(server, question("GET", "/v2/")).status == 200
        with server.client("pusher") as pusher:
            pusher.push_image("both/ways", "1", greeting_image("both"))


def test_a_judge_stores_nothing(judge):
    assert not judge.site.store.exists()
    assert [listener["purpose"] for listener in judge.listeners] == ["forward_auth"]


def test_check_says_what_is_missing(folder, authority):
    site = beside(folder, authority)
    told = site.command("check")
    assert "for the questions of nginx" in told.stdout
    del site.config["users"]
    site.config["storage"] = {"filesystem": {"root": "registry"}}
    refused = run(BINARY, "check", "--config", site.save(), check=False)
    assert refused.returncode == 1
    assert "nobody to let in" in said(refused) and "add `listen`" in said(refused)
