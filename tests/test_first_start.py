"""Started with next to no configuration: safe, and usable at once."""

import re
import ssl

import pytest

from support.images import image
from support.http import Endpoint
from support.moorgate import Site


@pytest.fixture
def site(folder, authority):
    """Only where to listen and where to store is configured."""
    site = Site(folder, authority)
    site.config = {key: site.config[key] for key in ("listen", "storage")}
    return site


def endpoint(server):
    """The server's listener, for a client that trusts its self-signed certificate."""
    certificate = server.site.store / ".moorgate/defaults/certificate.pem"
    return Endpoint(server.endpoint().address, ssl.create_default_context(cafile=certificate))


def shown_password(server):
    shown = re.search(r"password +(\S{12,})", server.output)
    return shown and shown[1]


def test_the_generated_administrator_may_do_everything(site):
    with site.start() as server:
        with server.client("admin", shown_password(server), endpoint(server)) as admin:
            pushed = image(b"first")
            admin.push_image("team/app", "v1", pushed)
            assert admin.manifest("team/app", "v1").body == pushed.manifest.data
            assert admin.delete(f"/v2/team/app/manifests/{pushed.digest}").status == 202


def test_nobody_else_gets_in(site):
    with site.start() as server:
        for user, secret in ((None, None), ("admin", "admin"), ("admin", "password"), ("root", "root")):
            with server.client(user, secret, endpoint(server)) as client:
                assert client.get("/v2/").status == 401
                assert client.manifest("team/app", "v1").status == 401


def test_what_to_paste_is_shown(site):
    with site.start() as server:
        for command in ("docker login", "docker tag", "docker push", "docker pull"):
            assert command in server.output


def test_the_second_start_keeps_password_certificate_and_data(site):
    with site.start() as server:
        secret = shown_password(server)
        with server.client("admin", secret, endpoint(server)) as admin:
            admin.push_image("team/app", "v1", image(b"kept"))
        certificate = (site.store / ".moorgate/defaults/certificate.pem").read_bytes()
    with site.start() as server:
        assert secret not in server.output + server.log.text
        assert (site.store / ".moorgate/defaults/certificate.pem").read_bytes() == certificate
        with server.client("admin", secret, endpoint(server)) as admin:
            assert admin.manifest("team/app", "v1").status == 200


def test_two_sites_have_two_passwords(site):
    with site.start() as server:
        first = shown_password(server)
    site.config["storage"] = {"filesystem": {"root": "another"}}
    with site.start() as server:
        assert shown_password(server) not in (None, first)


def test_secrets_on_disk_are_for_their_owner_only(site):
    with site.start():
        kept = site.store / ".moorgate/defaults"
        assert kept.stat().st_mode & 0o077 == 0
        for path in kept.iterdir():
            if "certificate" not in path.name:
                assert path.stat().st_mode & 0o077 == 0, path


def test_users_without_access_rules_may_pull_and_not_push(folder, authority):
    site = Site(folder, authority)
    del site.config["access"], site.config["groups"]
    with site.start() as server, server.client("pusher") as client:
        assert client.request("POST", "/v2/app/blobs/uploads/", body=b"").status == 403
        assert client.manifest("app", "v1").status == 404
        server.log.wait("no access rules are configured: every signed-in user may pull, nobody may push")
