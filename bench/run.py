#!/usr/bin/env python3
"""Compares Moorgate with what people run today. ./scripts/bench builds and calls this; see README.md."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import load
import report
import works_gateway
import works_lists
import works_logins
import works_memory
import works_requests
import works_skopeo
import works_transfers
from contestants import (DockerRegistry, Gateway, Moorgate, ProxyNginx, Recipe, StaticNginx, negotiated,
                         versions)
from rounds import Result, headline, run_work, say
from shared import GIB, MIB, Site

ROOT = Path(__file__).resolve().parent.parent
# Of a run, below its folder.
RESULTS, AGAIN = "results.json", "again.json"
LATER = "measured again, with a later build"
WORKS = (*works_requests.WORKS, *works_transfers.WORKS, *works_gateway.WORKS, *works_skopeo.WORKS,
         *works_memory.WORKS, *works_lists.WORKS, *works_logins.WORKS)


class Bench:
    """What a run knows: the site, its contestants, how long and how much."""

    def __init__(self, options, folder):
        quick = options.quick
        self.binary = options.build / "moorgate"
        self.seconds = 0.5 if quick else 1.0
        self.layer_size = (1 if quick else 4) * MIB
        self.pulls = 100 if quick else 500
        self.idle_connections = 1000 if quick else 10_000
        self.list_sizes = (1_000, 10_000) if quick else (1_000, 100_000, 1_000_000)
        self.largest_tree = 100_000
        self.adopted_repositories = 10 if quick else 100
        self.start_blobs = 10_000 if quick else 1_000_000
        self.logins = 200 if quick else 1000
        self.kept = {}  # what works keep for each other
        self.site = Site(folder / "site", GIB // 4 if quick else GIB, 4 * MIB, (16 if quick else 64) * MIB)
        # What nginx and Moorgate both stand before.
        self.behind = DockerRegistry(self.site, "behind", behind_proxy=True)
        every = (Recipe(self.site), DockerRegistry(self.site), StaticNginx(self.site),
                 Moorgate(self.site, self.binary), works_transfers.Disk(self.site),
                 ProxyNginx(self.site, self.behind), Gateway(self.site, self.binary, self.behind))
        self.contestants = {each.name: each for each in every}

    @property
    def labels(self):
        return {name: each.label for name, each in self.contestants.items()}

    def start(self):
        for contestant in (self.behind, *self.contestants.values()):
            contestant.start()
            contestant.stock()
            contestant.check()

    def stop(self):
        for contestant in (*self.contestants.values(), self.behind):
            contestant.stop()
        works_lists.stop_lists(self)


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="./scripts/bench", description="Compares Moorgate with nginx, docker-registry and both together.")
    parser.add_argument("--quick", action="store_true",
                        help="one round, small blobs: shows that everything works, not how fast")
    parser.add_argument("--rounds", type=int, help="at least five for figures to quote (the default)")
    parser.add_argument("--only", default="", metavar="WORK,…", help="these works (a name or its beginning)")
    parser.add_argument("--again", default="", metavar="WORK,…",
                        help="measure these once more and put them into the report of the last complete run")
    parser.add_argument("--list", action="store_true", help="list the works and end")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench",
                        help="where stores and results go; on the disk to be measured")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "release", help=argparse.SUPPRESS)
    parser.add_argument("--render", type=Path, metavar="RESULTS", help="only write the report of an earlier run")
    parser.add_argument("--publish", action="store_true",
                        help="write docs/benchmarks.md even for a partial or quick run")
    options = parser.parse_args(arguments)
    options.wanted = [part for part in (options.again or options.only).split(",") if part]
    if options.again and options.only:
        parser.error("--only and --again do not go together")
    options.rounds = options.rounds or (1 if options.quick else 5)
    if options.again and (options.quick or options.rounds < 5):
        parser.error("what goes into a complete report takes five rounds or more")
    options.build = options.build.resolve()
    return options


def chosen(works, wanted):
    found = [work for work in works if not wanted or any(work.key.startswith(part) for part in wanted)]
    for part in wanted:
        if not any(work.key.startswith(part) for work in works):
            sys.exit(f"there is no work {part}; --list shows them")
    return found


def facts(bench, options):
    machine = report.machine()
    found = {"date": report.today(), "rounds": str(options.rounds), **machine,
             "large blob": f"{bench.site.big.size // MIB} MiB", **versions(bench.binary)}
    for name in "recipe", "registry", "static", "moorgate", "proxy":
        contestant = bench.contestants[name]
        found[f"TLS by itself: {contestant.label}"] = negotiated(contestant)
    found["TLS in this run"] = "TLS_AES_128_GCM_SHA256 for all (the recipe: ECDHE-ECDSA-AES128-GCM-SHA256)"
    return found


def time_steps(options):
    """{step of a request: nanoseconds}, by head_parser_bench."""
    program = options.build / "bench" / "head_parser_bench"
    out = subprocess.run([program, "--benchmark_format=json", "--benchmark_repetitions=5",
                          "--benchmark_min_time=0.1", "--benchmark_report_aggregates_only=true"],
                         capture_output=True, text=True, check=True).stdout
    return {each["run_name"]: each["cpu_time"] for each in json.loads(out)["benchmarks"]
            if each["aggregate_name"] == "median"}


def save(path, results, about, labels, complete):
    path.write_text(json.dumps({
        "complete": complete, "about": about, "labels": labels,
        "works": [{"key": result.work.key, "samples": result.samples, "void": result.void} for result in results]},
        indent=1))


def restore(path):
    saved = json.loads(path.read_text())
    works = {work.key: work for work in WORKS}
    results = [Result(works[each["key"]], each["samples"], each["void"]) for each in saved["works"]]
    return results, saved["about"], saved["labels"], saved["complete"]


def last_complete(folder):
    """(results, what is known of them, labels) of the last complete run."""
    path = folder / RESULTS
    if not path.exists():
        sys.exit(f"there is no {path} to put anything into; ./scripts/bench makes a complete run")
    *found, complete = restore(path)
    if not complete:
        sys.exit(f"{path} is not of a complete run; ./scripts/bench makes one")
    return found


def put_into_complete(options, results):
    """The last complete run with these results in their place, and what is known of it."""
    known, about, labels = last_complete(options.folder)
    new = {result.work.key: result for result in results}
    again = f"{report.today()}, {options.rounds} rounds: " + "; ".join(result.work.title for result in results)
    before = about["facts"].get(LATER)
    about["facts"][LATER] = f"{before}. {again}" if before else again
    merged = [new.get(result.work.key, result) for result in known]
    save(options.folder / RESULTS, merged, about, labels, True)
    return merged, about, labels


def measure(options, works):
    """Runs everything; whatever happens, nothing stays behind but the results."""
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=options.folder))
    load.TOOL = options.build / "bench" / "moorgate_load"
    results, bench = [], None
    try:
        say("==> Making the image, starting and filling the contestants")
        bench = Bench(options, folder)
        bench.start()
        about = {"facts": facts(bench, options), "steps": time_steps(options)}
        for number, work in enumerate(works, 1):
            say(f"==> {number}/{len(works)} {work.key}: {work.title}")
            start = time.monotonic()
            results.append(run_work(bench, work, options.rounds, say))
            say(f"    {headline(results[-1])} ({time.monotonic() - start:.0f} s)")
            complete = [result.work for result in results] == list(WORKS) and options.rounds >= 5 and not options.quick
            save(options.folder / (AGAIN if options.again else RESULTS), results, about, bench.labels, complete)
        return results, about, bench.labels, complete
    finally:
        if bench:
            bench.stop()
        shutil.rmtree(folder, ignore_errors=True)


def end(*_):
    sys.exit("ended by a signal")


def main():
    signal.signal(signal.SIGTERM, end)
    options = parse(sys.argv[1:])
    works = chosen(WORKS, options.wanted)
    if options.list:
        for work in works:
            print(f"{work.key:26} {work.title}")
        return 0
    if options.render:
        results, about, labels, complete = restore(options.render)
    else:
        if options.again:
            last_complete(options.folder)  # before half an hour is spent
        results, about, labels, complete = measure(options, works)
        if options.again:
            results, about, labels = put_into_complete(options, results)
            complete = True
    target = ROOT / "docs" if complete or options.publish else options.folder
    (target / "benchmarks.md").write_text(report.document(results, labels, about, target / "benchmarks"))
    print(report.ratio_table(results, labels))
    say(f"==> The report is {os.path.relpath(target / 'benchmarks.md')}")
    return 0 if all(all(result.samples.values()) for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
