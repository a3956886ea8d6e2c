"""The rendered poetry.lock, held against the real Poetry."""

import json
import re
import tomllib
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from tests.kit.answers import HOSTILE, KINDS, combined, name, told, working_tree
from tests.kit.commands import POETRY, run, write
from tests.kit.pythons import interpreters
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

PUBLIC = combined("project_type", "python_version", "license", "docs")
"""What decides about a pyproject.toml, but for a private index: those are in test_index.py."""

SETS = {
    locked_content(files["pyproject.toml"].decode()): (answers, files)
    for answers in reversed(PUBLIC)
    for files in [working_tree().render(answers)]
}
"""Answers and files of one repository for each set of dependencies."""

PROJECTS = {name(answers, ("project_type", "python_version", "license")): answers for answers in reversed(PUBLIC)}
"""Answers for each project that Poetry can tell from another."""

each_set = pytest.mark.parametrize(
    ("answers", "files"),
    [pytest.param(*one, id=name(one[0], ("project_type", "python_version", "docs"))) for one in SETS.values()],
)


def make_stale(folder: Path) -> None:
    """Change the content-hash of a lock: Poetry then keeps its versions and writes the whole file again."""
    file = folder / "poetry.lock"
    lock = file.read_text(encoding="utf-8")
    file.write_text(lock.replace(cut(lock)[1], "0" * 64), encoding="utf-8", newline="\n")


@pytest.mark.parametrize("answers", PROJECTS.values(), ids=PROJECTS)
def test_poetry_finds_nothing_to_object_to(
    answers: Answers, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    """In no project that Poetry could tell from another, and no lock is stale."""
    record_property("checked", told(answers, ("project_type", "python_version", "license")))
    run(POETRY, "check", "--lock", "--strict", cwd=write(working_tree().render(answers), tmp_path))


@pytest.mark.parametrize("kind", ["package", "service"])
def test_hostile_text_reaches_the_metadata_of_the_wheel(kind: str, tmp_path: Path) -> None:
    answers = {"project_type": kind, "project_description": HOSTILE, "author_name": 'Ada "L" \\ 日本'}
    answers["python_version"] = min(interpreters())
    write(working_tree().render(answers), tmp_path)
    run(POETRY, "check", "--lock", "--strict", cwd=tmp_path)
    run(POETRY, "build", "--format=wheel", cwd=tmp_path)
    with ZipFile(tmp_path / "dist/myproject-0.1.0-py3-none-any.whl") as wheel:
        metadata = message_from_bytes(wheel.read("myproject-0.1.0.dist-info/METADATA"), policy=policy.default)
    assert metadata["Summary"] == HOSTILE
    assert metadata["Author"] == answers["author_name"]


@each_set
def test_poetry_writes_the_lock_as_it_was_rendered(
    answers: Answers, files: Files, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    record_property("locked", told(answers, ("project_type", "python_version", "docs")))
    write(files, tmp_path)
    make_stale(tmp_path)
    assert poetry_lock(tmp_path).encode() == files["poetry.lock"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.cases("version", interpreters)
def test_the_command_poetry_lock_changes_nothing(kind: str, version: str, tmp_path: Path) -> None:
    """Where the machine has the Python, so that nothing stands in for it."""
    files = working_tree().render({"project_type": kind, "python_version": version})
    write(files, tmp_path)
    run(interpreters()[version], "-m", "venv", "--without-pip", ".venv", cwd=tmp_path)
    run(POETRY, "lock", cwd=tmp_path)
    assert (tmp_path / "poetry.lock").read_bytes() == files["poetry.lock"]
    make_stale(tmp_path)
    run(POETRY, "lock", cwd=tmp_path)
    assert (tmp_path / "poetry.lock").read_bytes() == files["poetry.lock"]


def test_a_lock_is_stored_for_every_set_and_nothing_else() -> None:
    index = json.loads((FOLDER / "index.json").read_text(encoding="utf-8"))
    assert set(index) == {cut(files["poetry.lock"].decode())[1] for _, files in SETS.values()}
    used = {f"{package}.toml" for packages in index.values() for package in packages}
    assert used == {file.name for file in FOLDER.glob("*.toml")}
    assert len(dependency_sets(working_tree())) == len(SETS) == len(index)


def test_storing_the_locks_again_gives_the_same_bytes(tmp_path: Path) -> None:
    store([files["poetry.lock"].decode() for _, files in SETS.values()], tmp_path / "lock")
    assert {file.name: file.read_bytes() for file in (tmp_path / "lock").iterdir()} == {
        file.name: file.read_bytes() for file in FOLDER.iterdir()
    }


def test_locking_from_nothing_twice_gives_the_same_bytes() -> None:
    pyproject = working_tree().render({})["pyproject.toml"].decode()
    assert fresh_lock(pyproject) == fresh_lock(pyproject)


def test_fresh_uploads_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ruff is released every week or two: what was there 90 days ago is older than what is there now."""
    pyproject = working_tree().render({})["pyproject.toml"].decode().replace("ruff>=0.17,<0.18", "ruff>=0.1")

    def ruff(cool_off: int) -> list[int]:
        monkeypatch.setattr("extensions.lock.COOL_OFF", cool_off)
        packages = tomllib.loads(fresh_lock(pyproject))["package"]
        return next([*map(int, package["version"].split("."))] for package in packages if package["name"] == "ruff")

    assert ruff(90) < ruff(0)


def test_failure_to_lock_is_told_in_poetrys_words(tmp_path: Path) -> None:
    files = working_tree().render({})
    write({"pyproject.toml": files["pyproject.toml"].replace(b"pytest>=9,<10", b"pytest>=9999")}, tmp_path)
    with pytest.raises(RuntimeError, match=r"(?s)poetry lock failed.*pytest \(>=9999\)"):
        poetry_lock(tmp_path)
    assert not (tmp_path / "poetry.lock").exists()


def test_a_description_with_the_delimiters_of_jinja_is_kept() -> None:
    text = '[[package]]\nname = "x"\nversion = "1"\ndescription = "{{ x }} {% y %}"\n'
    assert working_tree().environment.from_string(escape(text)).render() == text
    assert package_file(text).startswith("x-1-")


def test_update_bots_can_read_the_requirements() -> None:
    """Renovate and Dependabot find requirements files by their names, and the template one requirement a line."""
    files = sorted((ROOT / "extensions/dependencies").iterdir())
    assert len(files) == 8
    for file in files:
        assert re.fullmatch(r"[\w-]*requirements([-._]\w+)?\.(txt|pip)", file.name)
        for line in file.read_text(encoding="utf-8").splitlines():
            assert Requirement(line).specifier
            assert " " not in line
