"""A docker engine of the test's own."""

import contextlib
import json
import shutil
import tempfile
from pathlib import Path

from support.command import Daemon, run
from support.images import GREET, greeting_tar

CERTIFICATES = Path("/etc/docker/certs.d")


class DockerEngine(Daemon):
    """Debian's dockerd without networks, beside any other engine of the machine."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.socket = self.folder / "docker.sock"
        settings = self.folder / "daemon.json"
        settings.write_text(json.dumps({"deprecated-key-path": str(self.folder / "key.json")}))
        super().__init__(
            ["dockerd", "--config-file", settings, "-H", f"unix://{self.socket}",
             "--data-root", self.folder / "data", "--exec-root", self.folder / "exec",
             "--pidfile", self.folder / "dockerd.pid", "--storage-driver", "vfs", "--bridge", "none",
             "--iptables=false", "--ip6tables=false", "--ip-forward=false"],
            log=self.folder / "dockerd.log",
            answers=lambda: self.client("probe").run("info", check=False).returncode == 0)

    def stop(self):
        super().stop()
        # What a container with the machine's own network leaves mounted.
        left = self.folder / "exec" / "netns" / "default"
        if left.exists():
            run("umount", "-l", left, check=False)

    def client(self, name):
        """A docker command line with credentials of its own."""
        return DockerClient(self.socket, self.folder / f"client-{name}")


class DockerClient:
    def __init__(self, socket, config):
        self.environment = {"DOCKER_HOST": f"unix://{socket}", "DOCKER_CONFIG": str(config)}

    def run(self, *arguments, **options):
        # By its path: a machine may have another client of that name.
        return run("/usr/bin/docker", *arguments, env=self.environment, **options)

    def login(self, registry, user, secret, **options):
        return self.run("login", "-u", user, "-p", secret, registry, **options)

    def make_image(self, name, greeting="hello"):
        """A local image with a layer of its own, which prints the greeting when it is run."""
        with tempfile.NamedTemporaryFile(suffix=".tar") as tar:
            tar.write(greeting_tar(greeting))
            tar.flush()
            self.run("import", "--change", f"CMD {json.dumps(GREET)}", tar.name, name)


@contextlib.contextmanager
def trusted(registry, authority):
    """Lets every docker engine of this machine trust the authority for this one registry."""
    folder = CERTIFICATES / registry
    made = [path for path in folder.parents if not path.exists()]
    folder.mkdir(parents=True)
    try:
        shutil.copy(authority.certificate, folder / "ca.crt")
        yield
    finally:
        shutil.rmtree(folder)
        for path in made:
            # Meanwhile there may be others in it.
            with contextlib.suppress(OSError):
                path.rmdir()
