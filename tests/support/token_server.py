"""A token service for docker-registry's token authentication (Distribution's "token" specification)."""

import base64
import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from support.command import run

ISSUER = "token service of the tests"
SERVICE = "registry of the tests"


class TokenServer:
    """Grants what is asked for to whoever shows the right credentials (None: to everybody). `asked`
    holds the scopes of all requests, `lifetime` is that of the tokens in seconds."""

    def __init__(self, folder, credentials=None, lifetime=300):
        folder.mkdir()
        self.key, self.certificate = folder / "token.key", folder / "token.crt"
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", self.certificate,
            "-subj", "/CN=token service", "-days", "2")
        self.credentials = credentials
        self.lifetime = lifetime
        self.asked = []
        self.refused = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def realm(self):
        """On another host, as far as names go, than the registries of the tests."""
        return f"http://localhost:{self._server.server_port}/token"

    @property
    def registry_configuration(self):
        """For docker-registry."""
        return {"auth": {"token": {"realm": self.realm, "service": SERVICE, "issuer": ISSUER,
                                   "rootcertbundle": str(self.certificate)}}}

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def token(self, scopes):
        now = int(time.time())
        access = []
        for scope in " ".join(scopes).split():
            kind, rest = scope.split(":", 1)
            name, actions = rest.rsplit(":", 1)
            access.append({"type": kind, "name": name, "actions": actions.split(",")})
        der = "".join(self.certificate.read_text().split("-----")[2].split())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
        claims = {"iss": ISSUER, "sub": "gateway", "aud": SERVICE, "exp": now + self.lifetime, "nbf": now - 10,
                  "iat": now, "jti": str(len(self.asked)), "access": access}
        signed = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", str(self.key)], input=signed.encode(),
                                   capture_output=True, check=True).stdout
        return f"{signed}.{encoded(signature)}"

    def _handler(self):
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                query = parse_qs(urlsplit(self.path).query)
                if service.credentials:
                    expected = base64.b64encode(":".join(service.credentials).encode()).decode()
                    if self.headers.get("Authorization") != f"Basic {expected}":
                        service.refused += 1
                        self.send_error(401)
                        return
                scopes = query.get("scope", [])
                service.asked.append(" ".join(scopes))
                body = json.dumps({"token": service.token(scopes), "expires_in": service.lifetime}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass
        return Handler


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
