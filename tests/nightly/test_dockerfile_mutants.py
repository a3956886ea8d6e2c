"""Dockerfile mutants: whatever is taken out of a Dockerfile, some check fails."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.answers import combined, working_tree
from tests.kit.docker import context_of, need_engine
from tests.kit.image_checks import (
    CHOSEN,
    DEVCONTAINER,
    IMAGE_CHECKS,
    SLOW_CHECKS,
    Check,
    check_devcontainer,
    check_variant,
    failed_check,
    variants,
)
from tests.kit.mutants import Mutant, mutants
from tools.render.template import Answers, Files

PACKAGES = ("builder_packages", "runtime_packages")

QUICKEST = ["package", "service", "environment"]
"""The project types by how long their checks take."""

QUICKEST_WITH_PACKAGES = ["service", "environment", "package"]
"""The same for the stages of the locked packages, of which a package has none that could show a difference."""

TELLING = {"-x /tests/": "environment", "--no-deps": "service"}
"""The project type that shows a mutant, if only one does."""


def order(mutant: Mutant) -> list[str]:
    """Return the project types in the order in which a mutant is tried in them."""
    kinds = QUICKEST_WITH_PACKAGES if mutant.stage in ("requirements", "dependencies") else QUICKEST
    return [TELLING.get(mutant.missing, kinds[0]), *kinds]


def each_mutant() -> Iterator[Any]:
    """Give each mutant once, with every project that has it: the same command in the same stage counts once."""
    projects: dict[tuple[str, str, str, str, int], list[tuple[Answers, Files]]] = {}
    orders: dict[tuple[str, str, str, str, int], list[str]] = {}
    names: dict[tuple[str, str, str, str, int], str] = {}
    for variant, answers in variants().items():
        files = context_of(working_tree().render(answers))
        for path in [path for path in ("Dockerfile", DEVCONTAINER) if path in files]:
            for mutant in mutants(files[path].decode()):
                key = (path, mutant.stage, mutant.command, mutant.missing, mutant.position)
                projects.setdefault(key, []).append((answers, {**files, path: mutant.dockerfile.encode()}))
                orders[key] = order(mutant)
                words = " ".join(mutant.missing.split())[:40]
                names.setdefault(key, f"{variant}-{mutant.stage or path}-{len(names)}-{words}")
    for key, those in projects.items():
        those.sort(key=lambda project: orders[key].index(project[0]["project_type"]))
        checks = [check_devcontainer] if key[0] == DEVCONTAINER else IMAGE_CHECKS
        yield pytest.param(checks, key[1], those, id=names[key])


def lines(answers: Answers) -> set[str]:
    """Return the instructions of the Dockerfiles for one of the Python versions."""
    files = working_tree().render({**answers, "python_version": "3.13", "image_python": "3.13"})
    text = "\n".join(files.get(path, b"").decode() for path in ("Dockerfile", DEVCONTAINER))
    return {line for line in text.splitlines() if not line.startswith("#")}


def test_every_line_has_mutants() -> None:
    """Except those for a private index: test_index.py has theirs."""
    every = combined("project_type", "installer", "base_image", "devcontainer", *PACKAGES)
    found = set().union(*(lines(answers) for answers in every if answers["docker"]))
    assert found == set().union(*map(lines, variants().values()))


def other_variants() -> list[str]:
    """Return the names of the variants that tests/images/test_checks.py leaves out."""
    return [name for name in variants() if name not in CHOSEN]


@pytest.mark.cases("name", other_variants)
def test_the_checks_pass_without_a_mutant(name: str, tmp_path: Path) -> None:
    check_variant(variants()[name], tmp_path)


@pytest.mark.parametrize("name", variants())
def test_the_slow_checks_pass_without_a_mutant(name: str, tmp_path: Path) -> None:
    need_engine(variants()[name])
    files = context_of(working_tree().render(variants()[name]))
    for number, check in enumerate(SLOW_CHECKS):
        check(variants()[name], files, tmp_path / str(number))


@pytest.mark.cases(("checks", "stage", "projects"), each_mutant)
def test_a_check_fails(checks: list[Check], stage: str, projects: list[tuple[Answers, Files]], tmp_path: Path) -> None:
    """In some project that has the line."""
    need_engine(projects[0][0])
    assert any(
        failed_check(checks, stage, answers, files, tmp_path / str(number))
        for number, (answers, files) in enumerate(projects)
    )
