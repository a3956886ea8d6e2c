"""The checks that Dockerfile mutants have to fail: they pass for each project type, installer and base."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.answers import working_tree
from tests.kit.docker import context_of, need_engine
from tests.kit.image_checks import DEVCONTAINER, IMAGE_CHECKS, Check, check_devcontainer, check_image, variants
from tools.render.template import Answers


def each_check() -> Iterator[Any]:
    """Give each variant with its checks; test_image.py has the one of the contract."""
    for variant, answers in variants().items():
        checks = [check for check in IMAGE_CHECKS if check != check_image]
        yield pytest.param(answers, checks, id=variant)


@pytest.mark.cases(("answers", "checks"), each_check)
def test_the_checks_pass(answers: Answers, checks: list[Check], tmp_path: Path) -> None:
    need_engine(answers)
    files = context_of(working_tree().render(answers))
    if DEVCONTAINER in files:
        checks = [*checks, check_devcontainer]
    for number, check in enumerate(checks):
        check(answers, files, tmp_path / str(number))
