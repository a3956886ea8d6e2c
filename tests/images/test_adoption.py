"""Images of projects that have adopted the template."""

from pathlib import Path

from tests.kit.adopted import assert_adopted, assert_checked, assert_runs, assert_updated, with_next_release
from tests.kit.docker import need_engine
from tests.kit.shapes import shape


def test_the_image_of_an_adopted_project_runs(template: Path, tmp_path: Path) -> None:
    """tests/nightly has each shape by itself."""
    need_engine({"python_version": "3.11", "image_python": "3.13"})
    releases = with_next_release(template, tmp_path)
    project = assert_adopted(shape("rich package"), releases, tmp_path, tests=False)
    assert_checked(project)
    assert_runs(shape("rich package"), project)
    assert_updated(project)
