"""Every distinct image: built, run, and held to what is promised of it."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from extensions.template import Answers, Files
from tests.contract import check_contract
from tests.docker import base_of, context_of, image_of, layers, need_engine
from tests.support import TEMPLATE, combined, name

QUESTIONS = (
    "project_type",
    "python_version",
    "installer",
    "base_image",
    "license",
    "builder_packages",
    "runtime_packages",
)
TURNS = ("license", "builder_packages")


def contexts() -> Iterator[Any]:
    """Give answers and files of every build whose image is distinct by more than its licence.

    The licence, and the packages of the builder, of which nothing is in the image, are others from one of them to the
    next, so that each meets every other answer.
    """
    groups: dict[tuple[tuple[str, Any], ...], list[Answers]] = {}
    for answers in combined(*QUESTIONS):
        if answers["docker"]:
            groups.setdefault(tuple(item for item in answers.items() if item[0] not in TURNS), []).append(answers)
    for number, turns in enumerate(groups.values()):
        answers = turns[3 * number % len(turns)]
        yield pytest.param(answers, context_of(TEMPLATE.render(answers)), id=name(answers, QUESTIONS))


CONTEXTS = list(contexts())


def pairs(answers: Answers) -> set[tuple[tuple[str, Any], ...]]:
    """Return every two answers of a combination, of those that are chosen."""
    chosen = [(question, answers[question]) for question in QUESTIONS if question in answers]
    return set(combinations(chosen, 2))


def test_every_two_answers_meet_in_an_image_that_is_built() -> None:
    possible = set().union(*(pairs(answers) for answers in combined(*QUESTIONS) if answers["docker"]))
    built = set().union(*(pairs(context.values[0]) for context in CONTEXTS))
    assert possible - built == set()


@pytest.mark.parametrize(("answers", "files"), CONTEXTS)
def test_image_keeps_its_contract(answers: Answers, files: Files, tmp_path: Path) -> None:
    need_engine(answers)
    check_contract(answers, files, tmp_path)


@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_packages_of_the_builder_leave_nothing_in_the_image(installer: str, tmp_path: Path) -> None:
    answers = {"project_type": "service", "installer": installer, "python_version": "3.13"}
    need_engine(answers)
    found = []
    for packages in ("", "git"):
        files = TEMPLATE.render({**answers, "builder_packages": packages})
        with image_of(files, tmp_path, "--no-cache-filter=runtime") as image:
            found.append(layers(image, base_of(answers)))
    assert found[0] == found[1]
