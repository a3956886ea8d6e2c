"""Pictures of figures: bars, as SVG that is the same each time."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure

WIDTH, ROW, HEAD, FOOT = 5.6, 0.29, 0.68, 0.12
"""In inches: small enough that a phone has to shrink it little."""

OURS, OTHERS, INK, PALE, CARD = "#0969da", "#b6bfc9", "#1f2328", "#59636e", "#ffffff"
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "copier-poetry-docker",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
}
NAMES, LABELS = 0.37, 0.33
"""Which parts of the width the names, and the labels beside the longest bar, have."""


@dataclass(frozen=True)
class Bar:
    """One of the bars.

    Attributes:
        name: Whose it is.
        value: How long it is.
        label: What stands beside it.
        ours: Whether it is the one that the others are compared with.
    """

    name: str
    value: float
    label: str
    ours: bool


@dataclass(frozen=True)
class Panel:
    """Bars that are compared with each other, with what they are about, and what they and their labels say."""

    title: str
    note: str
    bars: Sequence[Bar]


def picture(panels: Sequence[Panel]) -> str:
    """Draw panels below each other, the shortest bar of each first.

    It is a card of its own colour, as it is seen on light and on dark pages.
    """
    height = sum(HEAD + ROW * len(panel.bars) for panel in panels) + FOOT
    with style.context(["default", STYLE]):
        figure = Figure(figsize=(WIDTH, height), facecolor=CARD)
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


def draw(figure: Figure, bars: Sequence[Bar], bottom: float, height: float) -> None:
    """Draw the bars of a panel into a part of the figure."""
    axes = figure.add_axes((NAMES, bottom, 1 - NAMES, height))
    axes.set_axis_off()
    longest = max(bar.value for bar in bars)
    axes.set_xlim(0, longest / (1 - LABELS / (1 - NAMES)))
    axes.set_ylim(len(bars) - 0.5, -0.5)
    for place, bar in enumerate(sorted(bars, key=lambda bar: bar.value)):
        weight = "bold" if bar.ours else "normal"
        axes.barh(place, bar.value, height=0.72, color=OURS if bar.ours else OTHERS)
        axes.annotate(bar.name, (0, place), (-6, -4), textcoords="offset points", ha="right", color=INK, weight=weight)
        axes.annotate(bar.label, (bar.value, place), (5, -4), textcoords="offset points", color=INK, weight=weight)
