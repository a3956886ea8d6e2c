"""docs/practices.md tells what the experiments show: each is named there, and none that does not exist."""

import re
import sys
from pathlib import Path

import pytest

from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import POETRY, run
from tests.kit.experiments import PINS, VERSION
from tests.kit.pythons import pythons
from tools.repository import ROOT

PAGE = (ROOT / "docs/practices.md").read_text(encoding="utf-8")
LINKS = set(re.findall(r"\[`(test_\w+)`\]\(\.\./tests/(\w+/\w+\.py)\)", PAGE))


def named_in(file: Path) -> set[str]:
    """Return the names of the tests in a module."""
    return set(re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), flags=re.MULTILINE))


def test_every_test_that_the_page_names_exists() -> None:
    assert {name for name, _ in LINKS} == set(re.findall(r"`(test_\w+)`", PAGE))
    assert {(name, file) for name, file in LINKS if name not in named_in(ROOT / "tests" / file)} == set()


@pytest.mark.parametrize("module", ["nightly/test_practices.py", "nightly/test_practices_docker.py"])
def test_every_experiment_is_on_the_page(module: str) -> None:
    tests = named_in(ROOT / "tests" / module)
    assert tests
    assert {name for name, file in LINKS if file == module} == tests


def test_the_page_names_the_versions_that_were_tried() -> None:
    versions = dict(re.findall(r"^\| ([\w-]+) \| ([\d.]+)[^|]* \|$", PAGE, flags=re.MULTILINE))
    assert versions.pop("Python") == pythons()[0]
    assert f"Python | {pythons()[0]} to {pythons()[-1]}, those that are there; {VERSION} in containers" in PAGE
    assert "{}.{}".format(*sys.version_info) in pythons()
    assert versions == PINS
    for tool in ("poetry", "poetry-plugin-export"):
        query = f"from importlib.metadata import version; print(version('{tool}'))"
        assert run(POETRY.with_name("python"), "-c", query).strip() == PINS[tool]


def test_the_template_sets_the_variables_that_the_page_says_it_sets() -> None:
    dockerfiles = "".join(
        content.decode()
        for kind in KINDS
        for installer in ("pip", "poetry")
        for path, content in working_tree().render({"project_type": kind, "installer": installer}).items()
        if path == "Dockerfile" or path.startswith(".docker/")
    )
    table = PAGE.split("## Environment variables")[1].split("\n## ")[0]
    said = {
        variable: does.startswith("Sets it")
        for claim, _, does in re.findall(r"^\| (.*?) \| (.*?) \| (.*?) \|", table, flags=re.MULTILINE)
        for variable in re.findall(r"`([A-Z_]{6,})", claim)
    }
    assert len(said) > 8
    assert said == {variable: variable in dockerfiles for variable in said}
