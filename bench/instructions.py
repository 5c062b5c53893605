#!/usr/bin/env python3
"""Counts the instructions of a warm manifest GET and of 64 KiB of a blob, and compares.

    bench/instructions.py MOORGATE [--update] [--keep FOLDER]

Unlike times, instruction counts are the same from run to run and hardly depend on the machine: a
regression shows at once, and ctest (check.instructions) fails when one has grown by more than 10 %.
All threads of a server with one worker count, over TLS, as callgrind sees them: its processor has
AES-NI and AVX2 where the real one has, but neither SHA extensions nor AVX-512. Addresses are the same
in every run where the system lets them be: what hashes pointers counts alike. libc copies without
"rep movsb", which counts as an instruction for each byte, and from another length on on each processor.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import load
from contestants import Moorgate
from measure import WrongAnswer
from shared import HOST, MIB, Site, run

BASELINE = Path(__file__).with_name("instructions.json")
GROWTH = 0.10
WARM_UP, REQUESTS = 200, 2000
BLOBS = 8
COPIES = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-ERMS"
CHUNK = 64 << 10
LARGE, SMALL = 9 * MIB, MIB


def fixed_addresses():
    """Containers may forbid it; the counts then differ by less than a per cent."""
    command = ["setarch", "-R"]
    return command if subprocess.run([*command, "true"], capture_output=True).returncode == 0 else []


class CountedMoorgate(Moorgate):
    """Moorgate under callgrind, counting only while told to."""

    def configuration(self):
        return {**super().configuration(), "workers": 1}

    def commands(self):
        [(argv, log)] = super().commands()
        # valgrind 3.19 does not read the debug information of clang 19; function names stay.
        plain = self.folder / "moorgate"
        run("strip", "-g", "-o", plain, argv[0])
        return [([*fixed_addresses(), "env", COPIES, "valgrind", "--tool=callgrind", "--instr-atstart=no",
                  f"--callgrind-out-file={self.folder}/callgrind.out", plain, *argv[1:]], log)]

    def count(self, name, work):
        """Instructions of all threads while `work` runs."""
        pid = str(self.processes[0].pid)
        run("callgrind_control", "-i", "on", pid)
        work()
        run("callgrind_control", "-i", "off", pid)
        run("callgrind_control", f"--dump={name}", pid)
        newest = max(self.folder.glob("callgrind.out.*"), key=lambda path: int(path.suffix[1:]))
        newest = newest.rename(self.folder / f"{name}.callgrind")
        return int(re.search(r"^totals: (\d+)", newest.read_text(), re.M)[1])


class Client:
    """The same request again and again on one connection."""

    def __init__(self, contestant, path):
        self._connection = contestant.connect()
        self._connection.connect()
        lines = "".join(f"{line}\r\n" for line in load.headers(contestant))
        self._request = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n{lines}\r\n".encode()

    def get(self, length):
        socket = self._connection.sock
        socket.sendall(self._request)
        received = socket.recv(65536)
        while b"\r\n\r\n" not in received:
            received += socket.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise WrongAnswer(head.decode())
        left = length - len(body)
        while left > 0:
            left -= len(socket.recv(65536))

    def repeat(self, count, length):
        for _ in range(count):
            self.get(length)


def measure(binary, keep):
    folder = Path(tempfile.mkdtemp(prefix="moorgate-instructions-"))
    contestant = None
    try:
        site = Site(folder / "site", LARGE, SMALL)
        contestant = CountedMoorgate(site, binary)
        contestant.start()
        contestant.stock()
        manifest = Client(contestant, site.manifest_url)
        manifest.repeat(WARM_UP, len(site.manifest))
        gets = contestant.count("manifest", lambda: manifest.repeat(REQUESTS, len(site.manifest)))
        totals = {}
        for blob in site.medium, site.big:
            client = Client(contestant, blob.url)
            client.repeat(2, blob.size)
            totals[blob.size] = contestant.count(f"blob-{blob.size // MIB}",
                                                 lambda: client.repeat(BLOBS, blob.size))
        chunks = BLOBS * (LARGE - SMALL) // CHUNK
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            for profile in contestant.folder.glob("*.callgrind"):
                shutil.copy(profile, keep)
        return {"manifest_get": round(gets / REQUESTS),
                "blob_chunk_64_kib": round((totals[LARGE] - totals[SMALL]) / chunks)}
    finally:
        if contestant:
            contestant.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path, metavar="MOORGATE")
    parser.add_argument("--update", action="store_true", help="make what is counted now the baseline")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the profiles, for callgrind_annotate")
    options = parser.parse_args()
    counted = measure(options.binary.resolve(), options.keep)
    if options.update:
        BASELINE.write_text(json.dumps(counted, indent=2) + "\n")
    baseline = json.loads(BASELINE.read_text())
    grown = False
    for name, number in counted.items():
        change = number / baseline[name] - 1
        grown |= change > GROWTH
        print(f"{name}: {number:,} instructions, {change:+.1%} against {baseline[name]:,}")
        if change < -GROWTH:
            print(f"  less than before: keep it with {Path(__file__).name} --update")
    if grown:
        print(f"more than {GROWTH:.0%} too many; --keep FOLDER shows where")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
