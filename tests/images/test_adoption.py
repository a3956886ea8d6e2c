"""Images of projects that have adopted the template."""

from pathlib import Path

import pytest

from tests.kit.adopted import assert_adopted, assert_runs
from tests.kit.docker import need_engine
from tests.kit.shapes import shape


@pytest.mark.parametrize(
    ("name", "python"), [("rich package", "3.13"), ("rich old tables", "3.14"), ("rich scripts", "3.14")]
)
def test_the_image_of_an_adopted_project_runs(name: str, python: str, template: Path, tmp_path: Path) -> None:
    need_engine({"python_version": "3.11", "image_python": python})
    assert_runs(shape(name), assert_adopted(shape(name), template, tmp_path, tests=False))
