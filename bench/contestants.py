"""The servers that are compared: how each is configured, started and stopped."""

import base64
import hashlib
import http.client
import json
import os
import resource
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

from measure import WrongAnswer, family
from shared import HOST, MANIFEST_TYPE, PASSWORD, REPOSITORY, TAG, USER, WRONG_PASSWORD, run

RECIPE = Path(__file__).parent.parent / "tests" / "data" / "recipe.nginx.conf"
FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
PATIENCE = 120


def basic(user=USER, password=PASSWORD):
    """What signs in, as a header's value."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def free_port():
    with socket.create_server((HOST, 0)) as probe:
        return probe.getsockname()[1]


class Process:
    """A child with many files allowed, whose output goes to a file."""

    def __init__(self, argv, log):
        def allow_files():
            resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
        self.log = Path(log)
        with open(log, "ab") as out:
            self._child = subprocess.Popen(
                [str(argument) for argument in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                preexec_fn=allow_files)

    @property
    def pid(self):
        return self._child.pid

    def insist(self):
        if self._child.poll() is not None:
            raise RuntimeError(f"{self._child.args[0]} ended: {self.log.read_text()[-2000:]}")

    def stop(self):
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


class Contestant:
    """One way to serve the site. `store` names its folder, so that there may be several of a kind."""

    name = None
    label = None
    signs_in = True      # asks for credentials
    takes_pushes = True
    plain = None         # port without TLS, if there is one

    def __init__(self, site, store=None):
        self.site = site
        self.folder = site.subfolder(store or self.name)
        self.tls = free_port()
        self.processes = []

    def __repr__(self):
        return self.name

    def commands(self):
        """(argv, name of its log) of every process to start, in order."""
        raise NotImplementedError

    def start(self):
        for argv, log in self.commands():
            self.processes.append(Process(argv, self.folder / f"{log}.log"))
        self._wait()

    def stop(self):
        while self.processes:
            self.processes.pop().stop()

    def restart(self):
        self.stop()
        self.start()

    def pids(self):
        return [pid for process in self.processes for pid in family(process.pid)]

    def _wait(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.fetch("GET", "/v2/")
                return
            except (OSError, http.client.HTTPException, WrongAnswer):
                for process in self.processes:
                    process.insist()
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{self.name} does not answer") from None
                time.sleep(0.002)

    # ---- one request, checked

    def connect(self, port=None):
        port = port or self.tls
        if port == self.plain:
            return http.client.HTTPConnection(HOST, port, timeout=PATIENCE)
        return http.client.HTTPSConnection(HOST, port, timeout=PATIENCE, context=self.site.client_context)

    def fetch(self, method, path, *, status=200, authorization="own", headers=None, body=None, port=None,
              connection=None):
        """The answer with its body read; WrongAnswer unless it has this status (None: any)."""
        headers = {"Accept": MANIFEST_TYPE, **(headers or {})}
        if authorization == "own":
            authorization = basic() if self.signs_in else None
        if authorization:
            headers["Authorization"] = authorization
        own = connection is None
        connection = connection or self.connect(port)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            answer.content = answer.read()
        finally:
            if own:
                connection.close()
        if status is not None and answer.status != status:
            raise WrongAnswer(f"{self.name}: {method} {path}: status {answer.status} instead of {status}: "
                              f"{answer.content[:300]!r}")
        return answer

    # ---- content

    def stock(self):
        """Brings the site's image and blobs in, the way clients do."""
        for blob in self.site.blobs:
            self.push_blob(blob)
        self.fetch("PUT", self.site.manifest_url, status=201, body=self.site.manifest,
                   headers={"Content-Type": MANIFEST_TYPE})

    def check(self):
        """Before anything is measured: right bytes for who may have them, nothing for the others."""
        site = self.site
        for url, digest in (site.manifest_url, site.manifest_digest), (site.piece.url, site.piece.digest):
            if "sha256:" + hashlib.sha256(self.fetch("GET", url).content).hexdigest() != digest:
                raise RuntimeError(f"{self.name} serves other bytes for {url}")
            if self.signs_in:
                self.fetch("GET", url, status=401, authorization=None)
                self.fetch("GET", url, status=401, authorization=basic(password=WRONG_PASSWORD))

    def push_blob(self, blob):
        opened = self.fetch("POST", f"/v2/{REPOSITORY}/blobs/uploads/", status=202)
        where = opened.headers["Location"]
        if "://" in where:
            where = "/" + where.split("://", 1)[1].partition("/")[2]
        where += ("&" if "?" in where else "?") + "digest=" + blob.digest
        with open(blob.path, "rb") as body:
            self.fetch("PUT", where, status=201, body=body,
                       headers={"Content-Length": str(blob.size), "Content-Type": "application/octet-stream"})

    def blob_file(self, digest):
        """Where the store keeps a blob's bytes; Distribution and Moorgate agree on it."""
        hexadecimal = digest.removeprefix("sha256:")
        return (self.folder / "registry/docker/registry/v2/blobs/sha256" / hexadecimal[:2] / hexadecimal
                / "data")

    def forget_bytes(self, digests):
        """Frees the disk of blobs that were pushed in passing."""
        for digest in digests:
            self.blob_file(digest).unlink()


class DockerRegistry(Contestant):
    """Debian's docker-registry with the configuration it ships, its own TLS and password file."""

    name = "registry"
    label = "docker-registry"

    def __init__(self, site, store=None, behind_proxy=False):
        super().__init__(site, store)
        self.behind_proxy = behind_proxy
        if behind_proxy:
            self.plain, self.signs_in = self.tls, False

    def configuration(self):
        http_part = {"addr": f"{HOST}:{self.tls}", "secret": "of no interest here"}
        configuration = {
            "version": 0.1,
            "log": {"level": "info"},
            "storage": {"cache": {"blobdescriptor": "inmemory"},
                        "filesystem": {"rootdirectory": str(self.folder / "registry")},
                        "delete": {"enabled": True}},
            "http": http_part}
        if not self.behind_proxy:
            http_part["tls"] = {"certificate": str(self.site.certificate), "key": str(self.site.key)}
            configuration["auth"] = {"htpasswd": {"realm": "Registry realm", "path": str(self.site.htpasswd)}}
        return configuration

    def commands(self):
        path = self.folder / "registry.yml"
        path.write_text(json.dumps(self.configuration(), indent=2))  # JSON is YAML
        return [(["docker-registry", "serve", path], "registry")]


class Recipe(Contestant):
    """nginx (TLS, auth_basic) in front of docker-registry, by the configuration that was copied for
    years; of nginx's own settings only the number of workers and what a kept connection may do."""

    name = "recipe"
    label = "nginx → docker-registry"

    def __init__(self, site, store=None, connections=1024):
        super().__init__(site, store)
        self.connections = connections
        self.inner = DockerRegistry(site, store or self.name, behind_proxy=True)

    def commands(self):
        text = RECIPE.read_text()
        for old, new in (
                ("daemon off;", f"daemon off;\nworker_processes auto;\nworker_rlimit_nofile {FILES};"),
                ("worker_connections  1024;", f"worker_connections  {self.connections};"),
                ("http {\n", "http {\n  keepalive_requests 1000000000;\n"),
                ("{registry}", f"{HOST}:{self.inner.tls}"), ("{address}", f"{HOST}:{self.tls}"),
                ("{folder}", self.folder), ("{certificate}", self.site.certificate),
                ("{key}", self.site.key), ("{htpasswd}", self.site.htpasswd)):
            if old not in text:
                raise RuntimeError(f"the recipe's configuration does not hold {old!r}")
            text = text.replace(old, str(new))
        path = self.folder / "nginx.conf"
        path.write_text(text)
        return [*self.inner.commands(),
                (["nginx", "-p", self.folder, "-e", self.folder / "error.log", "-c", path], "nginx")]


STATIC = """
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes auto;
worker_rlimit_nofile {files};
events {{ worker_connections {connections}; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  # As in the nginx.conf that Debian installs.
  sendfile on;
  tcp_nopush on;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_prefer_server_ciphers on;
  keepalive_requests 1000000000;
  default_type application/octet-stream;
  server {{
    listen {host}:{tls} ssl;
    listen {host}:{plain};
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    root {folder}/files;
    location = /v2/ {{ return 200 "{{}}"; }}
    location ~ /manifests/ {{ default_type {manifest_type}; }}
  }}
}}
"""


class StaticNginx(Contestant):
    """nginx serving the same bytes as files, to everybody: no registry, no users."""

    name = "static"
    label = "nginx, static files"
    signs_in = False
    takes_pushes = False

    def __init__(self, site, store=None, connections=1024):
        super().__init__(site, store)
        self.connections = connections
        self.plain = free_port()

    def commands(self):
        path = self.folder / "nginx.conf"
        path.write_text(STATIC.format(
            folder=self.folder, files=FILES, connections=self.connections, host=HOST, tls=self.tls,
            plain=self.plain, certificate=self.site.certificate, key=self.site.key,
            manifest_type=MANIFEST_TYPE))
        return [(["nginx", "-p", self.folder, "-e", self.folder / "error.log", "-c", path], "nginx")]

    def stock(self):
        base = self.folder / "files/v2" / REPOSITORY
        for part in "blobs", "manifests":
            (base / part).mkdir(parents=True, exist_ok=True)
        for blob in self.site.blobs:
            os.link(blob.path, base / "blobs" / blob.digest)
        (base / "manifests" / TAG).write_bytes(self.site.manifest)


PROXY = """
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes auto;
worker_rlimit_nofile {files};
events {{ worker_connections 1024; }}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_prefer_server_ciphers on;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  # Connections are kept, as nginx's manual advises for upstreams.
  upstream registry {{ server {behind}; keepalive 64; }}
  server {{
    listen {host}:{tls} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location /v2/ {{
      proxy_pass http://registry;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_read_timeout 900;
    }}
  }}
}}
"""


class ProxyNginx(Contestant):
    """nginx in front of a docker-registry that another contestant shares, for everybody."""

    name = "proxy"
    label = "nginx `proxy_pass`, no auth"
    signs_in = False

    def __init__(self, site, behind, store=None):
        super().__init__(site, store)
        self.behind = behind

    def commands(self):
        path = self.folder / "nginx.conf"
        path.write_text(PROXY.format(
            folder=self.folder, files=FILES, host=HOST, tls=self.tls, behind=f"{HOST}:{self.behind.tls}",
            certificate=self.site.certificate, key=self.site.key))
        return [(["nginx", "-p", self.folder, "-e", self.folder / "error.log", "-c", path], "nginx")]

    def stock(self):
        """What stands behind is full already."""


class Moorgate(Contestant):
    name = "moorgate"
    label = "Moorgate"

    def __init__(self, site, binary, store=None):
        super().__init__(site, store)
        self.binary = binary
        self.plain = free_port()

    def configuration(self):
        return {
            "listen": [{"address": f"{HOST}:{self.tls}"},
                       {"address": f"{HOST}:{self.plain}", "tls": False, "open_to_local_users": True}],
            "tls": {"certificate": str(self.site.certificate), "key": str(self.site.key)},
            "users": [{"htpasswd": str(self.site.htpasswd)}],
            "groups": {"pushers": [USER]},
            "access": [{"who": "signed-in", "repositories": "**", "allow": ["pull"]},
                       {"who": "group:pushers", "repositories": "**", "allow": ["pull", "push"]}],
            "storage": {"filesystem": {"root": str(self.folder / "registry")}}}

    def commands(self):
        path = self.folder / "moorgate.yml"
        path.write_text(json.dumps(self.configuration(), indent=2))  # JSON is YAML
        return [([self.binary, "serve", "--config", path], "moorgate")]


class Gateway(Moorgate):
    """Moorgate in front of a docker-registry that another contestant shares, with its users and rules."""

    name = "gateway"
    label = "Moorgate as a gateway"

    def __init__(self, site, binary, behind, store=None):
        super().__init__(site, binary, store)
        self.behind = behind

    def configuration(self):
        configuration = super().configuration()
        del configuration["storage"]
        return {**configuration, "upstream": {"url": f"http://{HOST}:{self.behind.tls}"}}

    def stock(self):
        """What stands behind is full already."""


def negotiated(contestant):
    """Protocol and cipher with a client that offers what OpenSSL offers by itself."""
    with socket.create_connection((HOST, contestant.tls)) as raw:
        with contestant.site.client_context.wrap_socket(raw, server_hostname=HOST) as secure:
            return f"{secure.version()}, {secure.cipher()[0]}"


def versions(moorgate_binary):
    """Of everything that takes part."""
    nginx = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip()
    packages = run("dpkg-query", "-W", "-f", "${Package} ${Version}\n", "docker-registry", "wrk", "skopeo")
    return {"Moorgate": run(moorgate_binary, "--version").strip(), "nginx": nginx.rpartition("/")[2],
            **dict(line.split(" ", 1) for line in packages.splitlines()), "OpenSSL": ssl.OPENSSL_VERSION}
