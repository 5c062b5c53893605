"""Who may do what: the access rules as clients meet them."""

import pytest

from support.images import digest_of, image, noise
from support.moorgate import Site, password
from support.registry import Registry, basic, blob_path, location, manifest_path


@pytest.fixture(scope="module")
def server(module_folder, authority):
    """A company: everybody reads what is public, signed-in people the rest but what is secret, teams
    write to their own, people to their homes, and nobody touches what is released."""
    site = Site(module_folder, authority)
    for user in ("alice", "bob", "ci-builder", "depositor"):
        site.add_user(user)
    site.config["contact"] = "the registry team"
    site.config["groups"] = {"pushers": ["alice", "ci-*"], "owners": ["owner"]}
    site.config["access"] = [
        {"who": "anyone", "repositories": "public/**", "allow": ["pull"]},
        {"who": "signed-in", "repositories": ["team/**", "released/**"], "allow": ["pull"]},
        {"who": "group:pushers", "repositories": "team/**", "allow": ["pull", "push"]},
        {"who": "signed-in", "repositories": "home/{user}/**", "allow": ["pull", "push", "delete"]},
        {"who": "user:depositor", "repositories": "inbox/*", "allow": ["push"]},
        {"who": "group:owners", "repositories": "**", "allow": ["pull", "push", "delete"]},
        {"who": "anyone", "repositories": "released/**", "deny": ["push", "delete"],
         "why": "releases are made once"},
    ]
    with site.start() as running:
        with running.client("owner") as owner:
            for name in ("public/tool", "team/app", "secret/plan", "home/bob/dotfiles"):
                owner.push_image(name, "v1", image(name.encode()))
        yield running


@pytest.fixture
def client(server):
    """Makes clients by user name; None is anonymous."""
    made = []

    def make(user=None, secret=None):
        made.append(server.client(user, secret))
        return made[-1]
    yield make
    for each in made:
        each.close()


# ---- reading

@pytest.mark.parametrize("user, repository, status", [
    (None, "public/tool", 200), (None, "team/app", 401), (None, "secret/plan", 401),
    (None, "never/pushed", 401),
    ("bob", "public/tool", 200), ("bob", "team/app", 200), ("bob", "secret/plan", 403),
    ("bob", "never/pushed", 403), ("bob", "home/bob/dotfiles", 200),
    ("alice", "home/bob/dotfiles", 403), ("owner", "secret/plan", 200)])
@pytest.mark.parametrize("path", ["/v2/{}/manifests/v1", "/v2/{}/tags/list"])
def test_who_may_pull_what(client, user, repository, status, path):
    assert client(user).get(path.format(repository)).status == status


def test_whether_a_forbidden_repository_exists_does_not_show(client):
    bob = client("bob")
    there, not_there = bob.manifest("secret/plan", "v1"), bob.manifest("secret/none", "v1")
    assert (there.status, there.error) == (not_there.status, not_there.error)
    assert there.message.replace("secret/plan", "X") == not_there.message.replace("secret/none", "X")


# ---- writing

@pytest.mark.parametrize("user, repository, status", [
    (None, "public/tool", 401), (None, "team/app", 401),
    ("bob", "team/app", 403), ("bob", "public/tool", 403), ("bob", "home/bob/new", 202),
    ("bob", "home/alice/new", 403), ("alice", "team/app", 202), ("alice", "team/new/thing", 202),
    ("alice", "other/thing", 403), ("ci-builder", "team/app", 202), ("depositor", "inbox/letter", 202),
    ("depositor", "inbox/deep/letter", 403), ("owner", "secret/new", 202), ("owner", "released/new", 403)])
def test_who_may_push_where(client, user, repository, status):
    response = client(user).request("POST", f"/v2/{repository}/blobs/uploads/", body=b"")
    assert response.status == status


@pytest.mark.parametrize("user, repository, status", [
    (None, "team/app", 401), ("bob", "team/app", 403), ("alice", "team/app", 403),
    ("bob", "home/bob/nothing", 404), ("owner", "team/nothing", 404)])
def test_who_may_delete_what(client, user, repository, status):
    assert client(user).delete(manifest_path(repository, "v1")).status == status


def test_a_denial_says_who_what_where_and_whom_to_ask(client):
    response = client("bob").put_manifest("team/app", "v2", image(b"denied").manifest)
    assert (response.status, response.error) == (403, "DENIED")
    for word in ("bob", "push", "team/app", "pushers", "the registry team"):
        assert word in response.message


def test_a_rule_that_denies_says_so_with_its_reason(client):
    response = client("owner").put_manifest("released/app", "v2", image(b"denied").manifest)
    assert response.status == 403
    assert "releases are made once" in response.message


def test_a_cancelled_upload_needs_no_right_to_delete(client):
    alice = client("alice")
    assert alice.delete(alice.start_upload("team/app")).status == 204


def test_who_may_only_push_can_ask_what_is_already_there(client):
    depositor, data = client("depositor"), noise(100, "inbox")
    digest = depositor.push_blob("inbox/letter", data)
    assert depositor.head(blob_path("inbox/letter", digest)).status == 200
    assert depositor.head(blob_path("inbox/letter", digest_of(b"absent"))).status == 404
    assert depositor.blob("inbox/letter", digest).status == 403


def test_who_may_only_push_can_push_a_whole_image(client):
    depositor = client("depositor")
    depositor.push_image("inbox/image", "v1", image(b"deposited"))
    assert depositor.head(manifest_path("inbox/image", "v1")).status == 200
    assert depositor.manifest("inbox/image", "v1").status == 403


# ---- mounts and lists

def mount(client, repository, digest, **query):
    return client.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"", mount=digest, **query)


@pytest.mark.parametrize("query", [{"from": "secret/plan"}, {}], ids=["named", "anywhere"])
def test_a_blob_cannot_be_mounted_out_of_a_forbidden_repository(client, query):
    secret = client("owner").push_blob("secret/plan", b"only for owners")
    alice = client("alice")
    response = mount(alice, "team/thief", secret, **query)
    assert response.status == 202
    assert alice.blob("team/thief", secret).status == 404
    assert alice.delete(location(response)).status == 204


@pytest.mark.parametrize("query", [{"from": "public/tool"}, {}], ids=["named", "anywhere"])
def test_a_blob_is_mounted_out_of_a_readable_repository(client, query):
    public = client("owner").push_blob("public/tool", b"for everybody")
    assert mount(client("alice"), "team/user", public, **query).status == 201


def test_a_blob_of_a_forbidden_repository_is_not_given_out_by_its_digest(client):
    secret = client("owner").push_blob("secret/plan", b"still only for owners")
    assert client("bob").blob("team/app", secret).status == 404


@pytest.mark.parametrize("user, seen, hidden", [
    (None, {"public/tool"}, {"team/app", "secret/plan", "home/bob/dotfiles"}),
    ("alice", {"public/tool", "team/app"}, {"secret/plan", "home/bob/dotfiles"}),
    ("bob", {"public/tool", "team/app", "home/bob/dotfiles"}, {"secret/plan"}),
    ("owner", {"public/tool", "team/app", "secret/plan", "home/bob/dotfiles"}, set())])
def test_the_catalog_shows_what_the_caller_may_pull(client, user, seen, hidden):
    listed = set(client(user).catalog(n=1000).json()["repositories"])
    assert seen <= listed
    assert not hidden & listed


def test_pages_of_a_filtered_catalog_are_full(client, server):
    with server.client("owner") as owner:
        for number in range(10):
            owner.push_image(f"secret/hidden-{number}", "v1", image(b"hidden"))
            owner.push_image(f"team/shown-{number}", "v1", image(b"shown"))
    response = client("alice").catalog(n=3, last="public/tool")
    assert response.json()["repositories"] == ["team/app", "team/shown-0", "team/shown-1"]


# ---- signing in

def test_the_api_itself_is_closed_to_anonymous_clients(client):
    """Otherwise clients would never learn how to sign in."""
    response = client().get("/v2/")
    assert (response.status, response.error) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("path", ["/v2/team/app/manifests/v1", "/v2/team/app/blobs/uploads/", "/v2/_catalog/x",
                                  "/v2/no/endpoint", "/v2/UPPER/manifests/v1", "/v2/../x"])
def test_anonymous_clients_are_asked_to_sign_in_whatever_they_ask(client, path):
    assert client().get(path).status == 401


def test_an_empty_name_and_password_is_anonymous(server):
    with Registry(server.endpoint(), ("", "")) as nobody:
        assert nobody.authorization == [("Authorization", "Basic Og==")]
        assert nobody.manifest("public/tool", "v1").status == 200
        assert nobody.manifest("team/app", "v1").status == 401


@pytest.mark.parametrize("authorization", [
    "Basic", "Basic ", "Basic !!!", "Basic bm9jb2xvbg==", "Bearer abc", "Digest x", "Basic YWxpY2U6\tx",
    "basic", "Basic OnBhc3N3b3Jk", "Basic YWxpY2U6", "Basic YWxpY2UA" * 1000])
def test_a_broken_authorization_is_answered_with_the_challenge(client, authorization):
    # Even where anonymous clients are welcome: who tries to sign in wants to be somebody.
    response = client().manifest("public/tool", "v1", [("Authorization", authorization)])
    assert (response.status, response.error) == (401, "UNAUTHORIZED")


def test_two_authorizations_are_refused(client):
    response = client("alice").get("/v2/", [basic("bob", password("bob"))])
    assert response.status == 400


@pytest.mark.parametrize("user, secret", [("alice", "wrong"), ("nobody", "wrong"), ("alice", password("bob")),
                                          ("Alice", password("alice"))])
def test_a_wrong_password_and_an_unknown_name_look_alike(client, user, secret):
    response = client(user, secret).get("/v2/")
    assert response.status == 401
    assert response.message == client("nobody", "nothing").get("/v2/").message


def test_the_scheme_may_be_written_in_any_case(client):
    name, value = basic("alice", password("alice"))
    for scheme in ("basic", "BASIC"):
        assert client().get("/v2/", [(name, value.replace("Basic", scheme))]).status == 200


def test_guessing_passwords_becomes_slow(client):
    answers = [client("ci-builder", f"guess {number}").get("/v2/") for number in range(40)]
    assert {answer.status for answer in answers} == {401, 429}
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.error == "TOOMANYREQUESTS"


# ---- refusing early

@pytest.mark.parametrize("user, status", [(None, 401), ("bob", 403)])
@pytest.mark.parametrize("size", [1 << 20, 32 << 20])
def test_a_client_in_the_midst_of_a_large_body_can_read_the_refusal(server, user, status, size):
    with server.client(user) as refused, refused.connect() as connection:
        connection.send_head("POST", "/v2/team/app/blobs/uploads/?digest=" + digest_of(b"large"), [
            *refused.authorization, ("Content-Length", size)])
        piece = noise(1 << 16, "large")
        try:
            for _ in range(size // len(piece)):
                connection.send(piece)
        except (BrokenPipeError, ConnectionResetError):
            raise AssertionError("the connection broke before the answer could be read") from None
        assert connection.read_response("POST").status == status


@pytest.mark.parametrize("user, status", [(None, 401), ("bob", 403)])
def test_a_client_that_asks_before_it_sends_is_spared_the_body(server, user, status):
    with server.client(user) as refused, refused.connect() as connection:
        connection.send_head("POST", "/v2/team/app/blobs/uploads/?digest=" + digest_of(b"large"), [
            *refused.authorization, ("Content-Length", 1 << 30), ("Expect", "100-continue")])
        response = connection.read_head()
        assert response.status == status
        connection.read_body(response, "POST")
        # Nothing may follow: the client cannot know whether a 100 belongs to its next request.
        assert response.header("Connection") == "close"
        assert connection.read_to_end() == b""


def test_a_small_refused_body_does_not_cost_the_connection(server):
    with server.client("bob") as bob, bob.connect() as connection:
        for _ in range(3):
            refused = connection.request("PUT", manifest_path("team/app", "v1"), bob.authorization, b"x" * 1000)
            assert refused.status == 403
        assert connection.request("GET", "/v2/", bob.authorization).status == 200
