"""Changing a running server, and ending it, without a client noticing."""

import contextlib
import shutil
import signal
import threading

import pytest

from support.command import eventually
from support.http import Connection
from support.images import digest_of, image, noise
from support.registry import blob_path


class Load:
    """Clients that pull and push without pause. As a context it ends well only if no request failed."""

    def __init__(self, server, clients=4):
        self.server = server
        self.failures = []
        self.requests = 0
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(clients)]
        with server.client("pusher") as client:
            client.push_image("load/pulled", "v1", image(b"pulled"))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        eventually(lambda: self.requests > 50, "the load is under way")
        return self

    def __exit__(self, failure, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        assert failure or self.failures == []

    def go_on_for(self, requests):
        """Waits until so many further requests were made."""
        goal = self.requests + requests
        eventually(lambda: self.failures or self.requests >= goal, "the load goes on")

    def _work(self, number):
        expected = image(b"pulled").manifest.data
        round_number = 0
        while not self._stopping.is_set() and not self.failures:
            round_number += 1
            try:
                # Now a connection for many requests, now a fresh one.
                with self.server.client("pusher") as client:
                    for _ in range(20 if number % 2 else 1):
                        assert client.manifest("load/pulled", "v1").body == expected
                        client.push_image(f"load/pushed-{number}", f"v{round_number}", image(b"pushed"))
                        self.requests += 6
            except Exception as failure:  # noqa: BLE001 - whatever it is, it is a failed request
                self.failures.append(repr(failure))


def changed_serial(server, old):
    """The serial number of the certificate shown to new clients, once it is another than `old`."""
    def shown():
        with Connection(server.endpoint()) as connection:
            serial = int(connection.socket.getpeercert()["serialNumber"], 16)
        return serial if serial != old else None
    return eventually(shown, "the new certificate is shown")


# ---- under load

def test_a_reload_of_everything_fails_no_request(site):
    with site.start() as server, Load(server) as busy:
        for number in range(10):
            site.add_user(f"newcomer-{number}")
            site.config["access"].append(
                {"who": f"user:newcomer-{number}", "repositories": "new/**", "allow": ["push"]})
            site.save()
            server.reload()
            busy.go_on_for(100)
        server.log.wait("configuration reloaded")
        with server.client("newcomer-9") as newcomer:
            eventually(lambda: newcomer.request("POST", "/v2/new/thing/blobs/uploads/", body=b"").status == 202,
                       "the last change is in force")


def test_a_certificate_is_swapped_under_load(site, authority):
    with site.start() as server, Load(server) as busy:
        serial = site.certificate.serial
        with server.client("reader") as old_connection:
            assert old_connection.manifest("load/pulled", "v1").status == 200
            for _ in range(3):
                fresh = authority.issue(site.folder / "fresh.crt", "localhost", "127.0.0.1")
                # Key first, certificate later: in between the two do not fit, which must do no harm.
                shutil.move(fresh.key, site.certificate.key)
                busy.go_on_for(100)
                shutil.move(fresh.path, site.certificate.path)
                serial = changed_serial(server, serial)
                assert serial == site.certificate.serial
                busy.go_on_for(100)
            # The connection from before the swaps is the same one, undisturbed.
            assert old_connection.manifest("load/pulled", "v1").status == 200


def test_users_change_under_load(site):
    with site.start() as server, Load(server) as busy:
        for number in range(5):
            site.add_user(f"newcomer-{number}")
            with server.client(f"newcomer-{number}") as newcomer:
                eventually(lambda: newcomer.get("/v2/").status == 200, "the new user is known")
            busy.go_on_for(100)


# ---- what a reload changes and what not

def test_a_reload_changes_the_access_rules(site):
    with site.start() as server, server.client("reader") as reader:
        assert reader.request("POST", "/v2/app/blobs/uploads/", body=b"").status == 403
        site.config["groups"]["pushers"].append("reader")
        site.save()
        server.reload()
        server.log.wait("configuration reloaded")
        eventually(lambda: reader.request("POST", "/v2/app/blobs/uploads/", body=b"").status == 202,
                   "the reader may push")


@pytest.mark.parametrize("breakage", ["syntax", "unknown key", "bad rule", "missing users"])
def test_a_bad_configuration_keeps_the_old_one_and_is_explained(site, breakage):
    with site.start() as server, server.client("pusher") as pusher:
        if breakage == "syntax":
            site.config_file.write_text("listen: [\n  unfinished")
        elif breakage == "unknown key":
            site.config["acess"] = []
            site.save()
        elif breakage == "bad rule":
            site.config["access"][0]["who"] = "group:nobody-knows"
            site.save()
        else:
            site.config["users"].append({"htpasswd": "no-such-file"})
            site.save()
        server.reload()
        complaint = server.log.wait("the changed configuration cannot be used; the one before stays in force")
        assert complaint["level"] == "error"
        pusher.push_image("still/works", "v1", image(b"still works"))


def test_a_bad_certificate_keeps_the_old_one_and_is_explained(site):
    with site.start() as server:
        serial = site.certificate.serial
        site.certificate.path.write_text("garbage")
        server.log.wait("the changed TLS certificate cannot be used; the one before stays in force")
        with Connection(server.endpoint()) as connection:
            assert int(connection.socket.getpeercert()["serialNumber"], 16) == serial


def test_what_cannot_change_without_a_restart_is_said(site):
    with site.start() as server:
        site.config["storage"] = {"filesystem": {"root": "elsewhere"}}
        site.save()
        server.reload()
        server.log.wait("configuration reloaded")
        warnings = [entry["message"] for entry in server.log.entries if entry["level"] == "warning"]
        assert any("storage" in warning and "need a restart" in warning for warning in warnings)


def test_another_upload_key_needs_a_restart(site):
    site.stand_in_front_of("http://127.0.0.1:1", upload_key="0123456789abcdef")
    with site.start() as server:
        for key, warnings in ("0123456789abcdef", 0), ("fedcba9876543210", 1):
            site.config["upstream"]["upload_key"] = key
            site.save()
            reloads = len(server.log.find("configuration reloaded"))
            server.reload()
            eventually(lambda: len(server.log.find("configuration reloaded")) > reloads, "it is reloaded")
            said = [entry["message"] for entry in server.log.entries if entry["level"] == "warning"]
            assert sum("upstream.upload_key" in each and "need a restart" in each for each in said) == warnings


def test_a_reload_does_not_believe_in_sockets_that_are_not_there_yet(site):
    """The open socket is everybody's until a restart, whatever the new file says about it."""
    listen = {"address": f"unix:{site.folder}/open.sock", "tls": "off", "mode": "0666"}
    site.config["listen"] = [listen]
    with site.start() as server:
        listen["mode"] = "0660"
        site.config["trusted_proxies"] = {"from": "unix:", "user_header": "X-Remote-User"}
        site.save()
        server.reload()
        complaint = server.log.wait("the changed configuration needs a restart; the one before stays in force")
        assert "sign in as anybody" in complaint["problem"]


def test_the_built_in_administrator_does_not_come_back_for_a_users_file(site):
    users, access = site.config.pop("users"), site.config.pop("access")
    groups = site.config.pop("groups")
    with site.start() as server:
        site.config.update(users=users, access=access, groups=groups)
        site.save()
        server.reload()
        server.log.wait("configuration reloaded")
        for key in ("users", "access", "groups"):
            del site.config[key]
        site.save()
        server.reload()
        server.log.wait("the changed configuration names no users; the one before stays in force")


# ---- the end

def test_sigterm_lets_a_pull_under_way_finish(site):
    data = noise(24 << 20, "drained")
    with site.start() as server:
        with server.client("pusher") as pusher:
            digest = pusher.push_blob("drain/app", data)
        with server.client("reader") as reader, reader.connect() as connection:
            connection.send_head("GET", blob_path("drain/app", digest), reader.authorization)
            response = connection.read_head()
            body = connection.read_exactly(1000)
            server.process.send_signal(signal.SIGTERM)
            server.log.wait("stopping")
            body += connection.read_exactly(int(response.header("Content-Length")) - len(body))
        assert body == data
        assert server.wait() == 0
        server.log.wait("stopped")


def test_sigterm_lets_a_push_under_way_finish(site):
    data = noise(1 << 20, "drained push")
    digest = digest_of(data)
    with site.start() as server:
        with server.client("pusher") as pusher, pusher.connect() as connection:
            connection.send_head("POST", f"/v2/drain/app/blobs/uploads/?digest={digest}", [
                *pusher.authorization, ("Content-Length", len(data)), ("Expect", "100-continue")])
            assert connection.read_head().status == 100
            connection.send(data[:1000])
            server.process.send_signal(signal.SIGTERM)
            server.log.wait("stopping")
            connection.send(data[1000:])
            assert connection.read_response("POST").status == 201
        assert server.wait() == 0
    with site.start() as server, server.client("reader") as reader:
        assert reader.blob("drain/app", digest).body == data


def test_sigterm_refuses_new_clients_at_once(site):
    data = noise(24 << 20, "held open")
    with site.start() as server:
        with server.client("pusher") as pusher:
            digest = pusher.push_blob("drain/app", data)
        endpoint = server.endpoint()
        with server.client("reader") as reader, reader.connect() as connection:
            connection.send_head("GET", blob_path("drain/app", digest), reader.authorization)
            response = connection.read_head()
            server.process.send_signal(signal.SIGTERM)

            def refused():
                try:
                    Connection(endpoint).close()
                    return False
                except OSError:
                    return True
            eventually(refused, "new clients are refused")
            connection.read_exactly(int(response.header("Content-Length")))
        assert server.wait() == 0


def test_sigterm_does_not_wait_for_ever(site):
    site.config["shutdown_timeout"] = "1s"
    data = noise(24 << 20, "never read")
    with site.start() as server:
        with server.client("pusher") as pusher:
            digest = pusher.push_blob("drain/app", data)
        with server.client("reader") as reader, reader.connect() as connection:
            connection.send_head("GET", blob_path("drain/app", digest), reader.authorization)
            assert connection.read_head().status == 200
            assert server.stop() == 0
            server.log.wait("requests still under way are cut off")


def test_idle_clients_do_not_hold_up_the_end(site):
    with site.start() as server, contextlib.ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(server.client("reader"))
            assert client.get("/v2/").status == 200
        assert server.stop(timeout=15) == 0
