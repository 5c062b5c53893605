"""A compose file that changes its image line and nothing else: `serve` on the Docker registry's own configuration."""

import json
from types import SimpleNamespace

import pytest

from support.command import run, said
from support.docker_registry import DockerRegistry
from support.images import greeting_image
from support.moorgate import BINARY, Moorgate
from support.registry import Registry, blob_path, manifest_path

DENIED = (401, 403, 405)
UNKNOWN = "sha256:" + "0" * 64


class Place:
    """A registry's configuration, with the real registry or Moorgate on it."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "config.yml"
        self.store = folder / "store"
        self.text = None  # in place of config: YAML as it stands
        self.config = {"version": 0.1, "storage": {"filesystem": {"rootdirectory": str(self.store)}},
                       "http": {"addr": "0.0.0.0:0"}}

    def add_users(self, key="auth"):
        htpasswd = self.folder / "htpasswd"
        htpasswd.write_text("".join(run("htpasswd", "-Bbn", "-C", "4", user, f"{user}-password").stdout.strip() + "\n"
                                    for user in ("alice", "bob")))
        self.config[key] = {"htpasswd": {"realm": "Old realm", "path": str(htpasswd)}}
        return htpasswd

    def save(self):
        self.file.write_text(self.text or json.dumps(self.config))
        return self.file

    def serve(self, *arguments, env=None):
        self.save()
        site = SimpleNamespace(folder=self.folder, config_file=self.file, authority=None)
        return Moorgate(site, *(arguments or (self.file,)), env=env)

    def check(self, **options):
        return run(BINARY, "check", "--config", self.save(), check=False, **options)


@pytest.fixture
def place(folder):
    return Place(folder)


def rights(endpoint):
    told = {}
    for user in (None, "alice", "bob"):
        with Registry(endpoint, user and (user, f"{user}-password")) as client:
            for action, method, target in (
                    ("sign in", "GET", "/v2/"), ("pull", "GET", manifest_path("team/app", "latest")),
                    ("push", "POST", "/v2/team/app/blobs/uploads/"), ("list", "GET", "/v2/_catalog"),
                    ("delete", "DELETE", manifest_path("team/app", UNKNOWN)),
                    ("delete a blob", "DELETE", blob_path("team/app", UNKNOWN))):
                status = client.connect().request(method, target, client.authorization,
                                                  b"" if method == "POST" else None).status
                told[user, action] = status not in DENIED
    return told


def test_the_image_takes_the_first_configuration_that_is_there(place, folder):
    """What the Dockerfile's command does, with other places."""
    place.add_users()
    with place.serve("--look-for", folder / "moorgate.yml", place.save(), folder / "other.yml") as server:
        for user, status in (None, 401), ("alice", 200):
            with Registry(server.endpoint(tls=False), user and (user, f"{user}-password")) as client:
                assert client.request("GET", "/v2/").status == status


def test_the_image_asks_for_a_configuration_or_the_registrys_variables(place, folder):
    missing = folder / "moorgate.yml", folder / "config.yml"
    refused = run(BINARY, "serve", "--look-for", *missing, check=False)
    assert refused.returncode == 1
    for word in (*map(str, missing), "mount", "REGISTRY_"):
        assert word in said(refused)
    htpasswd = place.add_users()
    variables = {"REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(place.store), "REGISTRY_HTTP_ADDR": "127.0.0.1:0",
                 "REGISTRY_AUTH": "htpasswd", "REGISTRY_AUTH_HTPASSWD_REALM": "r",
                 "REGISTRY_AUTH_HTPASSWD_PATH": str(htpasswd)}
    with place.serve("--look-for", folder / "moorgate.yml", env=variables) as server:
        with Registry(server.endpoint(tls=False)) as stranger:
            assert stranger.request("GET", "/v2/").status == 401


@pytest.mark.parametrize("with_users", [False, True], ids=["open", "with users"])
@pytest.mark.parametrize("storage", [
    {}, {"delete": {"enabled": True}}, {"delete": {"enabled": True}, "maintenance": {"readonly": {"enabled": True}}}],
    ids=["as it comes", "with delete", "read only"])
def test_rights_are_those_of_the_real_registry(place, folder, with_users, storage):
    place.config["storage"].update(storage)
    if with_users:
        place.add_users()
    changes = {key: place.config[key] for key in ("storage", "auth") if key in place.config}
    changes["storage"] = {**changes["storage"], "filesystem": {"rootdirectory": str(folder / "other")}}
    real = DockerRegistry(folder / "real", folder / "other", changes=changes)
    try:
        before = rights(real.endpoint())
    finally:
        real.stop()
    with place.serve() as server:
        assert rights(server.endpoint()) == before


@pytest.mark.parametrize("rest", [
    "x-common: &c {auth: {htpasswd: {realm: R, path: USERS}}}\n<<: *c\nstorage: {filesystem: {rootdirectory: STORE}}",
    "x-common: &c {htpasswd: {realm: R, path: USERS}}\nauth: {<<: *c}\nstorage: {filesystem: {rootdirectory: STORE}}",
    "x-c: &c {path: USERS}\nx-d: &d {realm: R}\nauth: {htpasswd: {<<: [*c, *d]}}\n"
    "storage: {filesystem: {rootdirectory: STORE}}",
    "x: &x {readonly: {enabled: true}}\nstorage: {filesystem: {rootdirectory: STORE}, maintenance: {<<: *x}}",
    "x: &x {filesystem: {rootdirectory: STORE}, delete: {enabled: true}}\nstorage:\n  <<: *x",
    *(f"storage: {{filesystem: {{rootdirectory: STORE}}, maintenance: {{readonly: {{enabled: {word}}}}}}}"
      for word in ("y", "Y", "On", "n", "off")),
    *(f"storage: {{filesystem: {{rootdirectory: STORE}}, delete: {{enabled: {word}}}}}"
      for word in ("y", "'true'", "1", "tRUE")),
], ids=["auth merged", "below auth", "a list of two", "read only", "storage", "y", "Y", "On", "n", "off", "delete y",
        "delete in quotes", "delete 1", "delete tRUE"])
def test_merged_keys_and_words_for_yes_mean_what_they_mean_to_the_real_registry(place, folder, rest):
    users = str(place.add_users())

    def text(store):
        return f"version: 0.1\nhttp: {{addr: '127.0.0.1:0'}}\n{rest}\n".replace("USERS", users).replace(
            "STORE", str(store))
    real = DockerRegistry(folder / "real", folder / "other", text=text(folder / "other"))
    try:
        before = rights(real.endpoint())
    finally:
        real.stop()
    place.text = text(place.store)
    with place.serve() as server:
        assert rights(server.endpoint(tls=False)) == before
    written = run(BINARY, "import", "--registry-config", place.save(), check=False).stdout
    assert ("sign_in: no" in written) == before[None, "pull"], written


def test_who_could_not_sign_in_to_the_registry_cannot_here(place, folder):
    htpasswd = place.add_users()
    bob = run("openssl", "passwd", "-apr1", "bob-password").stdout.strip()
    alice = htpasswd.read_text().splitlines()[0]
    htpasswd.write_text(f"{alice}\nbob:{bob}\n")
    real = DockerRegistry(folder / "real", folder / "other", htpasswd=htpasswd)
    try:
        before = rights(real.endpoint())
    finally:
        real.stop()
    place.config["storage"]["delete"] = {"enabled": True}
    with place.serve() as server:
        assert rights(server.endpoint()) == before
        assert any("bob" in line["remark"] and "bcrypt" in line["remark"]
                   for line in server.log.find("the registry's own configuration is used"))
        assert bob not in server.log.text
    assert not before["bob", "pull"] and before["alice", "pull"]
    for told in said(place.check()), said(run(BINARY, "import", "--registry-config", place.file, check=False)):
        assert "1 user of" in told and "bob" in told and bob not in told


def test_times_that_are_not_possible_are_brought_to_the_nearest(place):
    place.config["http"]["draintimeout"] = "2h"
    place.config["storage"]["maintenance"] = {"uploadpurging": {"age": "30s"}}
    done = place.check()
    assert done.returncode == 0, said(done)
    for words in "http.draintimeout: 2h", "1h", "storage.maintenance.uploadpurging.age: 30s", "1m":
        assert words in said(done)
    with place.serve() as server, server.client() as client:
        assert client.get("/v2/").status == 200


def test_an_open_registry_stays_open_and_says_so(place):
    with place.serve() as server, server.client() as client:
        assert client.get("/v2/").status == 200
        image = greeting_image("open")
        client.push_image("team/app", "1", image)
        assert client.manifest("team/app", "1").body == image.manifest.data
        assert client.get("/v2/no/such/endpoint/at/all").status == 404
        refused = client.delete(manifest_path("team/app", image.manifest.digest))
        assert (refused.status, refused.error) == (403, "DENIED")
        assert "nobody has to sign in" in server.log.text


def test_a_password_from_before_does_not_disturb_an_open_registry(place):
    with place.serve() as server, server.client("somebody", "whatever") as client:
        assert client.get("/v2/").status == 200
        client.push_blob("team/app", b"a blob")


def test_users_of_the_file_sign_in_as_before(place):
    place.add_users()
    with place.serve("--config", place.file) as server:
        with server.client() as client:
            response = client.get("/v2/")
            assert response.status == 401
            assert 'realm="Old realm"' in response.header("WWW-Authenticate")
        with server.client("alice") as client:
            client.push_image("team/app", "1", greeting_image("users"))
        with server.client("bob", "wrong") as client:
            assert client.manifest("team/app", "1").status == 401


def test_images_lie_where_the_registry_had_them(place):
    with place.serve() as server, server.client() as client:
        digest = client.push_blob("team/app", b"a blob")
        name = digest.removeprefix("sha256:")
        assert (place.store / f"docker/registry/v2/blobs/sha256/{name[:2]}/{name}/data").read_bytes() == b"a blob"


def test_variables_override_the_file(place, folder):
    htpasswd = place.add_users(key="unused")
    del place.config["unused"]
    env = {"REGISTRY_AUTH": "htpasswd", "REGISTRY_AUTH_HTPASSWD_REALM": "By variable",
           "REGISTRY_AUTH_HTPASSWD_PATH": str(htpasswd), "REGISTRY_STORAGE_DELETE_ENABLED": "true",
           "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(folder / "elsewhere")}
    with place.serve(env=env) as server, server.client("alice") as client:
        image = greeting_image("variables")
        client.push_image("team/app", "1", image)
        assert client.delete(manifest_path("team/app", image.manifest.digest)).status == 202
        with server.client() as anonymous:
            assert 'realm="By variable"' in anonymous.get("/v2/").header("WWW-Authenticate")
    assert (folder / "elsewhere" / "docker").exists()


@pytest.mark.parametrize("arguments", [
    ("/etc/distribution/config.yml",), ("--config", "/etc/distribution/config.yml"), ()],
    ids=["as the image calls it", "as an option", "bare"])
def test_without_a_file_the_variables_alone_are_enough(place, folder, arguments):
    env = {"REGISTRY_HTTP_ADDR": "0.0.0.0:0", "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(folder / "store")}
    site = SimpleNamespace(folder=folder, config_file=None, authority=None)
    with Moorgate(site, *(arguments or ("--",)), env=env) as server, server.client() as client:
        client.push_blob("team/app", b"a blob")
    assert (folder / "store" / "docker").exists()


def test_without_a_file_and_without_variables_no_registry_is_opened(place):
    done = run(BINARY, "serve", "/etc/distribution/config.yml", check=False)
    assert done.returncode == 1
    for word in "/etc/distribution/config.yml", "mount", "REGISTRY_HTTP_ADDR":
        assert word in said(done)


@pytest.mark.parametrize("there", [True, False])
def test_a_file_alone_is_served_as_the_registrys_entrypoint_does(place, folder, there):
    env = {"REGISTRY_HTTP_ADDR": f"{folder}/none/sock", "REGISTRY_HTTP_NET": "unix",
           "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(folder / "store")}
    done = run(BINARY, place.save() if there else "/etc/distribution/config.yml", check=False, env=env)
    assert done.returncode == 1 and "cannot listen" in said(done)
    other = run(BINARY, folder / "none.yml", check=False)
    assert other.returncode == 2 and "none.yml" in said(other)


def test_variables_of_others_are_ignored_and_told(place):
    env = {"REGISTRY_PORT": "tcp://10.0.0.1:5000", "REGISTRY_PORT_5000_TCP_ADDR": "10.0.0.1",
           "REGISTRY_SERVICE_HOST": "10.0.0.1"}
    with place.serve(env=env) as server, server.client() as client:
        assert client.get("/v2/").status == 200
        told = [line["remark"] for line in server.log.find("the registry's own configuration is used")]
        for name in env:
            assert any(name in remark for remark in told)


def test_the_registrys_variable_for_its_file_is_followed(place):
    with place.serve("--", env={"REGISTRY_CONFIGURATION_PATH": str(place.save())}) as server:
        with server.client() as client:
            assert client.get("/v2/").status == 200


@pytest.mark.parametrize("changes, words", [
    ({"storage": {"s3": {"bucket": "b", "region": "r"}}}, ["storage.s3", "--keep-registry"]),
    ({"storage": {"inmemory": {}}}, ["inmemory"]),
    ({"storage": {"filesystem": {}, "s3": {"bucket": "b"}}}, ["filesystem", "s3"]),
    ({"proxy": {"remoteurl": "https://registry-1.docker.io"}}, ["proxy.remoteurl", "cache"]),
    ({"auth": {"htpasswd": {"realm": "x"}}}, ["auth.htpasswd.path"]),
    ({"auth": {"htpaswd": {"realm": "x", "path": "/x"}}}, ["auth.htpaswd", "no way to sign in"]),
    ({"storage": {"filesystem": {}, "maintenance": {"readonly": {"enabled": "true"}}}},
     ["storage.maintenance.readonly.enabled", "quotes"]),
    ({"http": {"addr": "registry.example.com:5000"}}, ["listen[0].address", "registry.example.com"]),
    ({"http": {"addr": ":5000", "tls": {"certificate": "/x"}}}, ["http.tls.certificate", "key is missing"]),
    ({"http": {"addr": ":5000", "tls": {"letsencrypt": {"cachefile": "/x"}}}}, ["letsencrypt", "ACME"]),
])
def test_what_cannot_be_done_is_refused_with_the_reason(place, changes, words):
    place.config.update(changes)
    done = place.check()
    assert done.returncode == 1, said(done)
    for word in words:
        assert word in said(done)


def test_users_of_a_token_service_are_not_let_in_without(place):
    place.config["auth"] = {"token": {"realm": "https://auth/token", "service": "s", "issuer": "i",
                                      "rootcertbundle": "/certs/auth.crt"}}
    done = place.check()
    assert "auth.token" in done.stdout and "nobody may do anything" in done.stdout
    assert "anyone may" not in done.stdout


def test_what_is_lost_is_told_at_the_start_and_by_check(place):
    place.config["notifications"] = {"endpoints": [{"name": "hook", "url": "http://hook/"}]}
    assert "notifications.endpoints.0.url" in place.check().stdout
    with place.serve() as server:
        assert any("notifications.endpoints.0.url" in line["remark"]
                   for line in server.log.find("the registry's own configuration is used"))


# ---- sign_in in a configuration of ours

@pytest.mark.parametrize("text, words", [
    ("sign_in: no\n", ["sign_in", "access"]),
    ("sign_in: no\nusers: [ { htpasswd: x } ]\naccess: [ { who: anyone, repositories: '**', allow: pull } ]\n",
     ["sign_in", "users"]),
])
def test_an_open_door_needs_rules_and_no_users(folder, text, words):
    (folder / "moorgate.yml").write_text(text)
    refused = run(BINARY, "check", "--config", folder / "moorgate.yml", check=False)
    assert refused.returncode == 1
    for word in words:
        assert word in said(refused)


def test_a_reload_does_not_open_the_door(site):
    with site.start() as server:
        del site.config["users"]
        del site.config["groups"]
        site.config["sign_in"] = False
        site.config["access"] = [{"who": "anyone", "repositories": "**", "allow": "all"}]
        site.save()
        server.reload()
        server.log.wait("whether anybody has to sign in changes only with a restart; the configuration before "
                        "stays in force")
        with server.client() as client:
            assert client.get("/v2/").status == 401
