"""Bar charts of the figures, as reproducible SVG."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure as Canvas

from benchmarks.contestants import LABELS, OURS
from benchmarks.figures import NET_START, SIZE, Figure, Results, build, cell, seconds, shipped, transfer
from benchmarks.projects import EDITS

WIDTH, ROW, HEAD, FOOT = 5.6, 0.29, 0.68, 0.12
"""In inches: narrow enough for a phone."""

HIGHLIGHT, PLAIN, INK, PALE, CARD = "#0969da", "#b6bfc9", "#1f2328", "#59636e", "#ffffff"
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "copier-poetry-docker",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
}
NAME_PART, LABEL_PART = 0.37, 0.33
"""The parts of the width for the names, and for the labels beside the longest bar."""


@dataclass(frozen=True)
class Bar:
    """A bar.

    Attributes:
        name: The label of the contestant, on the left.
        value: The length.
        label: The text on the right.
        ours: Whether to highlight it.
    """

    name: str
    value: float
    label: str
    ours: bool


@dataclass(frozen=True)
class Panel:
    """Bars on one scale, with a title and a note on their unit."""

    title: str
    note: str
    bars: Sequence[Bar]


def chart(panels: Sequence[Panel]) -> str:
    """Draw panels below each other, the shortest bar of each first.

    The card has its own colour, for light and dark pages.
    """
    height = sum(HEAD + ROW * len(panel.bars) for panel in panels) + FOOT
    with style.context(["default", STYLE]):
        figure = Canvas(figsize=(WIDTH, height), facecolor=CARD)
        top = height
        for panel in panels:
            top -= HEAD
            figure.text(0.025, (top + 0.32) / height, panel.title, color=INK, weight="bold")
            figure.text(0.025, (top + 0.1) / height, panel.note, color=PALE)
            top -= ROW * len(panel.bars)
            draw(figure, panel.bars, top / height, ROW * len(panel.bars) / height)
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return "".join(f"{line.rstrip()}\n" for line in text.getvalue().splitlines())


def draw(figure: Canvas, bars: Sequence[Bar], bottom: float, height: float) -> None:
    """Draw the bars of a panel into a part of the figure, from the shortest to the longest."""
    axes = figure.add_axes((NAME_PART, bottom, 1 - NAME_PART, height))
    axes.set_axis_off()
    longest = max(bar.value for bar in bars)
    axes.set_xlim(0, longest / (1 - LABEL_PART / (1 - NAME_PART)))
    axes.set_ylim(len(bars) - 0.5, -0.5)
    for place, bar in enumerate(sorted(bars, key=lambda bar: bar.value)):
        weight = "bold" if bar.ours else "normal"
        axes.barh(place, bar.value, height=0.72, color=HIGHLIGHT if bar.ours else PLAIN)
        axes.annotate(bar.name, (0, place), (-6, -4), textcoords="offset points", ha="right", color=INK, weight=weight)
        axes.annotate(bar.label, (bar.value, place), (5, -4), textcoords="offset points", color=INK, weight=weight)


def bars(
    contestants: Mapping[str, Results],
    figure: Figure,
    write: Callable[[float], str],
    suffix: Callable[[Results], str] = lambda _: "",
) -> list[Bar]:
    """Return a bar for each contestant, with the figure, its ratio to ours and a suffix as its label."""
    ours = figure.of(contestants[OURS])
    return [
        Bar(LABELS[name], figure.of(one), cell(figure.of(one), ours, 0, write) + suffix(one), name == OURS)
        for name, one in contestants.items()
    ]


def with_unit(value: float) -> str:
    """Write seconds with their unit."""
    return f"{seconds(value)} s"


def size_chart(contestants: Mapping[str, Results]) -> str:
    """Draw the size of the images and the start of their commands: bytecode takes room and saves time."""
    sizes = bars(contestants, SIZE, lambda value: f"{value / 1e6:.0f} MB")
    starts = bars(contestants, NET_START, with_unit)
    return chart(
        [
            Panel("Size of the image", "above its base", sizes),
            Panel("Start", "until the command has run, less the bare interpreter", starts),
        ]
    )


def ships_suffix(edit: str, results: Results) -> str:
    """Write the bytes that a build ships, for the end of a label."""
    sent = shipped(edit).of(results)
    if not sent:
        return ", nothing"
    return f", {sent / 1e6:.0f} MB" if sent >= 1e6 else f", {transfer(sent)}"


def rebuild_chart(contestants: Mapping[str, Results]) -> str:
    """Draw the seconds of a build after an edit, with the bytes that it ships."""
    return chart(
        [
            Panel(
                EDITS[edit].capitalize(),
                "seconds to build, and what a registry is sent",
                bars(contestants, build(edit), with_unit, partial(ships_suffix, edit)),
            )
            for edit in ("source", "development")
        ]
    )
