"""Small requests: on kept connections and on new ones."""

import load
from contestants import basic
from measure import Watch, WrongAnswer
from shared import MIB, PASSWORD, WRONG_PASSWORD
from work import Figure, Target, Work

RATE = Figure("rate", "requests/s", more_is_better=True, digits=0)
FIGURES = (RATE, Figure("cpu", "server CPU, µs/request"), Figure("client", "client CPU, µs/request"),
           Figure("p99", "p99, ms", digits=2), Figure("peak", "peak memory, MiB"))
ALL = ("recipe", "registry", "static", "moorgate")
SMALL_TARGETS = (Target("rate", "recipe", at_least=80), Target("rate", "static", at_least=1.2))
WARM_UP = 0.2
GUESSES = 40


def figures(outcome, usage):
    count = outcome["requests"]
    return {"rate": outcome["rate"], "cpu": usage.cpu / count * 1e6, "client": outcome["client_cpu"] / count * 1e6,
            "p99": outcome["p99_ms"], "peak": usage.peak / MIB}


def drive(bench, contestant, **options):
    load.tool("requests", contestant, **options, seconds=WARM_UP)
    with Watch(contestant) as watch:
        outcome = load.tool("requests", contestant, **options, seconds=bench.seconds)
    return outcome, figures(outcome, watch.usage)


def get_manifest(connections, *, key=None, title=None, contestants=ALL, targets=None, **options):
    def measure(bench, contestant):
        site = bench.site
        if contestant.fetch("GET", site.manifest_url).content != site.manifest:
            raise WrongAnswer(f"{contestant}: another manifest")
        return drive(bench, contestant, path=site.manifest_url, length=len(site.manifest),
                     connections=connections)[1]
    return Work(key or f"manifest_get_{connections}", title or f"manifest GET, {connections} connections",
                contestants, FIGURES, targets or SMALL_TARGETS, measure, **options)


def get_manifest_with_wrk(connections):
    def measure(bench, contestant):
        site = bench.site
        options = {"connections": connections, "length": len(site.manifest),
                   "wire_length": wire_length(contestant, site.manifest_url)}
        load.tool("requests", contestant, path=site.manifest_url, length=len(site.manifest),
                  connections=connections, seconds=WARM_UP)
        with Watch(contestant) as watch:
            outcome = load.wrk(contestant, site.manifest_url, seconds=max(2, round(bench.seconds)), **options)
        return figures(outcome, watch.usage)
    return Work(f"manifest_get_wrk_{connections}", f"the same as wrk sees it, {connections} connections",
                ALL, FIGURES, SMALL_TARGETS, measure)


def wire_length(contestant, path):
    """Bytes of one whole answer on a kept connection."""
    connection = contestant.connect()
    connection.connect()
    head = "".join(f"{line}\r\n" for line in load.headers(contestant))
    connection.sock.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{head}\r\n".encode())
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.sock.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.sock.recv(65536)
    connection.close()
    return len(head) + 4 + len(body)


def head_work(key, title, path_of, length_of):
    def measure(bench, contestant):
        return drive(bench, contestant, method="HEAD", path=path_of(bench.site), length=length_of(bench.site),
                     connections=64)[1]
    return Work(key, title, ALL, FIGURES, (Target("rate", "recipe", at_least=80),), measure)


def refused(key, title, targets, authorization, extra=None, extra_figures=()):
    """401s; each contestant has its own text for them."""
    def measure(bench, contestant):
        answer = contestant.fetch("GET", "/v2/", status=401, authorization=authorization)
        if not answer.headers["WWW-Authenticate"].startswith("Basic"):
            raise WrongAnswer(f"{contestant}: no challenge")
        found = drive(bench, contestant, path="/v2/", authorization=authorization, status=401,
                      length=int(answer.headers["Content-Length"]), connections=64)[1]
        return {**found, **(extra(contestant) if extra else {})}
    return Work(key, title, ("recipe", "registry", "moorgate"), FIGURES + extra_figures, targets, measure)


def slowed_down(contestant):
    """Of many different wrong passwords for one user, how many are put off without a look."""
    statuses = [contestant.fetch("GET", "/v2/", status=None, authorization=basic("guest0", f"guess {i}")).status
                for i in range(GUESSES)]
    if not set(statuses) <= {401, 429}:
        raise WrongAnswer(f"{contestant}: guesses were answered {statuses}")
    contestant.fetch("GET", "/v2/", authorization=basic("guest1", PASSWORD))
    return {"slowed": statuses.count(429) / GUESSES * 100}


def new_connections(key, title, contestants, resume):
    def measure(bench, contestant):
        outcome, found = drive(bench, contestant, path=bench.site.manifest_url, length=len(bench.site.manifest),
                               connections=16, fresh=True, resume=resume)
        if resume and outcome["resumed"] < 0.9 * outcome["requests"]:
            raise WrongAnswer(f"{contestant}: only {outcome['resumed']:.0f} of {outcome['requests']:.0f} "
                              "connections resumed a session")
        return found
    return Work(key, title, contestants, FIGURES, (Target("rate", "static", at_least=1.0),), measure)


WORKS = (
    get_manifest(16),
    get_manifest(64),
    get_manifest_with_wrk(64),
    head_work("blob_head", "blob HEAD, 64 connections", lambda site: site.piece.url, lambda site: site.piece.size),
    head_work("manifest_head", "manifest HEAD, 64 connections", lambda site: site.manifest_url,
              lambda site: len(site.manifest)),
    refused("no_credentials", "401 without credentials, 64 connections",
            (Target("rate", "recipe", at_least=1.2),), None),
    refused("wrong_password", "401 for a wrong password, same user, 64 connections",
            (Target("rate", "recipe", at_least=20), Target("slowed", at_least=50)),
            basic(password=WRONG_PASSWORD), slowed_down,
            (Figure("slowed", "of 40 different guesses, put off by 429, %", more_is_better=True, digits=0),)),
    new_connections("new_connection", "new TLS connection for each manifest GET", ALL, False),
    new_connections("resumed_connection", "the same with a resumed session", ("static", "moorgate"), True),
)
