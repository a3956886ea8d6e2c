"""The commands in the README of a repository of each type."""

from pathlib import Path

import pytest

from tests.kit.readme_commands import check_readme, each_type, readme_name
from tools.render.template import Answers


@pytest.mark.cases("answers", each_type, ids=readme_name)
def test_every_command_of_the_readme_works(answers: Answers, tmp_path: Path) -> None:
    check_readme(answers, tmp_path)
