"""Resident memory: idle, with many idle connections, with many pulls at once."""

import time

import load
from measure import Watch, WrongAnswer, memory
from shared import MIB
from work import Figure, Target, Work

THREE = ("recipe", "static", "moorgate")
SETTLE = 1.5  # seconds until what a request needed has been given back
SETTLE_CROWD = 12  # and what 10,000 handshakes did
READ = 4 * MIB
ENOUGH_CONNECTIONS = 16384  # for nginx, whose default is 512


def fresh(bench, contestant, connections=1024):
    """A process without a past, after its first request."""
    contestant.connections = connections
    contestant.restart()
    contestant.fetch("GET", bench.site.manifest_url)
    time.sleep(SETTLE)
    return memory(contestant.pids())


def idle(bench, contestant):
    return {"memory": fresh(bench, contestant) / MIB}


def idle_connections(bench, contestant):
    before = fresh(bench, contestant, ENOUGH_CONNECTIONS)
    # The recipe would hash 10,000 passwords first; that its nginx says 401 costs it no memory.
    hashes = contestant.name == "recipe"
    with load.Holder(contestant, path="/v2/", connections=bench.idle_connections,
                     authorization=None if hashes else "own", status=401 if hashes else 200) as holder:
        time.sleep(SETTLE_CROWD)
        with_them = memory(contestant.pids())
    if holder.kept != bench.idle_connections:
        raise WrongAnswer(f"{contestant}: kept only {holder.kept} of {bench.idle_connections} connections")
    return {"each": (with_them - before) / bench.idle_connections / 1024, "memory": with_them / MIB}


def many_pulls(bench, contestant):
    site = bench.site
    fresh(bench, contestant, ENOUGH_CONNECTIONS)
    with Watch(contestant) as pulling:
        load.tool("pull", contestant, path=site.medium.url, length=site.medium.size, clients=bench.pulls)
    found = {"peak": pulling.usage.peak / MIB}
    # The recipe's nginx would spool most of 500 large blobs to its disk.
    if contestant.name != "recipe":
        for key, blob in ("rest_small", site.share), ("rest_large", site.big):
            fresh(bench, contestant, ENOUGH_CONNECTIONS)
            with Watch(contestant) as resting:
                with load.Holder(contestant, path=blob.url, connections=bench.pulls, read=READ):
                    time.sleep(1)
            found[key] = resting.usage.peak / MIB
        found["growth"] = found["rest_large"] / found["rest_small"]
    return found


def as_before(bench):
    """Contestants without the burst's traces, for the works to come."""
    for name in THREE:
        fresh(bench, bench.contestants[name])


WORKS = (
    Work("memory_idle", "idle after a first request", THREE, (Figure("memory", "memory, MiB"),),
         (Target("memory", at_most=15),), idle),
    Work("memory_connections", "10,000 idle TLS connections", THREE,
         (Figure("each", "memory for each, KiB"), Figure("memory", "memory in all, MiB")),
         (Target("each", at_most=20),), idle_connections, clean_up=as_before),
    Work("memory_pulls", "500 pulls at once", THREE,
         (Figure("peak", "peak memory, pulls of 4 MiB, MiB"), Figure("rest_small", "at rest in 64 MiB, MiB"),
          Figure("rest_large", "at rest in 1 GiB, MiB"), Figure("growth", "1 GiB : 64 MiB", digits=2)),
         (Target("growth", at_most=1.2),), many_pulls, clean_up=as_before,
         note="At rest: each client has read its first 4 MiB and reads no further. "
              "Without the recipe, whose nginx would spool the rest of 500 blobs to its disk."),
)
