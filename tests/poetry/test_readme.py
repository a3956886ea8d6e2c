"""The first day in a repository: the commands of its README, and then mistakes that its checks must find."""

from pathlib import Path

import pytest

from tests.kit.readme_commands import check_readme, chosen, readme_name
from tools.render.template import Answers


@pytest.mark.cases("answers", chosen, ids=readme_name)
def test_every_command_of_the_readme_works_and_each_check_can_fail(answers: Answers, tmp_path: Path) -> None:
    """tests/nightly has the other types and READMEs, and the checks of repositories with each pair of choices."""
    check_readme(answers, tmp_path, mistakes=True)
