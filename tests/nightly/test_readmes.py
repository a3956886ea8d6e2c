"""The commands in the READMEs that tests/poetry/test_readme.py leaves out."""

from pathlib import Path

import pytest

from tests.kit.readme_commands import check_readme, others, readme_name
from tools.render.template import Answers


@pytest.mark.cases("answers", others, ids=readme_name)
def test_every_command_of_the_readme_works(answers: Answers, tmp_path: Path) -> None:
    check_readme(answers, tmp_path)
