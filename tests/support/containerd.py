"""A containerd of the test's own, and its client ctr."""

import contextlib
import json
import os
from pathlib import Path

from support.command import Daemon, run

# Containers of all containerds of a machine share these; one of this name is nobody else's.
NAMESPACE = f"moorgate-test-{os.getpid()}"
RUNC = Path("/run/containerd/runc")
CGROUPS = Path("/sys/fs/cgroup")


class Containerd(Daemon):
    def __init__(self, folder):
        self.folder = Path(folder)
        self.socket = self.folder / "containerd.sock"
        settings = self.folder / "containerd.toml"
        settings.write_text("\n".join([
            "version = 2",
            f"root = {quoted(self.folder / 'root')}",
            f"state = {quoted(self.folder / 'state')}",
            'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]',
            "[grpc]",
            f"address = {quoted(self.socket)}", ""]))
        super().__init__(["containerd", "--config", settings], log=self.folder / "containerd.log",
                         answers=lambda: self.ctr("version", check=False).returncode == 0)

    def stop(self):
        super().stop()
        # What containers leave behind of their namespace; of cgroups, one in each hierarchy.
        for place in RUNC, CGROUPS, *CGROUPS.iterdir():
            with contextlib.suppress(OSError):
                (place / NAMESPACE).rmdir()

    def ctr(self, *arguments, **options):
        return run("ctr", "--address", self.socket, "--namespace", NAMESPACE, *arguments,
                   env={"CONTAINERD_SNAPSHOTTER": "native"}, **options)

    def trust(self, registry, authority):
        """A hosts directory that names the authority of this registry. Without one, containerd
        speaks plain HTTP to localhost."""
        hosts = self.folder / "hosts"
        (hosts / registry).mkdir(parents=True, exist_ok=True)
        url = quoted(f"https://{registry}")
        (hosts / registry / "hosts.toml").write_text(
            f"server = {url}\n[host.{url}]\nca = {quoted(authority.certificate)}\n")
        return hosts


def quoted(path):
    return json.dumps(str(path))
