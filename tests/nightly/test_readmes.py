"""The commands in the READMEs that tests/poetry/test_readme.py leaves out."""

from pathlib import Path

import pytest

from tests.kit.readme_commands import check_readme, other_types, others, readme_name
from tools.render.template import Answers


@pytest.mark.cases("answers", other_types, ids=readme_name)
def test_every_command_of_the_readme_works_and_each_check_can_fail(answers: Answers, tmp_path: Path) -> None:
    check_readme(answers, tmp_path, mistakes=True)


@pytest.mark.cases("answers", others, ids=readme_name)
def test_every_command_of_the_readme_works(answers: Answers, tmp_path: Path) -> None:
    check_readme(answers, tmp_path)
