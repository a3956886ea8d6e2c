"""Conditions on answers, derived from the enumeration of all combinations."""

from collections.abc import Iterable, Sequence
from typing import Any

from tools.questions.model import Condition
from tools.render.template import Answers

Cases = Sequence[tuple[Answers, bool]]
"""All combinations of answers, each with whether something holds for it."""


def conditions(cases: Cases) -> list[Condition]:
    """Return conditions of which one holds exactly in the positive cases; empty if all cases are positive.

    Raises:
        ValueError: No such conditions exist.
    """
    try:
        found = condition(cases)
    except ValueError:
        for name in cases[0][0]:
            values = [value for value in unique(known[name] for known, _ in cases) if suffices(name, value, cases)]
            if values:
                return [{name: values}, *conditions([each for each in cases if each[0][name] not in values])]
        raise
    return [found] if found else []


def suffices(name: str, value: Any, cases: Cases) -> bool:
    """Return whether all cases with an answer are positive."""
    return all(holds for known, holds in cases if known[name] == value)


def condition(cases: Cases) -> Condition:
    """Return the condition that holds exactly in the positive cases.

    Raises:
        ValueError: No single condition separates the cases.
    """
    found = {name: unique(known[name] for known, holds in cases if holds) for name in cases[0][0]}
    found = {
        name: values for name, values in found.items() if len(values) < len(unique(each[name] for each, _ in cases))
    }
    for name in reversed(list(found)):
        rest = {other: values for other, values in found.items() if other != name}
        if separates(rest, cases):
            found = rest
    if not separates(found, cases):
        raise ValueError(f"No single condition on {', '.join(found)} separates the cases.")
    return found


def separates(when: Condition, cases: Cases) -> bool:
    """Return whether a condition holds in the positive cases and in no others."""
    return all(met(when, known) == holds for known, holds in cases)


def met(when: Condition, known: Answers) -> bool:
    """Return whether answers meet a condition."""
    return all(known[name] in values for name, values in when.items())


def unique(values: Iterable[Any]) -> list[Any]:
    """Return the distinct values in their order."""
    return list(dict.fromkeys(values))
