"""The rendered poetry.lock, compared with the one that Poetry writes."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from tests.kit.answers import HOSTILE, KINDS, combined, name, told, working_tree
from tests.kit.commands import write
from tests.kit.poetry_process import (
    Poetry,
    check_lock_command,
    kinds_by_interpreter,
    make_stale,
    read_by_poetry,
    relocked,
)
from tests.kit.private_index import serve_dated
from tests.kit.pythons import interpreters
from tools.lock import refresh
from tools.lock.refresh import (
    FOLDER,
    cut,
    dependency_sets,
    escape,
    fresh_lock,
    locked_content,
    package_file,
    poetry_lock,
    store,
)
from tools.render.template import Answers, Files
from tools.repository import ROOT

PROJECT = ("project_type", "python_version", "image_python", "license")
"""Questions whose answers Poetry finds in pyproject.toml, apart from the index: test_index.py has that."""

DEPENDENCIES = ("project_type", "python_version", "image_python", "docs")
"""Questions whose answers decide about the dependencies."""


def projects() -> Iterator[object]:
    """List the answers of each project that Poetry can tell apart."""
    return (pytest.param(answers, id=name(answers, PROJECT)) for answers in distinct(*PROJECT))


def sets() -> Iterator[object]:
    """List the answers of one project for each set of dependencies."""
    return (pytest.param(answers, id=name(answers, DEPENDENCIES)) for answers in distinct(*DEPENDENCIES))


def distinct(*questions: str) -> Iterator[Answers]:
    """Yield the combinations of some answers with different input for Poetry.

    That of a package does not depend on its image. A project without an image has the input of the newest image.
    """
    for answers in combined(*questions):
        image = answers.get("image_python")
        if image and (answers["project_type"] != "package" or image == answers["python_version"]):
            yield answers


def project(answers: Answers) -> Files:
    """Render the files of a project that Poetry reads."""
    return working_tree().render(answers, read_by_poetry)


@cache
def locks() -> dict[str, str]:
    """Return the rendered lock file of each set of dependencies, keyed by the files that `poetry lock` reads."""
    files = [project(answers) for answers in distinct(*DEPENDENCIES)]
    return {locked_content(one["pyproject.toml"].decode()): one["poetry.lock"].decode() for one in files}


@pytest.mark.cases("answers", projects)
def test_poetry_check_accepts_every_project(
    answers: Answers, poetry: Poetry, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    record_property("checked", told(answers, PROJECT))
    poetry(write(project(answers), tmp_path), "check", "--lock", "--strict")


def test_poetry_check_refuses_a_stale_lock(poetry: Poetry, tmp_path: Path) -> None:
    make_stale(write(project({}), tmp_path))
    with pytest.raises(AssertionError, match=r"poetry\.lock was last generated"):
        poetry(tmp_path, "check", "--lock", "--strict")


@pytest.mark.parametrize("kind", ["package", "service"])
def test_hostile_text_reaches_the_metadata_of_the_wheel(kind: str, poetry: Poetry, tmp_path: Path) -> None:
    answers = {"project_type": kind, "project_description": HOSTILE, "author_name": 'Ada "L" \\ 日本'}
    answers["python_version"] = min(interpreters())
    write(working_tree().render(answers, lambda path: path != "Dockerfile"), tmp_path)
    poetry(tmp_path, "check", "--lock", "--strict")
    poetry(tmp_path, "build", "--format=wheel")
    with ZipFile(tmp_path / "dist/myproject-0.1.0-py3-none-any.whl") as wheel:
        metadata = message_from_bytes(wheel.read("myproject-0.1.0.dist-info/METADATA"), policy=policy.default)
    assert metadata["Summary"] == HOSTILE
    assert metadata["Author"] == answers["author_name"]


@pytest.mark.cases("answers", sets)
def test_poetry_writes_the_lock_as_it_was_rendered(
    answers: Answers, poetry: Poetry, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    record_property("locked", told(answers, DEPENDENCIES))
    rendered, written = relocked(poetry, write(project(answers), tmp_path))
    assert written == rendered


def test_a_change_of_a_lock_is_noticed(poetry: Poetry, tmp_path: Path) -> None:
    """For a file that the release lacks, and for a package that is missing."""
    rendered = project({})["poetry.lock"].decode()
    packages, _ = cut(rendered)
    extra = re.sub(
        r"(?m)^    \{file = \"ruff-[^\n]*\n", lambda line: line[0].replace("ruff-", "ruff-x-") + line[0], rendered
    )
    for number, lock in enumerate((extra, rendered.replace(packages[0], ""))):
        folder = write({**project({}), "poetry.lock": lock.encode()}, tmp_path / str(number))
        changed, written = relocked(poetry, folder)
        assert written != changed


@pytest.mark.cases(("kind", "version"), kinds_by_interpreter)
def test_the_command_poetry_lock_changes_nothing(kind: str, version: str, tmp_path: Path) -> None:
    """With a Python of this machine and Poetry as users start it; the others are in tests/nightly/test_locks.py."""
    check_lock_command(kind, version, tmp_path)


def test_the_store_has_the_lock_of_every_set_and_nothing_else(tmp_path: Path) -> None:
    """And storing the rendered locks again gives the same bytes."""
    index = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
    assert set(index) == {cut(lock)[1] for lock in locks().values()}
    used = {f"{package}.toml" for packages in index.values() for package in packages}
    assert used == {file.name for file in FOLDER.glob("*.toml")}
    assert len(dependency_sets(working_tree())) == len(locks()) == len(index)
    store(locks().values(), tmp_path / "lock")
    assert {file.name: file.read_bytes() for file in (tmp_path / "lock").iterdir()} == {
        file.name: file.read_bytes() for file in FOLDER.iterdir()
    }


def versions(lock: str) -> dict[str, str]:
    """Return the version of each locked package."""
    return {package["name"]: package["version"] for package in tomllib.loads(lock)["package"]}


BOUNDED = b"""
[project]
name = "bounded"
version = "1.0"
requires-python = ">=3.9,<4.0"
"""
"""A package that supports no Python 4, as many do."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_dependency_with_an_upper_bound_can_be_locked(kind: str, poetry: Poetry, tmp_path: Path) -> None:
    """Except by a package, whose users choose the Python: docs/decisions/0026-upper-bound.md."""
    files = project({"project_type": kind})
    dependency = (
        f'dependencies = [\n    "bounded @ {write({"pyproject.toml": BOUNDED}, tmp_path / "bounded").as_uri()}",'
    )
    pyproject = re.sub(r"(?m)^dependencies = \[", dependency, files["pyproject.toml"].decode()).replace(",]", "]")
    folder = write({**files, "pyproject.toml": pyproject.encode()}, tmp_path / "project")
    if kind == "package":
        with pytest.raises(AssertionError, match=r"bounded requires Python >=3\.9,<4\.0"):
            poetry(folder, "lock")
    else:
        poetry(folder, "lock")
        assert "bounded" in versions((folder / "poetry.lock").read_text(encoding="utf-8"))


NEEDS_TOOL = """
[project]
name = "myproject"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["tool>=1"]

[tool.poetry]
package-mode = false

[[tool.poetry.source]]
name = "private"
url = "{url}"
priority = "primary"
"""


@pytest.mark.usefixtures("own_poetry_cache")
def test_fresh_uploads_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """And locking from nothing twice gives the same bytes."""
    day, cool_off = timedelta(days=1), timedelta(days=refresh.COOL_OFF)
    packages = {"tool 1.0": cool_off + 9 * day, "tool 1.1": cool_off + day, "tool 1.2": cool_off - day}
    with serve_dated(packages) as url:
        pyproject = NEEDS_TOOL.replace("{url}", url)
        lock = fresh_lock(pyproject)
        assert versions(lock) == {"tool": "1.1"}
        assert fresh_lock(pyproject) == lock
        monkeypatch.setattr(refresh, "COOL_OFF", 0)
        assert versions(fresh_lock(pyproject)) == {"tool": "1.2"}


@pytest.fixture
def own_poetry_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep Poetry from its cache of an earlier index on the same port."""
    monkeypatch.setenv("POETRY_CACHE_DIR", str(tmp_path / "cache"))


@pytest.mark.usefixtures("own_poetry_cache")
def test_failure_to_lock_is_told_in_poetrys_words(tmp_path: Path) -> None:
    with serve_dated({"tool 0.9": timedelta(days=30)}) as url:
        write({"pyproject.toml": NEEDS_TOOL.replace("{url}", url).encode()}, tmp_path)
        with pytest.raises(RuntimeError, match=r"(?s)poetry lock failed.*tool \(>=1\)"):
            poetry_lock(tmp_path)
    assert not (tmp_path / "poetry.lock").exists()


def test_a_description_with_the_delimiters_of_jinja_is_kept() -> None:
    text = '[[package]]\nname = "x"\nversion = "1"\ndescription = "{{ x }} {% y %}"\n'
    assert working_tree().environment.from_string(escape(text)).render() == text
    assert package_file(text).startswith("x-1-")


def test_update_bots_can_read_the_requirements() -> None:
    """Renovate and Dependabot find requirements files by their names, and the template one requirement a line."""
    files = sorted((ROOT / "extensions/dependencies").iterdir())
    assert len(files) == 10
    for file in files:
        assert re.fullmatch(r"[\w-]*requirements([-._]\w+)?\.(txt|pip)", file.name)
        for line in file.read_text(encoding="utf-8").splitlines():
            assert Requirement(line).specifier
            assert " " not in line
