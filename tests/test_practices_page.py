"""docs/practices.md tells what the experiments show: each is named there, and none that does not exist."""

import re
import sys
from pathlib import Path

import pytest

from extensions.template import ROOT
from tests.practices import PINS
from tests.support import POETRY, PYTHONS, run
from tests.test_practices_docker import VERSION

PAGE = (ROOT / "docs/practices.md").read_text(encoding="utf-8")
LINKS = set(re.findall(r"\[`(test_\w+)`\]\(\.\./tests/(\w+\.py)\)", PAGE))


def tests_in(file: Path) -> set[str]:
    """Return the names of the tests in a module."""
    return set(re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_every_test_that_the_page_names_exists() -> None:
    assert {name for name, _ in LINKS} == set(re.findall(r"`(test_\w+)`", PAGE))
    assert {(name, file) for name, file in LINKS if name not in tests_in(ROOT / "tests" / file)} == set()


@pytest.mark.parametrize("module", ["test_practices.py", "test_practices_docker.py"])
def test_every_experiment_is_on_the_page(module: str) -> None:
    tests = tests_in(ROOT / "tests" / module)
    assert tests
    assert {name for name, file in LINKS if file == module} == tests


def test_the_page_names_the_versions_that_were_tried() -> None:
    versions = dict(re.findall(r"^\| ([\w-]+) \| ([\d.]+)[^|]* \|$", PAGE, flags=re.MULTILINE))
    assert versions.pop("Python") == PYTHONS[0]
    assert f"Python | {PYTHONS[0]} to {PYTHONS[-1]}, those that are there; {VERSION} in containers" in PAGE
    assert "{}.{}".format(*sys.version_info) in PYTHONS
    assert {name.lower(): version for name, version in versions.items()} == PINS
    for tool in ("poetry", "poetry-plugin-export"):
        query = f"from importlib.metadata import version; print(version('{tool}'))"
        assert run(POETRY.with_name("python"), "-c", query).strip() == PINS[tool]
