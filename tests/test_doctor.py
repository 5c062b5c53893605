"""`moorgate doctor` through real proxies: what is wrong is found, and gone when the advised line is there."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.certificates import KEY, Certificate
from support.command import run, said
from support.docker_registry import DockerRegistry
from support.doctor import PASSWORD, USER, doctor
from support.haproxy import HAProxy
from support.http import Endpoint
from support.images import greeting_image
from support.moorgate import BINARY, Site
from support.network import loopback_address
from support.nginx import Nginx, RecipeNginx
from support.registry import Registry

NGINX = """\
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {}
http {
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {
    listen {address} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location /v2/ {
      proxy_pass http://{guarded};
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header Forwarded "";
      client_max_body_size 0;
      # more
    }
  }
  # further
}
"""

HAPROXY = """\
userlist people
  user testuser insecure-password testpassword
frontend door
  bind {listen} ssl crt {pem}
  option http-ignore-probes
  http-request set-header X-Forwarded-Proto https if { ssl_fc }
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request del-header Forwarded
  # more
  default_backend registry
backend registry
  server registry {guarded}
"""


@pytest.fixture(scope="module")
def registries(module_folder):
    """Debian's docker-registry over one store with an image, as most people run it: absolute addresses
    in its answers. `guarded` asks for a password, `open` does not."""
    htpasswd = module_folder / "htpasswd"
    htpasswd.write_text(run("htpasswd", "-nbBC", "4", USER, PASSWORD).stdout)
    store = module_folder / "store"
    filling = DockerRegistry(module_folder / "filling", store)
    with Registry(filling.endpoint()) as client:
        client.push_image("team/app", "1", greeting_image("hello"))
    filling.stop()
    environment = {"REGISTRY_HTTP_RELATIVEURLS": "false"}
    running = {"guarded": DockerRegistry(module_folder / "guarded", store, htpasswd=htpasswd,
                                         environment=environment),
               "open": DockerRegistry(module_folder / "open", store, environment=environment)}
    yield running
    for registry in running.values():
        registry.stop()


@pytest.fixture(scope="module")
def site(module_folder, authority, registries):
    """What the configurations of proxies speak of."""
    certificate = authority.issue(module_folder / "door.crt", "127.0.0.1", "localhost")
    pem = module_folder / "door.pem"
    pem.write_text(certificate.path.read_text() + certificate.key.read_text())
    return {"certificate": certificate.path, "key": certificate.key, "pem": pem,
            "htpasswd": module_folder / "htpasswd",
            **{name: registry.address for name, registry in registries.items()}}


def examined(server, authority, scheme="https", **options):
    """The diagnosis of a door that is stopped afterwards."""
    try:
        return doctor(f"{scheme}://{server.address}", authority=authority, **options)
    finally:
        server.stop()


def found_and_gone(name, before, after, authority, **options):
    """Examines both doors at once."""
    with ThreadPoolExecutor() as pool:
        before, after = pool.map(lambda door: examined(door, authority, **options), (before, after))
    assert name in before.names, before.findings
    assert name not in after.names, after.findings


def test_a_good_nginx_in_front_of_docker_registry_gets_a_clean_bill(folder, authority, site, registries):
    diagnosis = examined(Nginx(folder / "nginx", NGINX, **site), authority)
    assert diagnosis.findings == {}
    assert not any("not examined" in note for note in diagnosis.notes)
    assert left_behind(registries["guarded"]) == []


def test_a_good_haproxy_in_front_of_docker_registry_gets_a_clean_bill(folder, authority, site):
    assert examined(HAProxy(folder / "haproxy", HAPROXY, **site), authority).findings == {}


def left_behind(registry):
    """What upload sessions have stored. (docker-registry writes the state of a hash back after it has
    cancelled a session, whoever cancels it.)"""
    return [path for path in registry.store.rglob("_uploads/*/*") if path.name in ("data", "startedat")]


# ---- nginx: (what is found, the line that is wrong, the line that is right). What is wrong or right is a
# line of NGINX, or stands in the location or beside the server there.

PROTO = "proxy_set_header X-Forwarded-Proto $scheme;"
HOST = "proxy_set_header Host $http_host;"
GUARDED = "proxy_pass http://{guarded};"
OPEN = "proxy_pass http://{open};"
ASK = 'auth_basic "Registry realm"; auth_basic_user_file {htpasswd};'
METHODS = "limit_except %s { deny all; }"
CHALLENGE = 'proxy_hide_header WWW-Authenticate; add_header WWW-Authenticate \'%s realm="%s"\' always;'

IN_LOCATION = [
    ("location-scheme", PROTO, "proxy_set_header X-Forwarded-Proto http;", PROTO),
    ("location-host", HOST, "proxy_set_header Host $host; proxy_set_header X-Forwarded-Host $host;",
     HOST),
    ("location-form", "# more", "proxy_hide_header Location;", ""),
    ("body-limit", "client_max_body_size 0;", "", "client_max_body_size 0;"),
    ("body-limit", "client_max_body_size 0;", "client_max_body_size 100m;", "client_max_body_size 0;"),
    ("buffered", "proxy_request_buffering off;", "", "proxy_request_buffering off;"),
    ("method-filtered", "# more", METHODS % "GET HEAD POST", METHODS % "GET HEAD POST PUT PATCH DELETE"),
    ("method-filtered", "# more", METHODS % "GET HEAD POST PUT PATCH",
     METHODS % "GET HEAD POST PUT PATCH DELETE"),
    ("method-filtered", "# more", METHODS % "GET HEAD POST PATCH DELETE",
     METHODS % "GET HEAD POST PUT PATCH DELETE"),
    ("session-left", "# more", "if ($request_method = DELETE) { return 500; }", ""),
    ("chunked-refused", "# more", "if ($http_transfer_encoding) { return 411; }", ""),
    ("expect-refused", "# more", "if ($http_expect) { return 417; }", ""),
    ("version-missing", "# more", "proxy_hide_header Docker-Distribution-Api-Version;",
     "proxy_hide_header Docker-Distribution-Api-Version; "
     "add_header Docker-Distribution-Api-Version registry/2.0 always;"),
    ("challenge-missing", "# more", "proxy_hide_header WWW-Authenticate;", ""),
    ("challenge-several", "# more", "add_header WWW-Authenticate 'Basic realm=\"other\"' always;",
     "proxy_hide_header WWW-Authenticate; add_header WWW-Authenticate 'Basic realm=\"other\"' always;"),
    ("challenge-altered", "# more", CHALLENGE % ("Negotiate", "x"), CHALLENGE % ("Basic", "x")),
    ("realm-elsewhere", "# more", CHALLENGE % ("Bearer", "http://127.0.0.1:9/token"),
     CHALLENGE % ("Bearer", "https://$http_host/token")),
    ("upstream-down", GUARDED, "proxy_pass http://127.0.0.1:9;", GUARDED),
    ("path-missing", "location /v2/ {", "location /v1/ {", "location /v2/ {"),
    ("no-registry", "# more", "default_type text/html; return 200 '<html>Please sign in</html>';", ""),
    ("redirected", "# more", "return 302 https://sso.example.com/login;", ""),
    ("spoofed-host", "proxy_set_header X-Forwarded-Host $http_host;", "",
     "proxy_set_header X-Forwarded-Host $http_host;"),
    ("any-password", GUARDED,
     OPEN + " add_header WWW-Authenticate 'Basic realm=\"x\"' always; if ($http_authorization = '') { return 401; }",
     OPEN + ASK),
    ("open-push", GUARDED, OPEN, OPEN + ASK),
    ("password-unasked", GUARDED, OPEN + "limit_except GET HEAD { " + ASK + OPEN + " }", OPEN + ASK),
    ("authorization-lost", "# more", 'proxy_set_header Authorization "";',
     "proxy_set_header Authorization $http_authorization;"),
    ("head-refused", "# more", "if ($request_method = HEAD) { return 405; }", ""),
    ("digest-lost", "# more", "proxy_hide_header Docker-Content-Digest;", ""),
    ("accept-dropped", "# more", 'proxy_set_header Accept "";', "proxy_set_header Accept $http_accept;"),
    ("compressed", "# more", "gzip on; gzip_types application/octet-stream;", "gzip off;"),
    ("length-lost", "# more", "sub_filter_types *; sub_filter busybox toybox;", ""),
    ("range-ignored", "# more", 'proxy_set_header Range "";', "proxy_set_header Range $http_range;"),
    ("encoded-path", "# more", "if ($request_uri ~ %) { return 404; }", ""),
    ("blob-redirect", "# more",
     'if ($request_uri ~ "/blobs/sha256:") { return 307 http://storage.example.com$request_uri; }', ""),
    ("spoofed-address", GUARDED,
     OPEN + ASK + "satisfy any; allow 10.0.0.0/8; deny all; real_ip_header X-Forwarded-For; "
     "set_real_ip_from 0.0.0.0/0;",
     OPEN + ASK + "satisfy any; allow 10.0.0.0/8; deny all; real_ip_header X-Forwarded-For; "
     "set_real_ip_from 192.0.2.1;"),
]


@pytest.mark.parametrize("name, place, wrong, right", IN_LOCATION,
                         ids=[f"{case[0]}-{number}" for number, case in enumerate(IN_LOCATION)])
def test_nginx_is_found_wrong_and_right_again(folder, authority, site, name, place, wrong, right):
    assert NGINX.count(place) == 1
    before, after = (Nginx(folder / which, NGINX.replace(place, line), **site)
                     for which, line in (("wrong", wrong), ("right", right)))
    found_and_gone(name, before, after, authority)


def test_no_more_sessions_are_opened_where_one_cannot_be_cancelled(folder, authority, site):
    filtered = NGINX.replace("# more", METHODS % "GET HEAD POST PUT PATCH")
    diagnosis = examined(Nginx(folder / "nginx", filtered, **site), authority)
    assert diagnosis.names == {"method-filtered", "session-left"}
    opened = [line for line in (folder / "nginx/access.log").read_text().splitlines()
              if '"POST ' in line and '" 202 ' in line]
    assert len(opened) == 1


def test_nginx_that_cuts_a_pausing_upload(folder, authority, site):
    before, after = (Nginx(folder / time, NGINX.replace("# more", f"client_body_timeout {time};"), **site)
                     for time in ("1s", "900s"))
    found_and_gone("pause-cut", before, after, authority, patience=4)


INNER = """
  map $http_x_forwarded_user $believed { '' $http_authorization; default 'Basic {credentials}'; }
  server {
    listen unix:{folder}/inner.sock;
    location / {
      proxy_pass http://{guarded};
      proxy_set_header Authorization $believed;
    }
  }
"""


def test_a_user_header_that_is_believed_from_anybody(folder, authority, site):
    credentials = run("base64", "-w0", stdin=f"{USER}:{PASSWORD}").stdout
    behind = NGINX.replace(GUARDED, "proxy_pass http://unix:{folder}/inner.sock:;").replace(
        "# further", INNER.replace("{credentials}", credentials))
    right = behind.replace("# more", 'proxy_set_header X-Forwarded-User "";')
    found_and_gone("spoofed-user", Nginx(folder / "wrong", behind, **site), Nginx(folder / "right", right, **site),
                   authority)


def test_a_door_without_tls_beside_the_good_one(folder, authority, site):
    plain = NGINX.replace("{address} ssl;", "{address};")
    door = Nginx(folder / "door", NGINX, **site)
    try:
        for text, found in ((plain, True),
                            (plain.replace("# more", "return 308 https://$host$request_uri;"), False)):
            beside = Nginx(folder / f"plain-{found}", text, **site)
            try:
                diagnosis = doctor(f"https://{door.address}", authority=authority,
                                   http_port=beside.address.split(":")[1])
            finally:
                beside.stop()
            assert ("plain-door" in diagnosis.names) == found, diagnosis.findings
    finally:
        door.stop()


def test_a_registry_without_tls_gets_no_password(folder, site):
    with loopback_address() as address:
        plain = Nginx(folder / "plain", NGINX.replace("{address} ssl;", "{address};"), address, **site)
        diagnosis = examined(plain, None, scheme="http")
    assert "plain-http" in diagnosis.names
    assert any("no password was sent" in note for note in diagnosis.notes)
    assert f" - {USER} " not in (folder / "plain/access.log").read_text()


# ---- certificates

def issued(folder, name, subject, *arguments, issuer=None):
    """A certificate made by hand, for what an orderly authority does not do."""
    certificate = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    request = folder / f"{name}.csr"
    run("openssl", "req", *KEY, "-keyout", certificate.key, "-out", request, "-subj", f"/CN={name}")
    extensions = folder / f"{name}.ext"
    extensions.write_text(subject)
    run("openssl", "x509", "-req", "-in", request, "-out", certificate.path, "-extfile", extensions,
        "-CAcreateserial", "-CA", issuer[0], "-CAkey", issuer[1], *arguments)
    return certificate


ADDRESS = "subjectAltName=IP:127.0.0.1"


@pytest.fixture
def certificates(folder, authority):
    root = (authority.certificate, authority.key)
    middle = issued(folder, "middle", "basicConstraints=critical,CA:TRUE", "-days", "2", issuer=root)
    leaf = issued(folder, "leaf", ADDRESS, "-days", "2", issuer=(middle.path, middle.key))
    chain = Certificate(folder / "fullchain.crt", leaf.key)
    chain.path.write_text(leaf.path.read_text() + middle.path.read_text())
    alone = Certificate(folder / "alone.crt", folder / "alone.key")
    run("openssl", "req", "-x509", *KEY, "-keyout", alone.key, "-out", alone.path, "-subj", "/CN=alone", "-addext",
        ADDRESS)
    return {
        "certificate-expired": issued(folder, "old", ADDRESS, "-days", "-1", issuer=root),
        "certificate-name": authority.issue(folder / "other.crt", "other.example.com"),
        "certificate-chain": leaf,
        "certificate-unknown": alone,
        "good": chain,
    }


def test_certificates_that_are_no_good(folder, authority, site, certificates):
    for name, certificate in certificates.items():
        values = {**site, "certificate": certificate.path, "key": certificate.key}
        nginx = Nginx(folder / name, NGINX, **values)
        diagnosis = examined(nginx, authority)
        assert diagnosis.names == ({name} if name != "good" else set()), (name, diagnosis.findings)
        # The password stays here where the certificate is no good.
        assert (f" - {USER} " in (folder / name / "access.log").read_text()) == (name == "good")


def test_a_door_that_speaks_no_tls(folder, authority, site):
    nginx = Nginx(folder / "nginx", NGINX.replace("{address} ssl;", "{address};"), **site)
    assert examined(nginx, authority).names == {"tls-failed"}


# ---- HAProxy

DROPPED = "http-response del-header %s"
AUTH = "http-request auth unless { http_auth(people) }"

IN_FRONTEND = [
    ("location-scheme", "http-request set-header X-Forwarded-Proto https if { ssl_fc }", "",
     "http-request set-header X-Forwarded-Proto https if { ssl_fc }"),
    ("location-host", "http-request set-header X-Forwarded-Host %[req.hdr(host)]",
     "http-request set-header X-Forwarded-Host inner.example.com",
     "http-request set-header X-Forwarded-Host %[req.hdr(host)]"),
    ("spoofed-host", "http-request set-header X-Forwarded-Host %[req.hdr(host)]", "",
     "http-request set-header X-Forwarded-Host %[req.hdr(host)]"),
    ("method-filtered", "# more", "http-request deny unless { method GET HEAD POST PUT }",
     "http-request deny unless { method GET HEAD POST PUT PATCH DELETE }"),
    ("body-limit", "# more", "http-request deny deny_status 413 if { req.hdr_val(content-length) gt 1048576 }", ""),
    ("chunked-refused", "# more",
     "http-request return status 411 if { method PATCH } !{ req.hdr(content-length) -m found }", ""),
    ("expect-refused", "# more", "http-request return status 417 if { req.hdr(expect) -m found }",
     "http-request del-header Expect"),
    ("challenge-missing", "# more", DROPPED % "WWW-Authenticate", ""),
    ("version-missing", "# more", DROPPED % "Docker-Distribution-Api-Version",
     "http-after-response set-header Docker-Distribution-Api-Version registry/2.0"),
    ("digest-lost", "# more", DROPPED % "Docker-Content-Digest", ""),
    ("authorization-lost", "# more", "http-request del-header Authorization", ""),
    ("accept-dropped", "# more", "http-request del-header Accept", ""),
    ("range-ignored", "# more", "http-request del-header Range", ""),
    ("compressed", "# more", "compression algo gzip", ""),
    ("redirected", "# more", "http-request redirect location https://sso.example.com/",
     "http-request redirect location https://sso.example.com/ unless { path_beg /v2 }"),
    ("upstream-down", "server registry {guarded}", "server registry 127.0.0.1:9", "server registry {guarded}"),
    ("path-bypass", "server registry {guarded}",
     "http-request auth if { path_beg /v2/ } !{ http_auth(people) }\n  server registry {open}",
     AUTH + "\n  server registry {open}"),
    ("spoofed-address", "server registry {guarded}",
     "http-request auth unless { http_auth(people) } or { hdr_ip(X-Forwarded-For) 10.0.0.0/8 }\n"
     "  server registry {open}",
     "acl inner src 10.0.0.0/8\n  http-request auth unless { http_auth(people) } or inner\n  server registry {open}"),
    ("open-push", "server registry {guarded}", "server registry {open}", AUTH + "\n  server registry {open}"),
]


@pytest.mark.parametrize("name, place, wrong, right", IN_FRONTEND, ids=[case[0] for case in IN_FRONTEND])
def test_haproxy_is_found_wrong_and_right_again(folder, authority, site, name, place, wrong, right):
    assert HAPROXY.count(place) == 1
    before, after = (HAProxy(folder / which, HAPROXY.replace(place, line), **site)
                     for which, line in (("wrong", wrong), ("right", right)))
    found_and_gone(name, before, after, authority)


def test_haproxy_that_cuts_a_pausing_upload(folder, authority, site):
    before, after = (HAProxy(folder / time, HAPROXY + f"  timeout server {time}\n", **site)
                     for time in ("1s", "15m"))
    found_and_gone("pause-cut", before, after, authority, patience=4)


# ---- a token realm

REALM = """
  map $http_authorization $token_answer { default 401; "Basic {credentials}" 200; }
  map $http_authorization $known { default ""; "Bearer the-token" yes; }
"""
TOKEN = """
    location /token {
      if ($token_answer = 401) { return 401; }
      default_type application/json;
      return 200 '{"token": "the-token"}';
    }
"""


def test_a_token_is_asked_where_the_challenge_says(folder, authority, site):
    credentials = run("base64", "-w0", stdin=f"{USER}:{PASSWORD}").stdout
    challenge = 'add_header WWW-Authenticate \'Bearer realm="https://$http_host/token",service="x"\' always;'
    text = (NGINX.replace(GUARDED, OPEN).replace("location /v2/ {", TOKEN + "    location /v2/ {")
            .replace("# further", REALM.replace("{credentials}", credentials))
            .replace("# more", challenge + " if ($known = '') { return 401; } "
                     "add_header Docker-Distribution-Api-Version registry/2.0 always;"))
    diagnosis = examined(Nginx(folder / "nginx", text, **site), authority)
    assert diagnosis.findings == {}
    asked = (folder / "nginx/access.log").read_text()
    assert "GET /token?service=x&scope=registry%3Acatalog%3A%2A" in asked
    assert "scope=repository%3Amoorgate-doctor%3Apull%2Cpush" in asked
    assert "PATCH /v2/moorgate-doctor/blobs/uploads/" in asked


# ---- Moorgate

@pytest.fixture
def moorgate(folder, authority):
    (folder / "moorgate").mkdir()
    site = Site(folder / "moorgate", authority)
    (folder / "moorgate/htpasswd").write_text(run("htpasswd", "-nbBC", "4", USER, PASSWORD).stdout)
    site.config["groups"] = {"owners": [USER], "pushers": []}
    with site.start() as server:
        with server.client(USER, PASSWORD) as client:
            client.push_image("team/app", "1", greeting_image("hello"))
        yield server


def test_moorgate_alone_gets_a_clean_bill_and_keeps_nothing(moorgate, authority):
    before = moorgate.site.files()
    diagnosis = doctor(f"https://{moorgate.address}", authority=authority)
    assert diagnosis.findings == {}
    assert not any("not examined" in note for note in diagnosis.notes)
    assert moorgate.site.files() == before
    assert moorgate.site.command("uploads", "list").stdout == "0 unfinished uploads\n"
    assert "moorgate-doctor" not in moorgate.client(USER, PASSWORD).catalog().body.decode()


def test_the_recipe_gets_the_bill_it_deserves(folder, authority, registries):
    certificate = authority.issue(folder / "recipe.crt", "127.0.0.1")
    recipe = RecipeNginx(folder / "recipe", "127.0.0.1", registries["open"].address, certificate,
                         registries["guarded"].configuration.parent.parent / "htpasswd")
    # It spools uploads to disk first, and passes headers on from everybody.
    assert examined(recipe, authority).names == {"buffered", "spoofed-host"}


def test_a_user_who_may_not_push_is_told_so(moorgate, authority):
    moorgate.site.config["access"] = [{"who": "signed-in", "repositories": "**", "allow": ["pull"]}]
    moorgate.site.save()
    moorgate.reload()
    moorgate.log.wait("configuration reloaded")
    diagnosis = doctor(f"https://{moorgate.address}", authority=authority)
    assert diagnosis.findings == {}
    assert any("--repository" in note for note in diagnosis.notes)


# ---- the command

def test_every_finding_is_provoked_here_and_stands_in_the_documentation():
    root = Path(__file__).parent.parent
    names = re.findall(r'^ {4}\{"([a-z-]+)",', (root / "src/doctor/advice.cpp").read_text(), re.M)
    assert len(names) > 40
    here, documentation = Path(__file__).read_text(), (root / "docs/doctor.md").read_text()
    assert [name for name in names if f'"{name}"' not in here or f"| `{name}`" not in documentation] == []


def test_people_are_told_what_breaks_and_which_line_to_change(folder, authority, site):
    nginx = Nginx(folder / "nginx", NGINX.replace("client_max_body_size 0;", ""), **site)
    try:
        done = run(BINARY, "doctor", f"https://{nginx.address}", "--user", USER, "--password-stdin", "--patience", "0",
                   "--http-port", "9", "--ca", authority.certificate, stdin=PASSWORD, check=False)
    finally:
        nginx.stop()
    assert done.returncode == 1
    for word in ("body-limit", "413", "docker push", "client_max_body_size 0;", "1 finding"):
        assert word in done.stdout
    # nginx has named itself: nobody else's lines are shown.
    assert "HAProxy" not in done.stdout
    assert PASSWORD not in said(done)


def test_progress_is_told_on_a_terminal_only(moorgate, authority):
    arguments = [BINARY, "doctor", f"https://{moorgate.address}", "--http-port", "9", "--ca", authority.certificate]
    assert run(*arguments, check=False).stderr == ""
    command = " ".join(map(str, arguments))
    on_terminal = run("script", "-qec", command, "/dev/null", check=False).stdout
    assert "forged headers" in on_terminal and "nothing found" in on_terminal


@pytest.mark.parametrize("arguments, word", [
    (("https://127.0.0.1:9",), "cannot be reached"),
    (("https://no-such-host.invalid",), "cannot be reached"),
    (("ftp://127.0.0.1",), "https"),
    (("https://user:secret@127.0.0.1",), "--user"),
    (("https://127.0.0.1/some/path",), "path"),
    (("https://127.0.0.1", "--user", "somebody"), "--password-stdin"),
    (("https://127.0.0.1", "--user", "somebody", "--password-stdin"), "no password"),
    (("https://127.0.0.1", "--repository", "UPPER"), "UPPER"),
    (("https://127.0.0.1", "--ca", "/no/such/file"), "/no/such/file"),
    ((), "URL"),
])
def test_what_cannot_be_examined_is_told(arguments, word):
    refused = run(BINARY, "doctor", *arguments, check=False)
    assert refused.returncode == 2
    assert word in said(refused)
    assert "secret" not in said(refused)
