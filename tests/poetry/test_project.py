"""The first day in a generated repository, by hand, and its first update."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pytest_copier.plugin import CopierFixture

from tests.kit.answers import name
from tests.kit.day_one import check_day_one, each_other_python, each_type
from tools.render.template import Answers

name_of = partial(name, questions=("project_type", "python_version", "license", "package_index"))


@pytest.mark.cases("answers", each_type, ids=name_of)
def test_each_type_is_clean_on_day_one_and_each_of_its_checks_can_fail(
    answers: Answers, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    """Other tests enter through the README and through CI; tests/nightly has every pair of choices."""
    check_day_one(answers, tmp_path, record_property, mistakes=True)


@pytest.mark.cases("answers", each_other_python, ids=name_of)
def test_every_other_python_is_clean_on_day_one(
    answers: Answers, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    check_day_one(answers, tmp_path, record_property)


def test_an_update_keeps_the_users_lines(copier: CopierFixture, tmp_path: Path) -> None:
    """The user has changed one file and the template another."""
    project = copier.copy(tmp_path / "new")
    project.run("git init && git add --all && git commit --message=Start")
    readme = project.path / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8").replace("## Licence", "## Thanks\n\nAda.\n\n## Licence"))
    project.run("git commit --all --message=Thanks")
    project.update(author_name="Ada")
    assert "Ada.\n\n## Licence" in readme.read_text(encoding="utf-8")
    assert 'authors = [{ name = "Ada" }]' in (project.path / "pyproject.toml").read_text(encoding="utf-8")
