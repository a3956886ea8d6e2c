"""The command `poetry lock` for each type of project with each Python of this machine."""

from pathlib import Path

import pytest

from tests.kit.answers import KINDS
from tests.kit.poetry_process import check_lock_command, kinds_by_interpreter
from tests.kit.pythons import interpreters


def other_pairs() -> list[tuple[str, str]]:
    """List the pairs that tests/poetry/test_lock.py leaves out."""
    every = [(kind, version) for kind in KINDS for version in interpreters()]
    return [pair for pair in every if pair not in kinds_by_interpreter()]


@pytest.mark.cases(("kind", "version"), other_pairs)
def test_the_command_poetry_lock_changes_nothing(kind: str, version: str, tmp_path: Path) -> None:
    check_lock_command(kind, version, tmp_path)
