"""The program under test: what it needs to run, its process, its log."""

import json
import os
import signal
import subprocess
from pathlib import Path

from support.command import run
from support.http import Endpoint
from support.log import Log
from support.registry import Registry

# Taken out of the environment: the program refuses a MOORGATE_ variable that is no key of its
# configuration.
BINARY = os.environ.pop("MOORGATE_BINARY")


def password(user):
    return f"{user}-password"


class Site:
    """A folder with all that a server needs: certificate, users, configuration, storage. Tests
    change `config` before they start it, or `save` it for a server that runs."""

    def __init__(self, folder, authority):
        self.folder = Path(folder)
        self.authority = authority
        self.config_file = self.folder / "moorgate.yml"
        self.htpasswd = self.folder / "htpasswd"
        self.store = self.folder / "registry"
        self.certificate = authority.issue(self.folder / "domain.crt", "localhost", "127.0.0.1")
        self.htpasswd.touch()
        for user in ("owner", "pusher", "reader"):
            self.add_user(user)
        self.config = {
            "listen": [{"address": "127.0.0.1:0"}],
            "tls": {"certificate": "domain.crt", "key": "domain.key"},
            "users": [{"htpasswd": "htpasswd"}],
            "groups": {"owners": ["owner"], "pushers": ["pusher", "ci-*"]},
            "access": [
                {"who": "signed-in", "repositories": "**", "allow": ["pull"]},
                {"who": "group:pushers", "repositories": "**", "allow": ["pull", "push"]},
                {"who": "group:owners", "repositories": "**", "allow": ["pull", "push", "delete"]},
            ],
            "storage": {"filesystem": {"root": "registry"}},
        }

    def add_user(self, user):
        # The cheapest bcrypt there is: its price is not what these tests look at.
        run("htpasswd", "-b", "-B", "-C", "4", self.htpasswd, user, password(user))

    def stand_in_front_of(self, url, **options):
        """Lets another registry keep the images."""
        self.config.pop("storage", None)
        self.config["upstream"] = {"url": url, **options}
        return self

    def save(self):
        """Writes the configuration; JSON is YAML."""
        self.config_file.write_text(json.dumps(self.config, indent=2) + "\n")
        return self.config_file

    def start(self):
        self.save()
        return Moorgate(self)

    def command(self, *arguments, **options):
        """Runs one of the program's commands on this site's configuration."""
        return run(BINARY, *arguments, "--config", self.save(), **options)

    def files(self):
        """Every stored file with its size; the database, which grows by itself, is left out."""
        return {str(path.relative_to(self.store)): path.stat().st_size
                for path in self.store.rglob("*")
                if path.is_file() and not path.name.startswith("metadata.db")}


class Moorgate:
    """A running server. As a context it ends politely, and must then have ended well."""

    def __init__(self, site, *arguments, env=None):
        """Serves the site's configuration file, or what `arguments` and `env` say in its place."""
        self.site = site
        self._output = open(site.folder / "stdout", "w+")
        self.process = subprocess.Popen(
            [BINARY, "serve", *map(str, arguments or ("--config", site.config_file))],
            env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.PIPE, text=True)
        self.log = Log(self.process.stderr)
        try:
            self.log.wait("ready")
        except BaseException:
            self.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        status = self.stop()
        if failure is None:
            assert status == 0, f"the server ended with status {status}\n{self.log.end}"

    # ---- the process

    @property
    def pid(self):
        return self.process.pid

    def stop(self, timeout=60):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        """As a power cut does it, except that the kernel keeps what was written."""
        self.process.kill()
        self.wait()

    def wait(self, timeout=60):
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running {timeout} s after SIGTERM\n{self.log.end}") from None
        self.log.finish()
        self._output.close()
        return self.process.returncode

    @property
    def output(self):
        """What it wrote to its standard output, which is meant for people."""
        return (self.site.folder / "stdout").read_text()

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def memory(self, key="VmRSS"):
        """Resident bytes, now (VmRSS) or at most so far (VmHWM)."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"no {key}")

    def cpu_seconds(self):
        """Processor time it has used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    # ---- its listeners

    @property
    def listeners(self):
        return self.log.find("listening")

    def endpoint(self, *, purpose="registry", unix=False, tls=None, server_name="localhost"):
        """The first listener of that kind."""
        for listener in self.listeners:
            address = listener["address"]
            is_unix = address.startswith("unix:")
            if listener["purpose"] == purpose and is_unix == unix and tls in (None, listener["tls"]):
                context = self.site.authority.client_context() if listener["tls"] else None
                where = address.removeprefix("unix:") if is_unix else split_address(address)
                return Endpoint(where, context, server_name)
        raise AssertionError(f"no such listener: {self.listeners}")

    @property
    def address(self):
        """host:port as clients write it in front of an image's name."""
        return self.endpoint().host

    def client(self, user=None, secret=None, endpoint=None, **options):
        """A client of the registry API; anonymous without `user`."""
        credentials = user and (user, password(user) if secret is None else secret)
        return Registry(endpoint or self.endpoint(), credentials, **options)

    # ---- what it wrote about requests

    def requests(self, **fields):
        return self.log.find("request", **fields)


def split_address(address):
    host, port = address.rsplit(":", 1)
    return host.strip("[]"), int(port)
