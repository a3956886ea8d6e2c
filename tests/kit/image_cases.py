"""The build contexts of all distinct images."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest

from tests.kit.answers import IMAGE_QUESTIONS, combined, name, working_tree
from tests.kit.docker import context_of
from tools.questions.conditions import unique
from tools.render.template import Answers

ROTATED = ("license", "builder_packages", "python_version")
"""Questions whose answers rotate from case to case: their trace in the image is a label, or the locked versions."""


CHOSEN = ("project_type", "base_image")
"""Questions of which `make test` builds each combination. The nightly tests build the other images."""


def chosen_image_cases() -> list[Any]:
    """Return one case for each combination of type and base. The installers and the versions of Python take turns."""
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for case in image_cases():
        groups.setdefault(tuple(case.values[0][question] for question in CHOSEN), []).append(case)
    return [group[number * len(group) // len(groups)] for number, group in enumerate(groups.values())]


def other_image_cases() -> list[Any]:
    """Return the cases that are not chosen."""
    chosen = {case.id for case in chosen_image_cases()}
    return [case for case in image_cases() if case.id not in chosen]


@cache
def image_cases() -> list[Any]:
    """Return a pytest parameter with the answers and the build context of each distinct image.

    Rotated answers do not make an image distinct. Each licence and package meets every other answer, and each oldest
    Python every newer one.
    """
    groups: dict[tuple[tuple[str, Any], ...], list[Answers]] = {}
    for answers in combined(*IMAGE_QUESTIONS):
        if answers["docker"]:
            groups.setdefault(tuple(item for item in answers.items() if item[0] not in ROTATED), []).append(answers)
    return [
        pytest.param(answers, context_of(working_tree().render(answers)), id=name(answers, IMAGE_QUESTIONS))
        for number, rotation in enumerate(groups.values())
        for answers in [rotated(rotation, number)]
    ]


def rotated(rotation: Sequence[Answers], number: int) -> Answers:
    """Return the answers of a case: the oldest Pythons rotate on their own, as a newer image has more of them."""
    oldest = unique(answers["python_version"] for answers in rotation)
    found = [answers for answers in rotation if answers["python_version"] == oldest[number % len(oldest)]]
    return found[3 * number % len(found)]
