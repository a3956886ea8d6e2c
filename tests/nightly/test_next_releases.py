"""Changes that the next release may make, to questions, choices, files and regions. docs/policy.md promises them."""

import shutil
import tomllib
from pathlib import Path

import pytest

from tests.kit.commands import committed, read, run, write
from tests.kit.rehearsal import (
    AFTER,
    NEXT,
    generated,
    known,
    regions,
    release,
    replace,
    successor,
    update,
    updated,
)
from tools.render.template import copy_parts
from tools.repository import ROOT


def test_a_question_is_added(template: Path, tmp_path: Path) -> None:
    """With an `_exclude` entry for a file. If the entry has no default, older repositories cannot be updated."""
    question = "\nmascot:\n  type: bool\n  default: true\n"
    for guard, code in (("mascot | default(false)", 0), ("mascot", 1)):
        folder = tmp_path / str(code)

        def change(source: Path, guard: str = guard) -> None:
            write({"template/MASCOT": b"A cat.\n"}, source)
            replace(
                source / "copier.yml", "_exclude:\n", f"_exclude:\n  - '{{% if not {guard} %}}MASCOT{{% endif %}}'\n"
            )
            replace(source / "extensions/names.jinja", "package_index_url\n", "package_index_url mascot\n")
            replace(
                source / "extensions/names.jinja", '"docker docs devcontainer"', '"docker docs devcontainer mascot"'
            )
            with (source / "copier.yml").open("a", encoding="utf-8") as file:
                file.write(question)

        folder.mkdir()
        repository = successor(template, folder, change)
        project = committed(generated(repository, NEXT, {}, folder / "old"), folder)
        before = read(project)
        result = update(project, AFTER)
        assert (result.returncode != 0) == bool(code)
        assert ("MASCOT" in read(project)) != bool(code)
        assert not code or read(project) == before


@pytest.mark.parametrize("guarded", [True, False])
def test_a_choice_is_retired(guarded: bool, template: Path, tmp_path: Path) -> None:
    """Without the guard, repositories with that answer silently get the default."""

    def change(source: Path) -> None:
        replace(source / "copier.yml", "choices: [MIT, Apache-2.0, ", "choices: [MIT, ")
        if not guarded:
            replace(source / "copier.yml", '{{ lost_error("license", license) }}', "")

    repository = successor(template, tmp_path, change)
    project = committed(generated(repository, NEXT, {"license": "Apache-2.0"}, tmp_path / "old"), tmp_path)
    before = read(project)
    result = update(project, AFTER)
    assert ("Pass --data license=ANSWER: this release does not accept Apache-2.0." in result.stderr) == (guarded)
    assert (read(project) == before) == guarded
    if guarded:
        assert known(project)["license"] == "Apache-2.0"
        assert updated(project, AFTER, license="BSD-3-Clause")["LICENSE"].startswith(b"BSD 3-Clause")
    else:
        assert read(project)["LICENSE"].startswith(b"MIT License")


def test_a_question_is_renamed(template: Path, tmp_path: Path) -> None:
    """The default of the new question reads the recorded answer. A migration would need trust."""
    pet = "\npet:\n  type: str\n  default: cat\n"
    mascot = """
mascot:
  type: str
  default: >-
    {% from "extensions/updates.jinja" import recorded with context -%}
    {{ _external_data.recorded.pet | default("cat") if recorded() else "cat" }}
"""

    def with_question(question: str) -> None:
        replace(source / "extensions/names.jinja", "package_index_url\n", "package_index_url pet mascot\n")
        with (source / "copier.yml").open("a", encoding="utf-8") as file:
            file.write(question)

    for number, question in enumerate((pet, mascot)):
        source = tmp_path / str(number)
        source.mkdir()
        copy_parts(ROOT, source)
        with_question(question)
        if not number:
            repository = Path(shutil.copytree(template, tmp_path / "template"))
        release(repository, f"v1000{number}", source)
    project = committed(generated(repository, "v10000", {"pet": "dog"}, tmp_path / "old"), tmp_path)
    updated(project, "v10001")
    assert known(project)["mascot"] == "dog"
    assert "pet" not in known(project)


def test_a_file_is_moved(template: Path, tmp_path: Path) -> None:
    """The old path of a file of the template is deleted, edited or not. A user's file stays: _exclude names it."""

    def change(source: Path) -> None:
        for old, new in (
            ("poetry.toml", "tools.toml"),
            ("tests/test_cli.py.jinja", "tests/test_hello.py.jinja"),
        ):
            (source / "template" / old).rename(source / "template" / new)
        replace(source / "copier.yml", "_exclude:\n", "_exclude:\n  - tests/test_cli.py\n")

    repository = successor(template, tmp_path, change)
    project = committed(generated(repository, NEXT, {}, tmp_path / "old"), tmp_path)
    for path in ("poetry.toml", "tests/test_cli.py"):
        with (project / path).open("a", encoding="utf-8") as file:
            file.write("# Ours.\n")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
    result = update(project, AFTER)
    assert "git checkout HEAD -- FILE" in result.stderr
    files = read(project)
    assert {"tools.toml", "tests/test_hello.py"} <= files.keys()
    assert b"# Ours." in files["tests/test_cli.py"]
    run("git", "checkout", "HEAD", "--", "poetry.toml", cwd=project)
    assert b"# Ours." in read(project)["poetry.toml"]


def test_a_region_is_rewritten(template: Path, tmp_path: Path) -> None:
    """Edits beside it are merged. Edits in it get conflict markers with both sides."""

    def change(source: Path) -> None:
        replace(
            source / "template/pyproject.toml.jinja",
            'extend-select = ["B", "N", "PT", "RUF", "SIM", "UP"]',
            'select = ["ALL"]\nignore = ["D"]',
        )

    repository = successor(template, tmp_path, change)
    before = generated(repository, NEXT, {"project_name": "data-tool"}, tmp_path / "old")
    beside, inside = committed(before, tmp_path / "beside"), committed(before, tmp_path / "inside")
    for project, old, new in (
        (beside, "show_missing = true", "show_missing = false"),
        (inside, '"UP"]', '"UP", "Y"]'),
    ):
        replace(project / "pyproject.toml", old, new)
        run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
        updated(project, AFTER)
    merged = (beside / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(merged)["tool"]["ruff"]["lint"] == {"select": ["ALL"], "ignore": ["D"]}
    assert "show_missing = false" in merged
    marked = (inside / "pyproject.toml").read_text(encoding="utf-8")
    assert regions(marked) == {"tool"}
    assert '"UP", "Y"]' in marked
    assert 'select = ["ALL"]' in marked
