"""The nouns of a benchmark: a figure, a target, a work."""

from dataclasses import dataclass
from typing import Callable, Optional


@dataclass(frozen=True)
class Figure:
    """One number that a measurement yields."""
    key: str
    label: str
    more_is_better: bool = False
    digits: int = 1


@dataclass(frozen=True)
class Target:
    """What Moorgate has to reach in a figure: `at_least` times better than a contestant, `at_most` a
    share of its figure, or, against nobody, a bound of its own."""
    figure: str
    against: Optional[str] = None
    at_least: Optional[float] = None
    at_most: Optional[float] = None

    def ratio(self, ours, theirs, figure):
        """Times better for at_least; our share of theirs for at_most."""
        if self.at_most is not None or figure.more_is_better:
            return ours / theirs if theirs else float("inf")
        return theirs / ours if ours else float("inf")

    def reached(self, value):
        return value >= self.at_least if self.at_least is not None else value <= self.at_most


@dataclass(frozen=True)
class Work:
    key: str
    title: str
    contestants: tuple
    figures: tuple
    targets: tuple
    #: (bench, contestant) → {figure's key: number}; WrongAnswer voids the round.
    measure: Callable
    #: (bench) → None, before the first round and after the last.
    prepare: Optional[Callable] = None
    clean_up: Optional[Callable] = None
    note: str = ""
    #: Whose figures are held against the others'.
    ours: str = "moorgate"

    def figure(self, key):
        return next(each for each in self.figures if each.key == key)
