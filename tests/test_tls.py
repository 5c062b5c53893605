"""TLS in the process: versions, certificates by name, and strangers at the door."""

import socket
import ssl

import pytest

from support.command import run, said
from support.http import Connection, Endpoint
from support.moorgate import BINARY, Site


@pytest.fixture(scope="module")
def server(module_folder, authority):
    """A server with three certificates; the first is for whoever asks for no known name."""
    site = Site(module_folder, authority)
    for name in ("registry.example.test", "other.example.test"):
        authority.issue(module_folder / f"{name}.crt", name)
    site.config["tls"]["certificates"] = [
        {"certificate": f"{name}.crt", "key": f"{name}.key"}
        for name in ("registry.example.test", "other.example.test")]
    with site.start() as running:
        yield running


def names_shown(server, server_name):
    """Names in the certificate that the server shows to a client asking for `server_name`."""
    context = server.site.authority.client_context()
    context.check_hostname = False
    with Connection(Endpoint(server.endpoint().address, context, server_name)) as connection:
        return {name for _, name in connection.socket.getpeercert()["subjectAltName"]}


@pytest.mark.parametrize("asked", ["registry.example.test", "other.example.test", "REGISTRY.example.test"])
def test_the_certificate_is_chosen_by_the_name_the_client_asks_for(server, asked):
    assert names_shown(server, asked) == {asked.lower()}


@pytest.mark.parametrize("asked", ["localhost", "unknown.example.test", None])
def test_without_a_known_name_the_first_certificate_is_shown(server, asked):
    assert "localhost" in names_shown(server, asked)


def context_of_version(server, version):
    context = server.site.authority.client_context()
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_tls_versions_are_spoken(server, version):
    endpoint = Endpoint(server.endpoint().address, context_of_version(server, version))
    with Connection(endpoint) as connection:
        assert connection.request("GET", "/healthz").status == 200


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_versions_are_refused(server, version):
    with pytest.raises(ssl.SSLError, match="(?i)alert protocol version"):
        Connection(Endpoint(server.endpoint().address, context_of_version(server, version)))


def test_http_1_1_is_agreed_upon(server):
    context = server.site.authority.client_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with Connection(Endpoint(server.endpoint().address, context)) as connection:
        assert connection.socket.selected_alpn_protocol() == "http/1.1"


def test_a_session_is_resumed(server):
    context = server.site.authority.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    address = server.endpoint().address
    with context.wrap_socket(socket.create_connection(address), server_hostname="localhost") as first:
        session = first.session
    with context.wrap_socket(socket.create_connection(address), server_hostname="localhost",
                             session=session) as second:
        assert second.session_reused


@pytest.mark.parametrize("greeting", [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\0" * 100, b"SSH-2.0-client\r\n", b"\x16\x03\x01\xff\xff" * 50],
    ids=["plain HTTP", "zeros", "ssh", "broken TLS"])
def test_what_is_not_tls_is_turned_away_and_the_next_client_served(server, greeting):
    with Connection(Endpoint(server.endpoint().address)) as stranger:
        stranger.send(greeting)
        assert b"HTTP/1.1 200" not in stranger.read_to_end()
    with Connection(server.endpoint()) as client:
        assert client.request("GET", "/healthz").status == 200


def test_a_client_that_leaves_in_the_midst_of_the_handshake_does_no_harm(server):
    for _ in range(50):
        Connection(Endpoint(server.endpoint().address)).close()
    with Connection(server.endpoint()) as client:
        assert client.request("GET", "/healthz").status == 200


@pytest.mark.parametrize("breakage, word", [
    ("missing", "domain.crt"), ("garbage", "domain.crt"), ("other key", "key")])
def test_a_certificate_that_cannot_be_used_is_named_at_the_start(site, authority, breakage, word):
    if breakage == "missing":
        site.certificate.path.unlink()
    elif breakage == "garbage":
        site.certificate.path.write_text("not a certificate")
    else:
        other = authority.issue(site.folder / "other.crt", "localhost")
        site.certificate.key.write_bytes(other.key.read_bytes())
    refused = run(BINARY, "serve", "--config", site.save(), check=False)
    assert refused.returncode != 0
    assert word in said(refused)
