"""The programs that put load on a contestant, and what they found."""

import json
import os
import re
import subprocess
from pathlib import Path

from contestants import basic
from measure import WrongAnswer
from shared import HOST, MANIFEST_TYPE

PATIENCE = 900
TOOL = None  # path of moorgate_load; run.py sets it

# wrk takes OpenSSL's defaults; this makes it offer what moorgate_load offers.
WRK_OPENSSL = """
openssl_conf = start
[start]
ssl_conf = tls
[tls]
system_default = offered
[offered]
Ciphersuites = TLS_AES_128_GCM_SHA256
CipherString = ECDHE-ECDSA-AES128-GCM-SHA256
"""


def finish(argv, **options):
    """Runs to the end; returns (standard output, standard error, status, its CPU seconds)."""
    before = os.times()
    done = subprocess.run([str(argument) for argument in argv], capture_output=True, text=True,
                          timeout=PATIENCE, **options)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return done.stdout, done.stderr, done.returncode, cpu


def headers(contestant, authorization="own"):
    if authorization == "own":
        authorization = basic() if contestant.signs_in else None
    lines = [f"Accept: {MANIFEST_TYPE}"]
    if authorization:
        lines.append(f"Authorization: {authorization}")
    return lines


def arguments(kind, contestant, *, plain=False, authorization="own", **options):
    argv = [TOOL, kind, "--port", contestant.plain if plain else contestant.tls]
    if plain:
        argv.append("--plain")
    for line in headers(contestant, authorization):
        argv += ["--header", line]
    for name, value in options.items():
        name = "--" + name.replace("_", "-")
        if value is True:
            argv.append(name)
        elif value not in (None, False):
            argv += [name, value]
    return [str(argument) for argument in argv]


def tool(kind, contestant, **options):
    """What one run of moorgate_load found: requests, pull or push."""
    out, error, status, _ = finish(arguments(kind, contestant, **options))
    if status != 0:
        raise WrongAnswer(f"{contestant}: {kind}: {error.strip()[:400]}")
    return json.loads(out)


def wrk(contestant, path, *, connections, seconds, length, wire_length):
    """wrk counts answers with an error's status by itself; that all the others had the right length
    follows from the bytes it read. `wire_length`: of one whole answer, head and body."""
    config = Path(contestant.folder) / "wrk.openssl.cnf"
    config.write_text(WRK_OPENSSL)
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", Path(__file__).parent / "wrk_totals.lua"]
    for line in headers(contestant):
        argv += ["-H", line]
    argv.append(f"https://{HOST}:{contestant.tls}{path}")
    out, error, status, cpu = finish(argv, env={**os.environ, "OPENSSL_CONF": str(config)})
    totals = re.search(r"^totals: (.*)$", out, re.M)
    if status != 0 or not totals:
        raise WrongAnswer(f"{contestant}: wrk: {out}{error}")
    values = json.loads(totals[1])
    if values["failures"]:
        raise WrongAnswer(f"{contestant}: wrk counted {values['failures']} failures")
    if not values["requests"]:
        raise WrongAnswer(f"{contestant}: wrk got no answer within {seconds} s")
    surplus = values["bytes"] - values["requests"] * wire_length
    # Answers under way when the time was over are in the bytes and not in the requests.
    if not 0 <= surplus <= connections * wire_length:
        raise WrongAnswer(f"{contestant}: {values['requests']} answers of {wire_length} bytes are not "
                          f"{values['bytes']} bytes")
    return {**values, "client_cpu": cpu}


class Holder:
    """Connections that rest after one request, while the block runs."""

    def __init__(self, contestant, **options):
        self._contestant = contestant
        self._argv = arguments("hold", contestant, **options)

    def __enter__(self):
        self._child = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
        line = self._child.stdout.readline()
        if not line:
            self._child.wait()
            raise WrongAnswer(f"{self._contestant}: hold: {self._child.stderr.read()[:400]}")
        self.held = json.loads(line)["held"]
        return self

    def __exit__(self, *failure):
        out, _ = self._child.communicate(timeout=PATIENCE)
        self.kept = json.loads(out)["kept"] if out else None
