"""Resident memory: idle, with many idle connections, with many pulls at once."""

import time

import load
from measure import Watch, WrongAnswer, memory
from shared import MIB
from work import Figure, Target, Work

THREE = ("recipe", "static", "moorgate")
SETTLE = 1.5  # seconds until what a request needed has been given back
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
        time.sleep(SETTLE)
        with_them = memory(contestant.pids())
    if holder.kept != bench.idle_connections:
        raise WrongAnswer(f"{contestant}: kept only {holder.kept} of {bench.idle_connections} connections")
    return {"each": (with_them - before) / bench.idle_connections / 1024, "memory": with_them / MIB}


def many_pulls(bench, contestant):
    site = bench.site
    fresh(bench, contestant, ENOUGH_CONNECTIONS)
    with Watch(contestant) as small:
        load.tool("pull", contestant, path=site.medium.url, length=site.medium.size, clients=bench.pulls)
    found = {"peak": small.usage.peak / MIB}
    # The recipe's nginx would spool most of 500 large blobs to its disk.
    if contestant.name != "recipe":
        fresh(bench, contestant, ENOUGH_CONNECTIONS)
        with Watch(contestant) as large:
            with load.Holder(contestant, path=site.big.url, connections=bench.pulls, read=READ):
                time.sleep(1)
        found["peak_large"] = large.usage.peak / MIB
        found["growth"] = large.usage.peak / small.usage.peak
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
         (Figure("peak", "peak memory, blob of 4 MiB, MiB"), Figure("peak_large", "peak memory, large blob, MiB"),
          Figure("growth", "large : 4 MiB", digits=2)),
         (Target("growth", at_most=1.2),), many_pulls, clean_up=as_before,
         note="The large blob is as large as in the pulls; there each client reads its first 4 MiB and rests. "
              "Without the recipe, whose nginx would spool the rest of 500 blobs to its disk."),
)
