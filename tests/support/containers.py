"""podman, buildah and skopeo with storage and credentials of the test's own."""

from pathlib import Path

from support.command import run


class Containers:
    def __init__(self, folder, authority):
        self.folder = Path(folder)
        credentials = self.folder / "auth.json"
        credentials.write_text("{}")
        self.environment = {"REGISTRY_AUTH_FILE": str(credentials), "TMPDIR": str(self.folder)}
        self.storage = ["--root", self.folder / "storage", "--runroot", self.folder / "run",
                        "--storage-driver", "vfs"]
        # Every *.crt in it is an authority to trust.
        self.certificates = self.folder / "certificates"
        self.certificates.mkdir()
        (self.certificates / "ca.crt").write_bytes(authority.certificate.read_bytes())

    def podman(self, *arguments, **options):
        return run("podman", *self.storage, "--cgroup-manager", "cgroupfs", "--tmpdir", self.folder / "tmp",
                   *arguments, env=self.environment, **options)

    def buildah(self, *arguments, **options):
        return run("buildah", *self.storage, *arguments, env=self.environment, **options)

    def skopeo(self, *arguments, **options):
        return run("skopeo", *arguments, env=self.environment, **options)

    @property
    def trust(self):
        return ("--cert-dir", self.certificates)

    def login(self, registry, user, secret, **options):
        return self.podman("login", *self.trust, "-u", user, "--password-stdin", registry, stdin=secret,
                           **options)

    def copy(self, source, destination, *flags, **options):
        """skopeo copy that trusts the test's authority on both sides."""
        return self.skopeo("copy", "--src-cert-dir", self.certificates, "--dest-cert-dir", self.certificates,
                           *flags, source, destination, **options)
