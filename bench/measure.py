"""What a server costs, from /proc, and what several rounds say together."""

import mmap
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class WrongAnswer(Exception):
    """A status, a length, bytes or a digest that is not right: the round does not count."""


@dataclass(frozen=True)
class Usage:
    cpu: float  # seconds, user and system
    peak: int   # resident bytes at most


def family(pid):
    """The process and all its descendants."""
    children = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for each in found:
        found.extend(children.get(each, []))
    return found


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def memory(pids, key="VmRSS"):
    """Resident bytes of all, now (VmRSS) or at most since reset_peak (VmHWM)."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                total += int(line.split()[1]) * 1024
    return total


def use_memory(size):
    """Uses and frees `size` bytes. On a virtual machine the host may have to find each page first, which
    would be on the account of whoever comes next."""
    mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE).close()


def settle(pids):
    """Waits until processes have nothing left to do."""
    used = None
    while used != (used := cpu_seconds(pids)):
        time.sleep(0.2)


def reset_peak(pids):
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")


class Watch:
    """CPU seconds and peak memory of a contestant's processes while the block runs."""

    def __init__(self, contestant):
        self.pids = contestant.pids()

    def __enter__(self):
        reset_peak(self.pids)
        self._start = cpu_seconds(self.pids)
        return self

    def __exit__(self, *failure):
        if failure[0] is None:
            self.usage = Usage(cpu_seconds(self.pids) - self._start, memory(self.pids, "VmHWM"))


@dataclass(frozen=True)
class Spread:
    """Median, least and most of the same figure in several rounds."""
    median: float
    least: float
    most: float
    rounds: int

    @staticmethod
    def of(values):
        return Spread(statistics.median(values), min(values), max(values), len(values))
