"""The build contexts of all distinct images."""

from functools import cache
from typing import Any

import pytest

from tests.kit.answers import IMAGE_QUESTIONS, combined, name, working_tree
from tests.kit.docker import context_of
from tools.render.template import Answers

ROTATED = ("license", "builder_packages")
"""Questions whose answers rotate from case to case: they leave no trace in the image, or only a label."""


@cache
def image_cases() -> list[Any]:
    """Return a pytest parameter with the answers and the build context of each distinct image.

    Rotated answers do not make an image distinct, but each of them meets every other answer.
    """
    groups: dict[tuple[tuple[str, Any], ...], list[Answers]] = {}
    for answers in combined(*IMAGE_QUESTIONS):
        if answers["docker"]:
            groups.setdefault(tuple(item for item in answers.items() if item[0] not in ROTATED), []).append(answers)
    return [
        pytest.param(answers, context_of(working_tree().render(answers)), id=name(answers, IMAGE_QUESTIONS))
        for number, rotation in enumerate(groups.values())
        for answers in [rotation[3 * number % len(rotation)]]
    ]
