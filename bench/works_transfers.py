"""Large bodies and many layers, down and up."""

import os
import time

import load
from measure import Watch, WrongAnswer, use_memory
from shared import GIB, MIB
from work import Figure, Target, Work

PULL = (Figure("rate", "MB/s", more_is_better=True, digits=0),
        Figure("cpu", "server CPU, s/GiB", digits=3), Figure("client", "client CPU, s/GiB", digits=3),
        Figure("peak", "peak memory, MiB"))
PUSH = (*PULL, Figure("sync", "then until all is on disk, s", digits=2))
LAYERS = (Figure("rate", "layers/s", more_is_better=True, digits=0),
          Figure("cpu", "server CPU, ms/layer", digits=2), Figure("peak", "peak memory, MiB"),
          Figure("sync", "then until all is on disk, s", digits=2))

MANY = 4  # more clients pull 64 MiB each instead of 1 GiB
LAYER_SIZE = 100 << 10
DOCKER_UPLOADS = 5


class Disk:
    """What the disk can do with no server before it: the same bytes, written and synced."""

    name = "disk"
    label = "the disk alone"

    def __init__(self, site):
        self.folder = site.subfolder("disk")

    def __repr__(self):
        return self.name

    def start(self):
        pass

    def stop(self):
        pass

    def stock(self):
        pass

    def check(self):
        pass

    def write(self, size, count):
        """Seconds for `count` files, each durable before the next."""
        piece, start = os.urandom(MIB), time.monotonic()
        for number in range(count):
            with open(self.folder / str(number), "wb", buffering=0) as out:
                for at in range(0, size, MIB):
                    out.write(piece[:min(MIB, size - at)])
                os.fsync(out.fileno())
            folder = os.open(self.folder, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        seconds = time.monotonic() - start
        for number in range(count):
            (self.folder / str(number)).unlink()
        return seconds


def check_bytes(bench, contestant, blob, plain):
    """The digest of the whole blob at the first time, which also warms the cache; later of a smaller one."""
    seen = bench.kept.setdefault("pulled whole", set())
    if (contestant.name, blob.digest, plain) in seen:
        blob = bench.site.medium
    load.tool("pull", contestant, plain=plain, path=blob.url, length=blob.size, sha256=blob.sha256)
    seen.add((contestant.name, blob.digest, plain))


def pull_work(key, title, contestants, targets, clients, plain=False, counting=False, **options):
    def measure(bench, contestant):
        blob = bench.site.share if clients > MANY else bench.site.big
        check_bytes(bench, contestant, blob, plain)
        with Watch(contestant) as watch:
            outcome = load.tool("pull", contestant, plain=plain, path=blob.url, length=blob.size, clients=clients,
                                counting=counting)
        gib = outcome["bytes"] / GIB
        return {"rate": outcome["rate"] / 1e6, "cpu": watch.usage.cpu / gib, "client": outcome["client_cpu"] / gib,
                "peak": watch.usage.peak / MIB}
    return Work(key, title, contestants, PULL, targets, measure, **options)


def push(contestant, **options):
    """Pushes, and how long the disk then still has to work. What was pushed must be there."""
    os.sync()
    with Watch(contestant) as watch:
        outcome = load.tool("push", contestant, repository="bench/pushed", **options)
    start = time.monotonic()
    os.sync()
    sync = time.monotonic() - start
    for digest in outcome["digests"][:4]:
        answer = contestant.fetch("HEAD", f"/v2/bench/pushed/blobs/{digest}")
        if int(answer.headers["Content-Length"]) != options["size"]:
            raise WrongAnswer(f"{contestant}: a pushed blob has another size")
    contestant.forget_bytes(outcome["digests"])
    return outcome, watch.usage, sync


def push_work(clients, targets):
    def measure(bench, contestant):
        size = bench.site.big.size // clients
        # The client's copy, the page cache's, and that of who spools.
        use_memory(4 * bench.site.big.size)
        if contestant.name == "disk":
            os.sync()
            return {"rate": size * clients / contestant.write(size, clients) / 1e6}
        outcome, usage, sync = push(contestant, size=size, count=clients, clients=clients)
        gib = outcome["bytes"] / GIB
        return {"rate": outcome["rate"] / 1e6, "cpu": usage.cpu / gib, "client": outcome["client_cpu"] / gib,
                "peak": usage.peak / MIB, "sync": sync}
    many = "1 client" if clients == 1 else f"{clients} clients that share it"
    return Work(f"blob_push_{clients}", f"push of 1 GiB over TLS, {many}", ("recipe", "registry", "disk", "moorgate"),
                PUSH, targets, measure)


def layers_work(clients, count, targets):
    def measure(bench, contestant):
        if contestant.name == "disk":
            os.sync()
            return {"rate": count / contestant.write(LAYER_SIZE, count)}
        outcome, usage, sync = push(contestant, size=LAYER_SIZE, count=count, clients=clients, ask_first=True)
        return {"rate": count / outcome["seconds"], "cpu": usage.cpu / count * 1e3,
                "peak": usage.peak / MIB, "sync": sync}
    many = "1 connection" if clients == 1 else f"{clients} connections"
    return Work(f"layers_push_{clients}", f"push of {count} layers of 100 KiB, {many}",
                ("recipe", "registry", "disk", "moorgate"), LAYERS, targets, measure)


FASTER_THAN_STATIC = (Target("rate", "static", at_least=1.1), Target("cpu", "static", at_most=0.85))
PUSH_TARGETS = (Target("rate", "recipe", at_least=4), Target("rate", "registry", at_least=1.5))
ALL = ("recipe", "registry", "static", "moorgate")
TWO = ("static", "moorgate")

WORKS = (
    pull_work("blob_pull_1", "blob pull over TLS, 1 client", ALL, FASTER_THAN_STATIC, 1),
    pull_work("blob_pull_4", "blob pull over TLS, 4 clients", TWO, FASTER_THAN_STATIC, 4),
    pull_work("blob_pull_32", "blob pull over TLS, 32 clients, 64 MiB each", TWO, FASTER_THAN_STATIC, 32),
    pull_work("blob_pull_counting", "blob pull over TLS, 4 clients that do not decrypt", TWO, FASTER_THAN_STATIC,
              4, counting=True),
    pull_work("blob_pull_plain", "blob pull plain, 4 clients", TWO, (Target("rate", "static", at_least=1.0),), 4,
              plain=True),
    pull_work("blob_pull_plain_counting", "blob pull plain, 4 clients that do not copy", TWO,
              (Target("rate", "static", at_least=1.0),), 4, plain=True, counting=True),
    push_work(1, PUSH_TARGETS),
    push_work(4, PUSH_TARGETS),
    layers_work(DOCKER_UPLOADS, 200, (Target("rate", "recipe", at_least=5),)),
    layers_work(1, 100, (Target("rate", "recipe", at_least=5),)),
)
