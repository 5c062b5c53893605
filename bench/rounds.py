"""Runs works in rounds, contestants in turn, and keeps what counts."""

import sys
import time
from dataclasses import dataclass, field

from measure import Spread, WrongAnswer

EXTRA_ROUNDS = 2
PAUSE = 0.05  # seconds between contestants


@dataclass
class Result:
    """All counted rounds of a work."""
    work: object
    samples: dict = field(default_factory=dict)  # contestant → [{figure: number}]
    void: list = field(default_factory=list)     # why rounds did not count

    def spread(self, contestant, figure):
        values = [sample[figure] for sample in self.samples.get(contestant, ()) if figure in sample]
        return Spread.of(values) if values else None

    def ratios(self, target):
        """(from the medians, least and most of the rounds' own), or None."""
        figure = self.work.figure(target.figure)
        ours = self.spread(self.work.ours, target.figure)
        if ours is None:
            return None
        if target.against is None:
            return Spread(ours.median, ours.least, ours.most, ours.rounds)
        theirs = self.spread(target.against, target.figure)
        if theirs is None:
            return None
        each = [target.ratio(mine[target.figure], other[target.figure], figure)
                for mine, other in zip(self.samples[self.work.ours], self.samples[target.against])
                if target.figure in mine and target.figure in other]
        return Spread(target.ratio(ours.median, theirs.median, figure), min(each), max(each), len(each))


def one_round(bench, work):
    """{contestant: figures}. A wrong answer from one voids it for all: they are compared."""
    found = {}
    for name in work.contestants:
        found[name] = work.measure(bench, bench.contestants[name])
        time.sleep(PAUSE)
    return found


def run_work(bench, work, rounds, say):
    result = Result(work, {name: [] for name in work.contestants})
    try:
        if work.prepare:
            work.prepare(bench)
        counted = 0
        for number in range(rounds + EXTRA_ROUNDS):
            if counted == rounds:
                break
            try:
                found = one_round(bench, work)
            except WrongAnswer as reason:
                result.void.append(str(reason))
                say(f"    round {number + 1} is void: {reason}")
                continue
            for name, figures in found.items():
                result.samples[name].append(figures)
            counted += 1
    finally:
        if work.clean_up:
            work.clean_up(bench)
    return result


def headline(result):
    """What each contestant reached in the work's first figure, in one line."""
    figure = result.work.figures[0]
    parts = []
    for name in result.work.contestants:
        spread = result.spread(name, figure.key)
        if spread:
            parts.append(f"{name} {spread.median:,.{figure.digits}f}")
    return f"{figure.label}: " + ", ".join(parts) if parts else "no round counted"


def say(text):
    print(text, file=sys.stderr, flush=True)
