"""Checks of many rendered files by one process of a linter, or of Poetry."""

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from packaging.specifiers import SpecifierSet
from validate_pyproject import api as validate_pyproject

from tests.kit.commands import POETRY, run, write
from tests.kit.consistency import folders, requires_python
from tests.kit.docker import lint
from tests.kit.pythons import pythons
from tests.kit.rendered_files import distinct, sources
from tools.docs.markdown import code_blocks
from tools.render.variants import Variant, Variants
from tools.repository import ROOT


def check_pyprojects(found: Sequence[Variant]) -> None:
    """Validate variants of pyproject.toml by the schemas of the packaging specifications and of the tools.

    Five seconds go into compiling the schemas.
    """
    validator = validate_pyproject.Validator()
    assert found
    for variant in found:
        validator(tomllib.loads(variant.content.decode()))


def check_poetry(every: Variants, found: Sequence[Variant], folder: Path) -> None:
    """Run `poetry check --strict` on variants of pyproject.toml, and compare Poetry's metadata with the answers."""
    assert found
    paths = folders(every, found, folder, "README.md", "LICENSE")
    script = ROOT / "tests/kit/poetry_check.py"
    reports = run(POETRY.with_name("python"), script, input="".join(f"{path}\n" for path in paths)).splitlines()
    for variant, report in zip(found, map(json.loads, reports), strict=True):
        asked = variant.combination.asked
        assert report["says"] == "All set!", asked
        assert (report["summary"] or "") == asked["project_description"]
        assert (report["author"] or "") == (asked["author_name"] or asked["author_email"])
        assert (report["email"] or "") == (asked["author_email"] if asked["author_name"] else "")
        assert report["python"] == requires_python(asked)
        if asked["project_type"] != "environment":
            versions = re.findall(r"Python :: (3\.\d+)", " ".join(report["classifiers"]))
            assert versions == [known for known in pythons() if known in SpecifierSet(report["python"])]


def check_python(every: Variants, folder: Path) -> None:
    """Format and lint all Python files with the settings of their own repository."""
    found = distinct(*(source for source in sources() if source.removesuffix(".jinja").endswith(".py")), every=every)
    assert found
    folders(every, found, folder, "pyproject.toml", "*.py")
    run(ROOT / ".venv/bin/ruff", "format", "--check", "--no-cache", folder)
    run(ROOT / ".venv/bin/ruff", "check", "--no-cache", folder)


def check_dockerfiles(found: Sequence[Variant], folder: Path) -> None:
    """Run hadolint on variants of the Dockerfile."""
    files = {f"{number}/Dockerfile": variant.content for number, variant in enumerate(found)}
    write(files, folder)
    lint(*(folder / path for path in files))


def check_commands(found: Sequence[Variant], folder: Path) -> None:
    """Run shellcheck on each block of commands in variants of the README."""
    blocks = {block for variant in found for block in code_blocks(variant.content.decode())}
    assert blocks
    files = {f"{number}.sh": block.encode() for number, block in enumerate(sorted(blocks))}
    write(files, folder)
    run(ROOT / ".venv/bin/shellcheck", "--shell=sh", *(folder / path for path in files))
