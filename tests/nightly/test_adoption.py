"""Each shape of a project by itself adopts the template, passes its checks, is built, run and updated."""

import tomllib
from pathlib import Path

import pytest

from tests.kit.adopted import assert_adopted, assert_checked, assert_runs, assert_updated, with_next_release
from tests.kit.commands import POETRY, run
from tests.kit.docker import need_engine
from tests.kit.rehearsal import NEXT
from tests.kit.shapes import COMBINED, PLAIN, SHAPES, existing, shape
from tools.adopt.adoption import BRANCH, adopt


@pytest.mark.parametrize("name", [*SHAPES, *COMBINED])
def test_a_project_is_adopted_checked_built_and_updated(name: str, template: Path, tmp_path: Path) -> None:
    need_engine({"python_version": "3.11", "image_python": "3.14"})
    releases = with_next_release(template, tmp_path)
    project = assert_adopted(shape(name), releases, tmp_path, tests=True, docker="true")
    assert_checked(project)
    assert_runs(shape(name), project)
    assert_updated(project)


def test_a_tool_that_cannot_be_locked_is_left_out(template: Path, tmp_path: Path) -> None:
    """The project pins a dependency of a tool to a version that the tool does not accept."""
    pinned = PLAIN.with_tables({"dependency-groups": 'dev = ["pytest>=8,<9", "coverage<7.10"]\n'})
    project = existing(pinned, tmp_path)
    adoption = adopt(project, template=str(template), reference=NEXT, tests=False)
    assert adoption.differences == []
    assert adoption.tools["pytest-cov"] == "pytest-cov"
    data = tomllib.loads(run("git", "show", f"{BRANCH}:pyproject.toml", cwd=project))
    assert "pytest-cov" in data["dependency-groups"]["dev"]
    run("git", "switch", "--quiet", BRANCH, cwd=project)
    run(POETRY, "check", "--lock", cwd=project)
