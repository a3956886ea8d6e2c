"""A partial run of the image benchmark as one table: each figure with its spread, and whether it got worse."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from statistics import median

from benchmarks.figures import BUILDS, NET_START, SHIPPED, SIZE, START, Figure, Results
from tools.docs.markdown import table

RESOLUTION = 0.005
"""The part of a figure that does not count as a difference: gzipped sizes vary by a few bytes with the content."""


def by_round(figure: Figure, rounds: int) -> Figure:
    """Return a figure with one sample for each round: the median of the samples that were taken in it."""

    def read(results: Results) -> list[float]:
        samples = iter(figure.read(results))
        size = max(1, len(figure.read(results)) // rounds)
        return [median(part) for part in iter(lambda: list(islice(samples, size)), [])]

    return replace(figure, read=read)


def compared_figures(rounds: int) -> list[Figure]:
    """Return the figures of the table, in the order of its rows."""
    builds = [replace(figure, label=f"{figure.label}, s") for figure in BUILDS]
    ships = [replace(figure, label=f"ships, {figure.label}") for figure in SHIPPED]
    return [SIZE, *builds, *ships, by_round(START, rounds), by_round(NET_START, rounds)]


def spread(samples: Sequence[float]) -> float:
    """Return the difference between the largest and the smallest sample."""
    return max(samples) - min(samples)


def verdict(figure: Figure, results: Results, base: Results) -> str:
    """Return "worse" or "better" if the medians differ by more than the noise, and else "same".

    The noise is the larger of the two spreads, and at least `RESOLUTION`. One round does not show the noise of a time.
    """
    samples, reference = figure.read(results), figure.read(base)
    if figure.varies and len(reference) < 2:
        return "noise unknown"
    noise = max(spread(samples), spread(reference), RESOLUTION * median(reference))
    difference = median(samples) - median(reference)
    if abs(difference) <= noise:
        return "same"
    return "worse" if difference > 0 else "better"


def with_spread(figure: Figure, results: Results) -> str:
    """Write the median of a figure and, if there are several samples, the smallest and the largest."""
    samples, text = figure.read(results), figure.write(figure.of(results))
    return f"{text} ({figure.write(min(samples))} to {figure.write(max(samples))})" if len(samples) > 1 else text


def to_reference(figure: Figure, results: Results, reference: Results) -> str:
    """Write the ratio of a figure to the reference, and the verdict."""
    base = figure.of(reference)
    ratio = [f"{figure.of(results) / base:.2f}x"] if base else []
    return " ".join([*ratio, verdict(figure, results, reference)])


def comparison(
    contestants: Mapping[str, Results], labels: Mapping[str, str], reference: str, figures: Sequence[Figure]
) -> str:
    """Write a row for each figure, with two columns for each contestant beside the reference."""
    others = [name for name in contestants if name != reference]
    rows = []
    for figure in figures:
        row = [figure.label, with_spread(figure, contestants[reference])]
        for name in others:
            row += [
                with_spread(figure, contestants[name]),
                to_reference(figure, contestants[name], contestants[reference]),
            ]
        rows.append(row)
    return table(["", labels[reference], *(head for name in others for head in (labels[name], "ratio"))], rows)


def worse(results: Results, reference: Results, figures: Sequence[Figure]) -> Iterator[str]:
    """Yield the labels of the figures that are worse than the reference's by more than the noise."""
    for figure in figures:
        if verdict(figure, results, reference) == "worse":
            yield figure.label
