"""Checks of many rendered files by one process of a linter, or of Poetry."""

import json
import re
import tomllib
from pathlib import Path

from validate_pyproject import api as validate_pyproject

from tests.kit.commands import POETRY, run, write
from tests.kit.consistency import folders
from tests.kit.pythons import pythons
from tests.kit.rendered_files import COMMANDS, PYPROJECT, README, distinct, sources
from tools.render.template import ROOT
from tools.render.variants import Variants


def check_pyprojects(every: Variants) -> None:
    """Validate each pyproject.toml by the schemas of the packaging specifications and of the tools that have one."""
    validator = validate_pyproject.Validator()
    for variant in distinct(PYPROJECT, every=every):
        validator(tomllib.loads(variant.content.decode()))


def check_poetry(every: Variants, folder: Path) -> None:
    """Run `poetry check --strict` on each pyproject.toml, and compare Poetry's metadata with the answers."""
    found = distinct(PYPROJECT, every=every)
    paths = folders(every, found, folder, "README.md", "LICENSE")
    script = ROOT / "tests/kit/poetry_check.py"
    reports = run(POETRY.with_name("python"), script, input="".join(f"{path}\n" for path in paths)).splitlines()
    for variant, report in zip(found, map(json.loads, reports), strict=True):
        asked = variant.combination.asked
        assert report["says"] == "All set!", asked
        assert (report["summary"] or "") == asked["project_description"]
        assert (report["author"] or "") == (asked["author_name"] or asked["author_email"])
        assert (report["email"] or "") == (asked["author_email"] if asked["author_name"] else "")
        oldest = asked["python_version"]
        assert report["python"] == f">={oldest}"
        if asked["project_type"] != "environment":
            versions = re.findall(r"Python :: (3\.\d+)", " ".join(report["classifiers"]))
            assert versions == [known for known in pythons() if int(known[2:]) >= int(oldest[2:])]


def check_python(every: Variants, folder: Path) -> None:
    """Format and lint all Python files with the settings of their own repository."""
    found = distinct(*(source for source in sources() if source.removesuffix(".jinja").endswith(".py")), every=every)
    assert found
    folders(every, found, folder, "pyproject.toml", "*.py")
    run(ROOT / ".venv/bin/ruff", "format", "--check", "--no-cache", folder)
    run(ROOT / ".venv/bin/ruff", "check", "--no-cache", folder)


def check_commands(every: Variants, folder: Path) -> None:
    """Run shellcheck on the commands of each README."""
    scripts = {"".join(COMMANDS.findall(variant.content.decode())) for variant in distinct(README, every=every)}
    assert scripts
    write({f"{number}.sh": script.encode() for number, script in enumerate(sorted(scripts))}, folder)
    run(ROOT / ".venv/bin/shellcheck", "--shell=sh", *folder.glob("*.sh"))
