"""Figures: where the results have them, and how they are written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.projects import EDITS
from tools.repository import ROOT

RESULTS = ROOT / "benchmarks/results.json"
UPDATES = ROOT / "benchmarks/updates.json"

Results = dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """A figure of a contestant; less is better.

    Attributes:
        label: The head of its column.
        read: Returns its samples from the results of a contestant, one for each round or one for all.
        write: Writes it with its unit.
        varies: Whether it is a time, which varies from round to round.
    """

    label: str
    read: Callable[[Results], Sequence[float]]
    write: Callable[[float], str]
    varies: bool = True

    def of(self, results: Results) -> float:
        """Return the median of its samples."""
        return float(median(self.read(results)))


def seconds(value: float) -> str:
    """Write seconds."""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}"


def megabytes(value: float) -> str:
    """Write bytes as MB."""
    return f"{value / 1e6:.1f}"


def transfer(value: float) -> str:
    """Write bytes in kB or MB."""
    if value < 1e6:
        return f"{value / 1e3:.1f} kB" if value else "0"
    return f"{value / 1e6:.1f} MB"


def build(case: str) -> Figure:
    """Return the seconds of a build, from nothing or after an edit."""
    return Figure(EDITS.get(case, case), lambda results: results["seconds"][case], seconds)


def shipped(edit: str) -> Figure:
    """Return the gzipped bytes of the layers that are new after an edit."""
    return Figure(EDITS[edit], lambda results: [results["ships"][edit]["gzip"]], transfer, varies=False)


def net_starts(results: Results) -> list[float]:
    """Return by how many seconds the starts of the command exceed the median start of the bare interpreter."""
    bare = median(results["start"]["bare"])
    return [start - bare for start in results["start"]["hello"]]


BUILDS = [build(case) for case in ("cold", *EDITS)]
SHIPPED = [shipped(edit) for edit in EDITS]
SIZE = Figure("MB above the base", lambda results: [results["size"]], megabytes, varies=False)
START = Figure("start, s", lambda results: results["start"]["hello"], seconds)
NET_START = Figure("start less the bare interpreter, s", net_starts, seconds)


def cell(value: float, ours: float, best: float, write: Callable[[float], str]) -> str:
    """Write a figure: bold if it is the best, with its ratio to ours if it differs."""
    text = f"**{write(value)}**" if value == best else write(value)
    return f"{text} ({value / ours:.2g}x)" if ours and 0 < value / ours < 1000 and value != ours else text
