"""Moving in: `moorgate import` reads what nginx and the registry were told, and rights stay what they were."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from support.command import run, said
from support.docker_registry import DockerRegistry, configuration
from support.moorgate import BINARY, Moorgate
from support.nginx import RECIPE, Nginx
from support.registry import Registry, manifest_path

FIXTURES = Path(__file__).parent / "data" / "import"
UNKNOWN = "sha256:" + "0" * 64
DENIED = (401, 403, 405)

# What importing each of them ends with: 0 all carried over, 1 nothing written, 3 look at the report.
STATUS = {"allow_deny": 3, "auth_request": 3, "different_servers": 1, "elb": 0, "includes": 0, "limit_except": 0,
          "maps": 0, "open_pull": 3, "proxy_protocol": 0, "quoting": 3, "satisfy_any": 3, "servers": 3}


def moorgate_import(*arguments, check=False):
    return run(BINARY, "import", *arguments, check=check)


def import_fixture(name, *arguments):
    return moorgate_import(FIXTURES / f"{name}.conf", "--volume", f"{FIXTURES}:/etc/nginx", *arguments)


def normal(text):
    """Without what depends on where the files lie."""
    return re.sub(r" +#", "  #", text.replace(str(FIXTURES), "{folder}"))


def registry_config(path, store, **changes):
    config = {**configuration(store, "127.0.0.1:5000"), **changes}
    config["storage"].pop("maintenance", None)
    path.write_text(json.dumps(config))
    return path


# ---- what is written

def test_every_fixture_is_looked_at():
    assert {path.stem for path in FIXTURES.glob("*.conf")} == set(STATUS)


@pytest.mark.parametrize("name", STATUS)
def test_the_configuration_and_the_report_are_as_expected(name):
    done = import_fixture(name)
    assert done.returncode == STATUS[name], said(done)
    assert normal(done.stdout) == (FIXTURES / f"{name}.yml").read_text()
    assert normal(done.stderr) == (FIXTURES / f"{name}.report").read_text()


@pytest.mark.parametrize("name", [name for name in STATUS if name not in ("different_servers",)])
def test_every_line_says_where_it_came_from(name):
    for line in import_fixture(name).stdout.splitlines():
        says_something = not line.lstrip().startswith("#") and not line.endswith((":", "access: []"))
        assert not says_something or re.search(r"  # \S", line), line


@pytest.mark.parametrize("name", [name for name in STATUS if STATUS[name] != 1])
def test_what_is_written_can_be_read(name, folder):
    """What only this machine lacks, the files that are named, is not looked at by the import."""
    config = folder / "moorgate.yml"
    done = import_fixture(name, "--output", config)
    assert "TO BE COMPLETED" not in done.stderr
    assert "the configuration cannot be used:" not in said(run(BINARY, "check", "--config", config, check=False))


def server_with(*lines):
    return ("http { upstream sock { server unix:/run/r.sock; }\nserver { ssl_certificate a.crt; ssl_certificate_key a.key;\n"
            f"auth_basic R; auth_basic_user_file {FIXTURES}/auth/users.htpasswd;\n" + "\n".join(lines) + "\n} }\n")


ADMINS = f"auth_basic_user_file {FIXTURES}/auth/pushers.htpasswd"
V2 = "listen 443 ssl; location /v2/ { proxy_pass http://registry:5000; }"


@pytest.mark.parametrize("lines, status, words", [
    ([V2, f"location = /v2/_catalog {{ {ADMINS}; proxy_pass http://registry:5000; }}"], 3,
     ["/v2/_catalog was for fewer than may pull"]),
    ([V2, "location = /v2/_catalog { deny all; }"], 3, ["/v2/_catalog was for fewer than may pull"]),
    ([V2, "location ~ ^/v2/.+/tags/list$ { deny all; proxy_pass http://registry:5000; }"], 3,
     ["tags of ** were for fewer than may pull"]),
    ([V2, "location ~ /referrers/ { return 403; }"], 3, ["referrers of ** were for fewer than may pull"]),
    ([V2, "location /api/v2/ { proxy_pass http://app; }"], 3, ["location /api/v2/ is not about the registry's API"]),
    ([V2, "location ~ ^/api/v2/ { proxy_pass http://app; }"], 3, ["^/api/v2/ is not about the registry's API"]),
    (["listen 443 ssl; location /v2/ { proxy_pass http://art:8081/artifactory/api/docker/local/v2/; }"], 3,
     ["puts /artifactory/api/docker/local/v2/ in place of /v2/"]),
    (["listen 443 ssl; location /v2/ { proxy_pass http://registry:5000/v2/; }"], 0, []),
    (["listen 443 ssl; location / { proxy_pass http://registry:5000$request_uri; }"], 0, []),
    ([V2.replace("ssl", "ssl proxy_protocol", 1)], 3, ["TO BE COMPLETED", "trusted_proxies.from"]),
])
def test_nothing_is_lost_without_a_word(folder, lines, status, words):
    (folder / "nginx.conf").write_text(server_with(*lines))
    done = moorgate_import(folder / "nginx.conf")
    assert done.returncode == status, said(done)
    for word in words:
        assert word in done.stderr
    assert bool(words) == ("COULD NOT" in done.stderr or "TO BE COMPLETED" in done.stderr)


@pytest.mark.parametrize("line, expected", [
    ("set_real_ip_from 10.1.2.3/8;", "- 10.0.0.0/8"), ("set_real_ip_from 2001:db8:ff::1/33;", "2001:db8::/33"),
    ("set_real_ip_from unix:;", '- "unix:"')])
def test_addresses_are_written_as_they_are_read_here(folder, line, expected):
    (folder / "nginx.conf").write_text(server_with(V2, line))
    done = moorgate_import(folder / "nginx.conf")
    assert expected in done.stdout, done.stdout
    assert "TO BE COMPLETED" not in done.stderr


@pytest.mark.parametrize("target, expected", [
    ("http://sock", "unix:/run/r.sock"), ("http://unix:/run/q.sock", "unix:/run/q.sock"),
    ("http://unix:/run/q.sock:/v2/", "unix:/run/q.sock")])
def test_a_registry_behind_a_unix_socket_is_found(folder, target, expected):
    (folder / "nginx.conf").write_text(server_with(f"listen 443 ssl; location /v2/ {{ proxy_pass {target}; }}"))
    done = moorgate_import(folder / "nginx.conf")
    assert (done.returncode, f"upstream: {expected}  " in done.stdout) == (0, True), said(done)


def test_one_of_several_servers_is_chosen_by_name():
    one = import_fixture("different_servers", "--server", "one.example.com")
    two = import_fixture("different_servers", "--server", "two.example.com")
    assert "who: signed-in" in one.stdout and "anyone" not in one.stdout
    assert '{ who: anyone, repositories: "**", allow: [pull] }' in two.stdout
    assert import_fixture("different_servers", "--server", "three.example.com").returncode == 1


@pytest.mark.parametrize("text, words", [
    ("http { server { listen 443", ["nginx.conf:1", "; is missing"]),
    ("http {\n server {\n", ["nginx.conf:2", "}"]),
    ("http {\n}\n}\n", ["nginx.conf:3", "}"]),
    ("http { server { listen 80; root /srv; } }", ["no server leads to a registry"]),
    ("include nginx.conf;", ["includes itself"]),
    ("http { include rules.conf; }", ["rules.conf", "cannot be read"]),
    ('http { log_format x "abc;\n}', ["nginx.conf:1", "quote"]),
])
def test_what_cannot_be_read_is_told_with_its_place(folder, text, words):
    (folder / "nginx.conf").write_text(text)
    done = moorgate_import(folder / "nginx.conf")
    assert done.returncode == 1 and done.stdout == ""
    for word in words:
        assert word in done.stderr


def test_the_output_goes_to_a_file(folder):
    done = import_fixture("includes", "--output", folder / "moorgate.yml")
    assert done.stdout == ""
    assert normal((folder / "moorgate.yml").read_text()) == (FIXTURES / "includes.yml").read_text()


@pytest.mark.parametrize("arguments", [(), ("/no/such/nginx.conf",), ("--volume", "nonsense", __file__)])
def test_wrong_use_is_told(arguments):
    assert moorgate_import(*arguments).returncode == 2


# ---- the registry behind

def test_the_registry_in_the_background_is_replaced_or_kept(folder):
    config = registry_config(folder / "config.yml", folder / "store")
    replaced = import_fixture("includes", "--registry-config", config).stdout
    assert f"root: {folder}/store" in replaced and "upstream" not in replaced
    assert "keep_distribution_links: yes" in replaced
    kept = import_fixture("includes", "--registry-config", config, "--keep-registry").stdout
    assert "upstream: http://registry:5000" in kept and "storage" not in kept


def test_a_registry_that_deletes_nothing_still_does_not(folder):
    config = registry_config(folder / "config.yml", folder / "store",
                             storage={"filesystem": {"rootdirectory": str(folder / "store")}})
    assert "allow: [pull, push] }" in import_fixture("includes", "--registry-config", config).stdout


def test_images_in_a_bucket_are_an_error_that_says_so(folder):
    config = registry_config(folder / "config.yml", folder, storage={"s3": {"bucket": "images"}})
    done = moorgate_import("--registry-config", config)
    assert done.returncode == 1
    assert "s3" in done.stderr and "--keep-registry" in done.stderr
    assert import_fixture("includes", "--registry-config", config, "--keep-registry").returncode == 0


def test_variables_override_the_registrys_file(folder):
    config = registry_config(folder / "config.yml", folder / "store")
    (folder / "registry.env").write_text(
        "# as compose has it\n"
        "REGISTRY_AUTH=htpasswd\n"
        "REGISTRY_AUTH_HTPASSWD_PATH=/auth/users.htpasswd\n"
        "REGISTRY_AUTH_HTPASSWD_REALM=From the environment\n"
        "REGISTRY_HTTP_ADDR=0.0.0.0:443\n"
        "REGISTRY_HTTP_TLS_CERTIFICATE=/certs/domain.crt\n"
        "REGISTRY_HTTP_TLS_KEY=/certs/domain.key\n"
        "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL=http://hook/\n"
        "REGISTRY_STORAGE_DELETE_ENABLED=false\n"
        "PATH=/usr/bin\n")
    done = moorgate_import("--registry-config", config, "--env-file", folder / "registry.env",
                           "--volume", f"{FIXTURES}/auth:/auth")
    told = normal(done.stdout)
    for line in ('realm: "From the environment"  # REGISTRY_AUTH_HTPASSWD_REALM',
                 "- address: 0.0.0.0:443  # REGISTRY_HTTP_ADDR",
                 "certificate: /certs/domain.crt  # REGISTRY_HTTP_TLS_CERTIFICATE",
                 "- htpasswd: {folder}/auth/users.htpasswd  # REGISTRY_AUTH_HTPASSWD_PATH",
                 '- { who: signed-in, repositories: "**", allow: [pull, push] }'):
        assert line in told
    assert done.returncode == 3
    assert "REGISTRY_NOTIFICATIONS_ENDPOINTS_0_URL: notifications" in done.stderr


# ---- rights

@pytest.fixture
def imported(folder, authority):
    """Takes a configuration of nginx, runs it before a real registry, imports it, and runs the result."""
    certificate = authority.issue(folder / "domain.crt", "localhost", "127.0.0.1")
    store = folder / "store"
    registry = DockerRegistry(folder / "registry", folder / "old-store")

    def both(text, **values):
        nginx = Nginx(folder / "nginx", text, registry=registry.address, certificate=certificate.path,
                      key=certificate.key, htpasswd=folder / "users.htpasswd", **values)
        try:
            before = answers(nginx.endpoint(authority))
        finally:
            nginx.stop()
        done = moorgate_import(folder / "nginx" / "nginx.conf", "--registry-config",
                               registry_config(folder / "config.yml", store), "--output", folder / "moorgate.yml")
        assert done.returncode in (0, 3), said(done)
        run(BINARY, "check", "--config", folder / "moorgate.yml")
        site = SimpleNamespace(folder=folder, config_file=folder / "moorgate.yml", authority=authority)
        with Moorgate(site) as server:
            return before, answers(server.endpoint()), done, folder / "moorgate.yml"
    yield both
    registry.stop()


USERS = (None, "alice", "bob", "carol")
ACTIONS = {"pull": ("GET", "latest"), "push": ("POST", None), "delete": ("DELETE", UNKNOWN)}


def get(client, target):
    return client.connect().request("GET", target, client.authorization).status


def answers(endpoint):
    """What everybody is told who tries to do anything anywhere, with nothing that would be found."""
    told = {}
    for user in USERS:
        with Registry(endpoint, user and (user, f"{user}-password")) as client:
            for repository in ("app", "team/app", "private/app"):
                for action, (method, reference) in ACTIONS.items():
                    target = manifest_path(repository, reference) if reference else f"/v2/{repository}/blobs/uploads/"
                    response = client.connect().request(method, target, client.authorization,
                                                        b"" if method == "POST" else None)
                    told[user, action, repository] = response.status
                told[user, "tags", repository] = get(client, f"/v2/{repository}/tags/list")
            told[user, "catalog", "**"] = get(client, "/v2/_catalog")
    return told


def test_the_recipe_to_the_letter_gives_the_same_answers(imported, folder):
    (folder / "users.htpasswd").write_text((FIXTURES / "auth" / "users.htpasswd").read_text())
    before, after, done, _ = imported(RECIPE.read_text())
    assert before == after
    assert done.returncode == 0
    assert "any valid user may push and delete" in done.stderr
    assert "HOLES FOUND" in done.stderr and "COULD NOT" not in done.stderr


def of_fixture(name, folder):
    """The fixture as nginx runs it here: its own ports, files and places for what it writes."""
    text = (FIXTURES / f"{name}.conf").read_text()
    for old, new in [("listen 443 ssl", "listen {address} ssl"), ("auth/domain.crt", "{certificate}"),
                     ("auth/domain.key", "{key}"), ("auth/", f"{FIXTURES}/auth/"), ("registry:5000", "{registry}"),
                     ("http {", "daemon off;\nuser root;\npid {folder}/nginx.pid;\nevents { }\nhttp {\n"
                      + "".join(f"{kind}_temp_path {{folder}}/{kind};\n" for kind in
                                ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")))]:
        text = text.replace(old, new, 1 if old == "http {" else -1)
    return text


@pytest.mark.parametrize("name", ["limit_except", "maps", "open_pull", "satisfy_any", "allow_deny"])
def test_nobody_can_do_more_than_before_and_what_is_lost_is_told(imported, folder, name):
    before, after, done, config = imported(of_fixture(name, folder))
    wider = [key for key in before if before[key] in DENIED and after[key] not in DENIED]
    narrower = [key for key in before
                if key[1] in ACTIONS and before[key] not in DENIED and after[key] in DENIED]
    assert not wider or {action for _, action, _ in wider} == {"catalog"} and name == "open_pull", (wider, done.stderr)
    assert ("/v2/_catalog was for fewer than may pull" in done.stderr) == bool(wider)
    assert (narrower == []) == (name in ("limit_except", "maps", "satisfy_any", "allow_deny")), narrower
    assert done.returncode == STATUS[name]
    for (user, action, repository), status in after.items():
        if action not in ACTIONS:
            continue
        told = run(BINARY, "explain", user or "anonymous", action, repository, "--config", config, check=False)
        assert (told.returncode == 1) == (status in DENIED), told.stdout
