"""In front of a registry that is not open either: the gateway signs in there by itself."""

import contextlib
import shutil

import pytest

from support.command import eventually, run
from support.docker_registry import DockerRegistry
from support.images import image, noise
from support.moorgate import Site, password
from support.token_server import TokenServer

GATEWAY = ("gateway", "the gateway's own password")
OPTIONS = {"username": GATEWAY[0], "password": GATEWAY[1]}


@pytest.fixture
def behind(folder):
    """Starts docker-registry in some configuration."""
    with contextlib.ExitStack() as stack:
        def start(**options):
            registry = DockerRegistry(folder / "behind", folder / "store", **options)
            stack.callback(registry.stop)
            return registry
        yield start


@pytest.fixture
def htpasswd(folder):
    path = folder / "behind.htpasswd"
    path.write_text(run("htpasswd", "-nbB", "-C", "4", *GATEWAY).stdout)
    return path


def start(site, upstream, **options):
    # One worker: it alone learns how to sign in.
    site.config["workers"] = 1
    return site.stand_in_front_of(upstream.url, **options).start()


def push_and_pull(server, repository="team/app"):
    pushed = image(noise(100_000, repository))
    with server.client("pusher") as pusher, server.client("reader") as reader:
        pusher.push_image(repository, "v1", pushed)
        assert reader.manifest(repository, "v1").body == pushed.manifest.data
        assert reader.blob(repository, pushed.blobs[1].digest).body == pushed.blobs[1].data


def refused(server):
    """What a client is told when the registry behind does not let the gateway in."""
    with server.client("reader") as reader:
        response = reader.get("/v2/team/app/manifests/v1")
    assert (response.status, response.error) == (502, "UNAVAILABLE")
    assert response.header("WWW-Authenticate") is None
    assert GATEWAY[1] not in response.message + server.log.text
    return response.message


# ---- a user and a password

def test_the_gateway_signs_in_with_a_password(site, behind, htpasswd):
    with start(site, behind(htpasswd=htpasswd), **OPTIONS) as server:
        push_and_pull(server)
        with server.client("owner") as owner:
            assert owner.catalog().json() == {"repositories": ["team/app"]}


def test_the_clients_own_password_opens_nothing_behind(site, behind):
    """Even where the registry behind knows the client by the same name and password."""
    registry = behind(htpasswd=site.htpasswd)
    with start(site, registry) as server:
        assert "password" in refused(server)
    with start(site, registry, username="reader", password=password("reader")) as server, \
            server.client("reader") as reader:
        assert reader.get("/v2/team/app/manifests/v1").status == 404


@pytest.mark.parametrize("options", [{}, {**OPTIONS, "password": "wrong"}], ids=["none", "wrong"])
def test_without_the_right_password_clients_are_told_whose_it_is(site, behind, htpasswd, options):
    with start(site, behind(htpasswd=htpasswd), **options) as server:
        assert "registry behind" in refused(server)


def test_a_changed_password_counts_after_sighup(site, behind, htpasswd, folder):
    secret = folder / "secret"
    secret.write_text("wrong")
    with start(site, behind(htpasswd=htpasswd), username=GATEWAY[0], password=f"file:{secret}") as server:
        refused(server)
        secret.write_text(GATEWAY[1])
        server.reload()
        server.log.wait("configuration reloaded")
        push_and_pull(server)


# ---- TLS

@pytest.fixture
def certificate(folder, authority):
    return authority.issue(folder / "behind.crt", "127.0.0.1")


def test_an_authority_of_ones_own_is_trusted_by_name(site, behind, certificate, authority):
    with start(site, behind(certificate=certificate), ca=str(authority.certificate)) as server:
        push_and_pull(server)


def test_a_certificate_of_an_unknown_authority_is_no_registry(site, behind, certificate, authority):
    with start(site, behind(certificate=certificate)) as server:
        refused(server)
        assert "certificate" in server.log.wait("the registry behind gave no answer")["detail"]
        # The authority is named later, without a restart.
        site.config["upstream"]["ca"] = str(authority.certificate)
        site.save()
        server.reload()
        server.log.wait("configuration reloaded")
        push_and_pull(server)


def test_a_certificate_for_another_name_is_no_registry(site, behind, folder, authority):
    other = authority.issue(folder / "other.crt", "registry.example.com")
    with start(site, behind(certificate=other), ca=str(authority.certificate)) as server:
        refused(server)


def test_the_gateway_identifies_itself_with_a_certificate(site, behind, certificate, folder, authority):
    ours = authority.issue(folder / "gateway.crt", "gateway")
    registry = behind(changes={"http": {
        "addr": "127.0.0.1:0", "secret": "s",
        "tls": {"certificate": str(certificate.path), "key": str(certificate.key),
                "clientcas": [str(authority.certificate)]}}}, certificate=certificate)
    with start(site, registry, ca=str(authority.certificate)) as server:
        refused(server)
    with start(site, registry, ca=str(authority.certificate), certificate=str(ours.path), key=str(ours.key)) as server:
        push_and_pull(server)


def test_files_that_cannot_be_used_are_named_before_the_start_and_kept_out_after(site, behind, certificate, folder,
                                                                                  authority):
    copy = folder / "authority.crt"
    site.stand_in_front_of("https://127.0.0.1:1", ca=str(copy))
    checked = site.command("check", check=False)
    assert checked.returncode == 1 and str(copy) in checked.stdout + checked.stderr
    shutil.copy(authority.certificate, copy)
    with start(site, behind(certificate=certificate), ca=str(copy)) as server:
        push_and_pull(server)
        copy.write_text("no certificate")
        server.reload()
        server.log.wait("the upstream's files cannot be used; those before stay in force")
        push_and_pull(server, "team/other")


# ---- tokens

@pytest.fixture
def tokens(folder):
    server = TokenServer(folder / "tokens", GATEWAY)
    yield server
    server.stop()


def test_tokens_are_fetched_for_what_is_asked_and_used_again(site, behind, tokens):
    registry = behind(changes=tokens.registry_configuration)
    with start(site, registry, token_realm=tokens.realm, **OPTIONS) as server:
        push_and_pull(server)
        push_and_pull(server)
        with server.client("owner") as owner, server.client("pusher") as pusher:
            assert owner.catalog().json() == {"repositories": ["team/app"]}
            digest = pusher.push_blob("team/app", b"mounted")
            mounted = pusher.request("POST", "/v2/team/copy/blobs/uploads/", body=b"", mount=digest,
                                     **{"from": "team/app"})
            assert mounted.status == 201
            assert owner.delete(f"/v2/team/copy/blobs/{digest}").status == 202
    assert sorted(set(tokens.asked)) == sorted(tokens.asked), "no token was asked for twice"
    assert {scope for scope in tokens.asked if scope} == {
        "repository:team/app:pull,push", "repository:team/app:pull", "registry:catalog:*", "repository:team/copy:delete",
        "repository:team/copy:pull,push repository:team/app:pull"}


def test_a_token_that_has_expired_is_replaced(site, behind, tokens):
    tokens.lifetime = 1
    registry = behind(changes=tokens.registry_configuration)
    with start(site, registry, token_realm=tokens.realm, **OPTIONS) as server, server.client("pusher") as pusher:
        pusher.push_blob("team/app", b"first")
        seen = len(tokens.asked)

        def again():
            pusher.push_blob("team/app", b"second")
            return len(tokens.asked) > seen
        eventually(again, "the token has expired")


def test_the_token_service_refuses_us(site, behind, tokens):
    registry = behind(changes=tokens.registry_configuration)
    with start(site, registry, token_realm=tokens.realm, username="gateway", password="wrong") as server:
        assert "registry behind" in refused(server)
    assert tokens.refused > 0 and tokens.asked == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_token_service_elsewhere_gets_no_password_unless_it_is_named(site, behind, tokens, scheme):
    """Whatever it speaks: over http:// anybody on the way to the registry could name his own."""
    changes = tokens.registry_configuration
    changes["auth"]["token"]["realm"] = tokens.realm.replace("http:", f"{scheme}:")
    registry = behind(changes=changes)
    with start(site, registry, **OPTIONS) as server:
        refused(server)
        assert "token_realm" in server.log.wait("the registry behind gave no answer")["detail"]
    assert tokens.asked == []


def test_with_a_token_realm_nobody_else_gets_the_password(site, behind, tokens, folder):
    registry = behind(changes=tokens.registry_configuration)
    named = TokenServer(folder / "named", GATEWAY)
    with start(site, registry, token_realm=named.realm, **OPTIONS) as server:
        refused(server)
        assert "token_realm" in server.log.wait("the registry behind gave no answer")["detail"]
    named.stop()
    assert tokens.asked == named.asked == []
    assert tokens.refused == 0


def test_with_a_token_realm_the_registry_itself_does_not_get_the_password(site, behind, htpasswd, tokens):
    with start(site, behind(htpasswd=htpasswd), token_realm=tokens.realm, **OPTIONS) as server:
        refused(server)
        assert "token_realm" in server.log.wait("the registry behind gave no answer")["detail"]
