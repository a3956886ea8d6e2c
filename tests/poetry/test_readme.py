"""The first day in a repository of each type: the commands of its README, and then mistakes that its checks must find."""

from pathlib import Path

import pytest

from tests.kit.readme_commands import check_readme, each_type, readme_name
from tools.render.template import Answers


@pytest.mark.cases("answers", each_type, ids=readme_name)
def test_every_command_of_the_readme_works_and_each_check_can_fail(answers: Answers, tmp_path: Path) -> None:
    """tests/nightly has other READMEs, and the checks of repositories with every pair of choices."""
    check_readme(answers, tmp_path, mistakes=True)
