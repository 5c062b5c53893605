"""Behind nginx and haproxy: whose word about the client is taken, and whose is not."""

import grp
import os
import pwd
import socket
import stat
import struct
from pathlib import Path

import pytest

from support.command import run, said
from support.docker import DockerEngine, trusted
from support.haproxy import HAProxy
from support.http import Connection, Endpoint
from support.images import digest_of, noise
from support.moorgate import Site, password, split_address
from support.network import loopback_address
from support.nginx import Nginx
from support.registry import basic

SECRET = "8d969eef6ecad3c29a3a629280e686cf"
PROVEN = ("X-Proxy-Secret", SECRET)
# Moorgate trusts 127.0.0.1; whoever connects from here is a stranger.
STRANGER = "127.0.0.2"
PATIENCE = 2
MALFORMED = "a connection was closed for its PROXY header; does the proxy send one to this listener?"
TERMINATOR = Path(__file__).parent / "data/terminator.nginx.conf"


@pytest.fixture(scope="module")
def server(module_folder, authority):
    """Plain on a Unix socket and on TCP, and with PROXY headers on TCP with TLS and on a Unix socket."""
    site = Site(module_folder, authority)
    site.config["listen"] = [
        {"address": f"unix:{module_folder}/plain.sock", "tls": "off"},
        {"address": "127.0.0.1:0", "tls": "off", "open_to_local_users": True},
        {"address": "127.0.0.1:0", "proxy_protocol": True},
        {"address": f"unix:{module_folder}/proxy.sock", "tls": "off", "proxy_protocol": True},
    ]
    site.config["trusted_proxies"] = {
        "from": ["127.0.0.1", "10.0.0.0/8", "unix:"], "user_header": "X-Remote-User",
        "groups_header": "X-Remote-Groups", "secret_header": "X-Proxy-Secret", "secret": "file:secret"}
    (module_folder / "secret").write_text(SECRET + "\n")
    site.config["limits"] = {"header_timeout": f"{PATIENCE}s"}
    site.config["access"].append({"who": "group:publishers", "repositories": "**", "allow": ["pull", "push"]})
    with site.start() as running:
        yield running


def endpoint(server, index, source=""):
    listener = server.listeners[index]
    address = listener["address"]
    if address.startswith("unix:"):
        return Endpoint(address.removeprefix("unix:"))
    context = server.site.authority.client_context() if listener["tls"] else None
    return Endpoint(split_address(address), context, source=source)


@pytest.fixture
def unix(server):
    return endpoint(server, 0)


@pytest.fixture
def plain(server):
    return endpoint(server, 1)


@pytest.fixture
def stranger(server):
    return endpoint(server, 1, STRANGER)


@pytest.fixture
def behind_header(server):
    return endpoint(server, 2)


@pytest.fixture
def unix_behind_header(server):
    return endpoint(server, 3)


marks = iter(range(1, 1_000_000))


def ask(server, where, headers=(), preface=b"", method="GET"):
    """The answer to a request for /v2/, and what the access log says about it."""
    target = f"/v2/?mark={next(marks)}"
    with Connection(where, preface=preface) as connection:
        response = connection.request(method, target, headers)
    return response, server.log.wait("request", target=target)


OWNER = basic("owner", password("owner"))


# ---- forwarding headers

@pytest.mark.parametrize("headers, client", [
    ([("X-Forwarded-For", "203.0.113.5")], "203.0.113.5"),
    ([("X-Forwarded-For", "1.1.1.1, 203.0.113.5, 10.2.2.2")], "203.0.113.5"),
    ([("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "203.0.113.5:4711")], "203.0.113.5"),
    ([("X-Forwarded-For", "[2001:db8::9]:4711")], "2001:db8::9"),
    ([("Forwarded", 'for=1.1.1.1, for="[2001:db8::9]:4711";proto=https, for=10.2.2.2')], "2001:db8::9"),
    ([("Forwarded", "for=_hidden")], "_hidden"),
])
def test_a_trusted_chain_is_walked_from_the_right(server, unix, plain, headers, client):
    for where, proxy in ((unix, "unix"), (plain, "127.0.0.1")):
        response, line = ask(server, where, [OWNER, PROVEN, *headers])
        assert response.status == 200
        assert (line["client"], line["proxy"]) == (client, proxy)


@pytest.mark.parametrize("headers, scheme, host", [
    ([("X-Forwarded-Proto", "https")], "https", "registry.example.com"),
    ([("X-Forwarded-Proto", "HTTP"), ("X-Forwarded-Host", "shop.example.com")], "http", "shop.example.com"),
    ([("X-Forwarded-For", "203.0.113.5"), ("X-Forwarded-Port", "5043")], None, "registry.example.com:5043"),
    ([("Forwarded", 'for=203.0.113.5;proto=https;host="shop.example.com:5043"')], "https", "shop.example.com:5043"),
    ([], None, None),
])
def test_the_log_shows_how_the_client_reached_the_proxy(server, plain, headers, scheme, host):
    target = f"/v2/?mark={next(marks)}"
    with Connection(plain) as connection:
        connection.send(b"".join(b"%s: %s\r\n" % (name.encode(), value.encode()) for name, value in [
            (f"GET {target} HTTP/1.1\r\nHost", "registry.example.com"), OWNER, PROVEN, *headers]) + b"\r\n")
        assert connection.read_response().status == 200
    line = server.log.wait("request", target=target)
    assert (line.get("scheme"), line.get("host")) == (scheme, host)


def test_a_stranger_is_who_the_socket_says(server, stranger):
    claims = [("X-Forwarded-For", "203.0.113.5"), ("Forwarded", "for=203.0.113.6"), ("X-Remote-User", "owner"),
              ("X-Remote-Groups", "owners"), PROVEN]
    response, line = ask(server, stranger, claims)
    assert response.status == 401
    assert line["client"] == STRANGER
    assert not {"proxy", "scheme", "host"} & set(line)
    assert ask(server, stranger, [OWNER, *claims])[0].status == 200


def test_a_listed_peer_without_the_secret_is_a_stranger_and_warned_about(server, plain):
    for wrong in ([], [("X-Proxy-Secret", SECRET[:-1])], [PROVEN, PROVEN]):
        response, line = ask(server, plain, [("X-Forwarded-For", "203.0.113.5"), ("X-Remote-User", "owner"), *wrong])
        assert response.status == 401
        assert line["client"] == "127.0.0.1"
    server.log.wait("a listed proxy did not send the secret of trusted_proxies; it is not believed")
    assert SECRET not in server.log.text


@pytest.mark.parametrize("headers, word", [
    ([("X-Forwarded-For", "203.0.113.5"), ("Forwarded", "for=203.0.113.6")], "different client"),
    ([("X-Forwarded-For", "nonsense")], "nonsense"),
    ([("Forwarded", 'for="unfinished')], "Forwarded"),
    ([("X-Remote-User", "owner"), ("X-Remote-User", "reader")], "twice"),
])
def test_a_proxy_that_contradicts_itself_is_told_so(server, plain, headers, word):
    with Connection(plain) as connection:
        response = connection.request("GET", "/v2/", [OWNER, PROVEN, *headers])
    assert response.status == 400
    assert word in response.message


# ---- users of the proxy

def test_a_user_of_the_proxy_needs_no_password_and_brings_groups(server, plain):
    data = noise(1000, "publisher")
    for groups, status in (("visitors", 403), ("visitors, publishers", 202)):
        user = [PROVEN, ("X-Remote-User", "dora"), ("X-Remote-Groups", groups)]
        with Connection(plain) as connection:
            response = connection.request("POST", "/v2/team/app/blobs/uploads/", user)
            assert response.status == status
            if status == 202:
                location = response.header("Location")
                finish = f"{location}{'&' if '?' in location else '?'}digest={digest_of(data)}"
                assert connection.request("PUT", finish, user, data).status == 201
    line = server.log.wait("request", user="dora", method="PUT")
    assert line["source"] == "proxy"


def test_the_proxys_user_comes_before_the_authorization_header(server, plain):
    for authorization in (OWNER, basic("owner", "wrong"), basic("nobody", "x")):
        response, line = ask(server, plain, [PROVEN, ("X-Remote-User", "dora"), authorization])
        assert response.status == 200
        assert (line["user"], line["source"]) == ("dora", "proxy")
    response, line = ask(server, plain, [PROVEN, ("X-Remote-User", ""), OWNER])
    assert (response.status, line["user"], line["source"]) == (200, "owner", "htpasswd")
    assert ask(server, plain, [PROVEN])[0].status == 401


@pytest.mark.parametrize("name", ["a:b", "#a", "a" * 256], ids=["colon", "hash", "long"])
def test_a_name_that_no_user_can_have_is_refused(server, plain, name):
    response, line = ask(server, plain, [PROVEN, ("X-Remote-User", name)])
    assert response.status == 400
    assert "user" in response.message
    assert line["user"] == ""


def test_behind_a_unix_socket_users_need_no_secret(site):
    site.config["listen"] = [{"address": f"unix:{site.folder}/plain.sock", "tls": "off"}]
    site.config["trusted_proxies"] = {"from": "unix:", "user_header": "X-Portal-Login"}
    with site.start() as server:
        response, line = ask(server, endpoint(server, 0), [("X-Portal-Login", "dora")])
        assert (response.status, line["user"], line["source"]) == (200, "dora", "proxy")
        assert ask(server, endpoint(server, 0), [("X-Remote-User", "dora")])[0].status == 401
        site.config["trusted_proxies"] = {}
        site.save()
        server.reload()
        server.log.wait("configuration reloaded")
        assert ask(server, endpoint(server, 0), [("X-Portal-Login", "dora")])[0].status == 401


# ---- who may use a Unix socket

def test_a_unix_socket_has_the_owner_and_the_mode_it_was_given(site):
    address = {"address": f"unix:{site.folder}/given.sock", "tls": "off"}
    site.config["listen"] = [{**address, "mode": "0640", "owner": "nobody", "group": "nogroup"},
                             {**address, "address": f"unix:{site.folder}/plain.sock"}]
    with site.start():
        given, plain = (os.stat(site.folder / name) for name in ("given.sock", "plain.sock"))
    assert (given.st_uid, given.st_gid) == (pwd.getpwnam("nobody").pw_uid, grp.getgrnam("nogroup").gr_gid)
    assert (plain.st_uid, plain.st_gid) == (os.getuid(), os.getgid())
    assert [stat.S_IMODE(each.st_mode) for each in (given, plain)] == [0o640, 0o660]


@pytest.mark.parametrize("key, value", [
    ("mode", "0999"), ("mode", "rw-rw----"), ("mode", "1777"), ("mode", ""), ("owner", "no-such-user"),
    ("group", "no-such-group")])
def test_a_unix_socket_is_given_to_nobody_by_mistake(site, key, value):
    site.config["listen"] = [{"address": f"unix:{site.folder}/s", "tls": "off", key: value}]
    refused = site.command("check", check=False)
    assert refused.returncode == 1
    assert f"listen[0].{key}" in said(refused) and f'"{value}"' in said(refused)


# ---- PROXY headers

V2 = b"\r\n\r\n\0\r\nQUIT\n"
V1_LINE = b"PROXY TCP4 203.0.113.5 127.0.0.1 4711 443\r\n"
V2_V4 = (V2 + b"\x21\x11\x00\x0c" + socket.inet_aton("203.0.113.5") + socket.inet_aton("127.0.0.1")
         + b"\x12\x67\x01\xbb")
V2_V6 = (V2 + b"\x21\x21\x00\x24" + socket.inet_pton(socket.AF_INET6, "2001:db8::9")
         + socket.inet_pton(socket.AF_INET6, "::1") + b"\x12\x67\x01\xbb")
V2_LOCAL = V2 + b"\x20\x00\x00\x00"


@pytest.mark.parametrize("header, client", [
    (V1_LINE, "203.0.113.5"),
    (b"PROXY TCP6 2001:db8::9 ::1 4711 443\r\n", "2001:db8::9"),
    (b"PROXY UNKNOWN\r\n", "unknown"),
    (V2_V4, "203.0.113.5"),
    (V2_V6, "2001:db8::9"),
    (V2_LOCAL, None),
    (V2 + b"\x21\x00\x00\x00", "unknown"),
    (V2 + b"\x21\x31" + struct.pack("!H", 216) + bytes(216), "unknown"),
], ids=["v1-tcp4", "v1-tcp6", "v1-unknown", "v2-tcp4", "v2-tcp6", "v2-local", "v2-unspecified", "v2-unix"])
def test_the_proxy_header_names_the_client_with_and_without_tls(server, behind_header, unix_behind_header, header,
                                                                client):
    for where, peer in ((behind_header, "127.0.0.1"), (unix_behind_header, "unix")):
        response, line = ask(server, where, [OWNER], header)
        assert response.status == 200
        assert line["client"] == (client or peer)


def test_what_the_client_says_behind_a_proxy_header_is_a_strangers_word(server, behind_header):
    claims = [("X-Forwarded-For", "1.1.1.1"), ("X-Remote-User", "owner"), PROVEN]
    for header, client in ((V1_LINE, "203.0.113.5"), (b"PROXY UNKNOWN\r\n", "unknown")):
        response, line = ask(server, behind_header, claims, header)
        assert (response.status, line["client"]) == (401, client)
    # A proxy behind the proxy: nginx behind a network load balancer.
    response, line = ask(server, behind_header, claims, b"PROXY TCP4 10.2.2.2 127.0.0.1 4711 443\r\n")
    assert (response.status, line["client"], line["user"]) == (200, "1.1.1.1", "owner")


@pytest.mark.parametrize("header", [
    b"GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PROXY TCP4 203.0.113.5 127.0.0.1 4711 443\n" + bytes(200),
    b"PROXY TCP4 203.0.113.5 127.0.0.1 4711 65536\r\n",
    b"PROXY TCP4 2001:db8::9 ::1 4711 443\r\n",
    b"PROXY UNKNOWN " + b"x" * 200,
    V2 + b"\x11\x11\x00\x0c" + bytes(12),
    V2 + b"\x21\x11\x00\x04" + bytes(4),
    V2 + b"\x21\x12\x00\x0c" + bytes(12),
    V2 + b"\x2f\x11\x00\x0c" + bytes(12),
    V2 + b"\x21\x11\xff\xff",
    V2_V4[:14] + b"\x00\x0f" + V2_V4[16:] + b"\x04\x00\x09",
], ids=["http", "bare-lf", "port", "family", "long", "version", "short", "datagram", "command", "huge", "extension"])
def test_a_malformed_proxy_header_ends_the_connection(server, unix_behind_header, behind_header, header):
    for where in (unix_behind_header, Endpoint(behind_header.address)):
        with Connection(where) as connection:
            connection.send(header)
            assert connection.read_to_end() == b""
    server.log.wait(MALFORMED)


def test_malformed_headers_are_warned_about_once(server, unix_behind_header):
    for _ in range(50):
        with Connection(unix_behind_header) as connection:
            connection.send(b"x")
            assert connection.read_to_end() == b""
    warnings = server.log.find(MALFORMED)
    assert 1 <= len(warnings) < 20


@pytest.mark.parametrize("part", [b"", b"PRO", V2_V4[:20]], ids=["nothing", "v1", "v2"])
def test_a_header_that_does_not_come_is_not_waited_for(unix_behind_header, part):
    with Connection(unix_behind_header, timeout=PATIENCE + 30) as connection:
        connection.send(part)
        assert connection.read_to_end() == b""


def test_only_trusted_peers_may_send_a_proxy_header(server, behind_header):
    with Connection(Endpoint(behind_header.address, source=STRANGER)) as connection:
        try:
            connection.send(V1_LINE)
        except ConnectionError:
            pass
        assert connection.read_to_end() == b""
    server.log.wait("only trusted proxies may connect to a listener with proxy_protocol", client=STRANGER)


def test_a_listener_without_proxy_protocol_takes_none(server, plain):
    with Connection(plain) as connection:
        connection.send(V1_LINE + b"GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n")
        assert connection.read_response().status == 400


HANDS_ON = """
listen front
  mode tcp
  bind {listen}
  server moorgate {moorgate} {options}
"""


@pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options unique-id,crc32c"])
def test_haproxy_hands_on_tls_and_the_clients_address(folder, server, behind_header, version):
    moorgate = "{}:{}".format(*behind_header.address)
    haproxy = HAProxy(folder / "haproxy", HANDS_ON, moorgate=moorgate, options=version)
    try:
        host, port = haproxy.address.split(":")
        where = Endpoint((host, int(port)), server.site.authority.client_context(), source=STRANGER)
        response, line = ask(server, where, [OWNER, ("X-Forwarded-For", "1.1.1.1")])
        assert (response.status, line["client"]) == (200, STRANGER)
        with server.client("owner", endpoint=where) as client:
            data = noise(3_000_000, version)
            digest = client.push_blob("haproxy/blob", data)
            assert client.blob("haproxy/blob", digest).body == data
    finally:
        haproxy.stop()


# ---- nginx

@pytest.fixture
def terminator(module_folder, authority, server):
    """Starts nginx in front of one of Moorgate's plain listeners."""
    running = []

    def start(moorgate, host="127.0.0.1", more=""):
        name = f"nginx-{next(marks)}"
        certificate = authority.issue(module_folder / f"{name}.crt", host)
        text = TERMINATOR.read_text()
        running.append(Nginx(module_folder / name, text, host, moorgate=moorgate, certificate=certificate.path,
                             key=certificate.key, more=more))
        return running[-1]

    yield start
    for nginx in running:
        nginx.stop()


def through(nginx, authority, source=""):
    host, port = nginx.address.split(":")
    return Endpoint((host, int(port)), authority.client_context(), host, source)


@pytest.mark.parametrize("index", [0, 1], ids=["unix", "tcp"])
def test_nginx_in_front_needs_no_more_than_its_usual_lines(server, authority, terminator, index):
    secret = f"proxy_set_header X-Proxy-Secret {SECRET};"
    nginx = terminator(server.listeners[index]["address"], more=secret)
    where = through(nginx, authority, STRANGER)
    response, line = ask(server, where, [OWNER, ("X-Forwarded-For", "1.1.1.1"), ("Forwarded", "for=1.1.1.1")])
    assert (response.status, line["client"]) == (200, STRANGER)
    assert line["scheme"] == "https" and line["host"]
    with server.client("owner", endpoint=where) as client:
        data = noise(3_000_000, f"nginx {index}")
        digest = client.push_blob("nginx/blob", data)
        assert client.blob("nginx/blob", digest).body == data


def test_nginx_hands_over_the_users_it_has_signed_in(server, authority, terminator, module_folder):
    users = module_folder / "front.htpasswd"
    users.write_text(run("htpasswd", "-nbB", "-C", "4", "dora", "front").stdout)
    nginx = terminator(server.listeners[0]["address"], more=f"""
      auth_basic front;
      auth_basic_user_file {users};
      proxy_set_header X-Remote-User $remote_user;
      proxy_set_header X-Remote-Groups publishers;
      proxy_set_header X-Proxy-Secret {SECRET};""")
    where = through(nginx, authority)
    response, line = ask(server, where, [basic("dora", "front"), ("X-Remote-User", "owner")])
    assert (response.status, line["user"], line["source"]) == (200, "dora", "proxy")
    with server.client("dora", "front", endpoint=where) as client:
        client.push_blob("nginx/users", noise(1000, "dora"))


def test_docker_pushes_and_pulls_through_nginx(server, authority, terminator, module_folder):
    with loopback_address() as address:
        nginx = terminator(server.listeners[0]["address"], address, f"proxy_set_header X-Proxy-Secret {SECRET};")
        (module_folder / "engine").mkdir()
        engine = DockerEngine(module_folder / "engine")
        try:
            with trusted(nginx.address, authority):
                docker = engine.client("behind")
                image = f"{nginx.address}/docker/test"
                docker.make_image(image, "hello from behind nginx")
                assert "Login Succeeded" in said(docker.login(nginx.address, "owner", password("owner")))
                docker.run("push", image)
                docker.run("image", "rm", image)
                docker.run("pull", image)
                assert docker.run("run", "--rm", "--network", "none", image).stdout == "hello from behind nginx"
        finally:
            engine.stop()
        line = server.log.wait("request", repository="docker/test", method="PUT", user="owner")
        assert (line["client"], line["proxy"]) == (address, "unix")


# ---- what check says

@pytest.mark.parametrize("listen, proxies, words", [
    ({"address": "127.0.0.1:0", "tls": "off"}, {}, ["open_to_local_users", "unix:"]),
    ({"address": "[::1]:0", "tls": "off"}, {}, ["open_to_local_users"]),
    ({"address": "127.0.0.1:0", "proxy_protocol": True}, {}, ["trusted_proxies.from"]),
    ({"address": "127.0.0.1:0"}, {"from": "0.0.0.0/0"}, ["0.0.0.0/0", "unsafe: true"]),
    ({"address": "127.0.0.1:0"}, {"from": ["::/0"]}, ["::/0", "unsafe: true"]),
    ({"address": "127.0.0.1:0"}, {"from": "127.0.0.1", "user_header": "X-Remote-User"}, ["secret"]),
    ({"address": "unix:{folder}/s", "tls": "off", "mode": "0666"}, {"from": "unix:", "user_header": "X-Remote-User"},
     ["0660", "secret"]),
])
def test_holes_are_refused_at_start(site, listen, proxies, words):
    listen["address"] = listen["address"].replace("{folder}", str(site.folder))
    site.config["listen"] = [listen]
    site.config["trusted_proxies"] = proxies
    refused = site.command("check", check=False)
    assert refused.returncode == 1
    for word in words:
        assert word in said(refused)


def test_users_of_a_proxy_need_a_secret_beside_forward_auth_and_rules_without_users(site):
    site.config["trusted_proxies"] = {"from": "10.0.0.4", "user_header": "X-Remote-User"}
    assert site.command("check").returncode == 0
    del site.config["access"], site.config["users"]
    refused = site.command("check", check=False)
    assert refused.returncode == 1 and "what they may do" in said(refused)
    site.config["access"] = [{"who": "signed-in", "repositories": "**", "allow": ["pull"]}]
    assert site.command("check").returncode == 0
    site.config["forward_auth"] = f"unix:{site.folder}/auth.sock"
    refused = site.command("check", check=False)
    assert refused.returncode == 1 and "secret_header" in said(refused)


def test_check_says_whose_word_is_taken_and_warns_of_holes(site):
    none = site.command("check").stdout
    assert "forwarding headers are ignored" in none
    site.config["trusted_proxies"] = {"from": ["10.0.0.0/8", "unix:"], "user_header": "X-Remote-User"}
    wide = site.command("check").stdout
    for word in ("10.0.0.0/8", "Unix sockets", "X-Remote-User", "warning: every machine of a wide network"):
        assert word in wide
    site.config["trusted_proxies"] = {"from": "127.0.0.1", "user_header": "X-Remote-User",
                                      "secret_header": "X-Proxy-Secret", "secret": SECRET}
    proven = site.command("check").stdout
    assert "X-Proxy-Secret" in proven
    assert "warning" not in proven
    assert SECRET not in proven
