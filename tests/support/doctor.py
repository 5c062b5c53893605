"""`moorgate doctor` as a script uses it."""

import json

from support.command import run
from support.moorgate import BINARY

USER, PASSWORD = "testuser", "testpassword"


class Diagnosis:
    def __init__(self, done):
        self.status = done.returncode
        assert self.status in (0, 1), done.stdout + done.stderr
        members = json.loads(done.stdout)
        self.findings = {finding["name"]: finding for finding in members["findings"]}
        self.notes = members["notes"]
        assert (self.status == 0) == (not self.findings)

    @property
    def names(self):
        return set(self.findings)

    def evidence(self, name):
        return " / ".join(self.findings[name]["evidence"])


def doctor(url, *arguments, authority=None, user=USER, secret=PASSWORD, patience=0, http_port=9):
    """One examination. By default nothing is waited for, and no other port is asked (9 is nobody's)."""
    arguments = ["--patience", patience, "--http-port", http_port, *arguments]
    if authority:
        arguments += ["--ca", authority.certificate]
    if user:
        arguments += ["--user", user, "--password-stdin"]
    return Diagnosis(run(BINARY, "doctor", url, "--json", *arguments, stdin=secret + "\n", check=False))
