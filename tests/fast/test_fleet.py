"""The fleet report without generated repositories: broken answers files, shared files, and the page."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.kit.commands import run, write
from tools.clone import ANSWERS
from tools.docs.markdown import code_blocks
from tools.fleet.command import repositories, row, standings, table
from tools.fleet.standing import Standing, contains, same
from tools.repository import ROOT

NO_RELEASE = f"{ANSWERS} names no release in _commit."
UNKNOWN = "Run `git fetch --tags`: v7.0.0 is unknown here. Or it is of another template, gh:a/b."

BROKEN = {
    b"": NO_RELEASE,
    b"a: [": f"{ANSWERS} is not YAML.",
    b"\xff": f"{ANSWERS} is not YAML.",
    b"project_type: !!bool x\n": f"{ANSWERS} is not YAML.",
    b"project_type: 2026-13-45\n": f"{ANSWERS} is not YAML.",
    b"- v0.1.0\n": NO_RELEASE,
    b"_commit: 1.0\nproject_type: package\n": NO_RELEASE,
    b"_commit: v7.0.0\n_src_path: gh:a/b\nproject_type: package\n": UNKNOWN,
    b"_commit: v7.0.0\nproject_type: package\n": "Run `git fetch --tags`: v7.0.0 is unknown here.",
    b"_commit: --all\nproject_type: package\n": "Run `git fetch --tags`: --all is unknown here.",
    b'_commit: "a\\0b"\nproject_type: package\n': NO_RELEASE,
    b"_commit: ':/x'\nproject_type: package\n": NO_RELEASE,
    b"_commit: v0.1.0\n_src_path: gh:a/b\nname: x\n": "It is of another template, gh:a/b.",
    b"_commit: v0.1.0\nproject_type: package\nmascot: cat\n": "v0.1.0 has no question mascot.",
    b"_commit: v0.1.0\nproject_type: [x]\n": "The drift is unknown: ",
    b"_commit: v0.1.0\nproject_type: package\nproject_name: a+b\n": (
        "The drift is unknown: Validation error for question 'project_name': "
    ),
}
"""The problems of broken answers files."""


def test_the_problem_of_a_broken_answers_file_is_one_sentence(template: Path, tmp_path: Path) -> None:
    folders = [write({ANSWERS: content}, tmp_path / str(number)) for number, content in enumerate(BROKEN)]
    for problem, found in zip(BROKEN.values(), standings(folders, template, processes=1), strict=True):
        assert (found.problem or "").startswith(problem)
        assert "\n" not in (found.problem or "")
        assert found.drift is None


def test_the_problem_of_a_missing_answers_file(template: Path, tmp_path: Path) -> None:
    (tmp_path / "folder" / ANSWERS).mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    found = standings([tmp_path / name for name in ("empty", "none", "folder")], template, processes=1)
    assert [one.problem for one in found] == [
        f"{ANSWERS} is missing.",
        "The folder is missing.",
        f"{ANSWERS} is no regular file.",
    ]


def test_a_commit_without_a_template(template: Path, tmp_path: Path) -> None:
    run("git", "clone", "--quiet", template, tmp_path / "template")
    run("git", "rm", "--quiet", "-r", "template", cwd=tmp_path / "template")
    run("git", "commit", "--quiet", "--message=None", cwd=tmp_path / "template")
    commit = run("git", "rev-parse", "HEAD", cwd=tmp_path / "template").strip()
    project = write({ANSWERS: f"_commit: {commit}\nproject_type: package\n".encode()}, tmp_path / "project")
    [found] = standings([project], tmp_path / "template", processes=1)
    assert found.problem == "It is of another template, None."


@pytest.mark.parametrize(
    ("current", "equal"),
    [
        ('[project]\ndependencies = ["a", "mine"]\nversion = "2"\n[tool.x]\ny = 1\nz = 2\n[tool.mine]\n', True),
        ('[project]\ndependencies = ["mine"]\n[tool.x]\ny = 1\n', False),
        ('[project]\ndependencies = ["a"]\n[tool.x]\ny = 2\n', False),
        ('[project]\ndependencies = ["a"]\n', False),
        ("tool = 1\n", False),
        ("<<<<<<< before\n", False),
    ],
)
def test_only_the_templates_parts_of_a_shared_file_count(current: str, equal: bool) -> None:
    rendered = b'[project]\ndependencies = ["a"]\nversion = "1"\n[tool.x]\ny = 1\n'
    assert same("pyproject.toml", rendered, current.encode()) == equal


def test_users_may_add_keys_and_items() -> None:
    assert contains({"a": [2, 1], "b": {"c": 1, "d": 2}, "e": 1}, {"a": [1], "b": {"c": 1}})
    assert not contains({"a": {"1": 1}}, {"a": [1]})
    assert not contains({"a": [1]}, {"a": [1], "b": 1})


def test_places_are_repositories_folders_and_lists(tmp_path: Path) -> None:
    for name in ("all/b/.git", "all/a", "one/.git", "listed"):
        (tmp_path / name).mkdir(parents=True)
    write({"all/file": b"", "list": f"# Ours.\n\n  {tmp_path}/listed\n{tmp_path}/none\n".encode()}, tmp_path)
    places = [tmp_path / name for name in ("all", "one", "list")]
    expected = ["all/a", "all/b", "one", "listed", "none"]
    assert repositories(places) == [tmp_path / name for name in expected]


def page(language: str, content: str) -> str:
    """Return the code block of docs/fleet.md with some content."""
    [found] = [
        block
        for block in code_blocks((ROOT / "docs/fleet.md").read_text(encoding="utf-8"), language)
        if content in block
    ]
    return found


def test_the_page_shows_the_table() -> None:
    shown = page("", "repositories: ")
    standing = Standing(
        "../clones/billing", "v0.2.0", 0, {".dockerignore": "missing", "Dockerfile": "changed"}, {}, None
    )
    assert shown.splitlines()[1].split(maxsplit=3) == row(standing)
    heads, *_, summary = table([], "v0.2.0").splitlines()
    assert shown.splitlines()[0].split() == heads.split()
    assert re.sub(r"\b\d+ ", "0 ", shown.splitlines()[-1]) == summary


def test_the_page_shows_the_keys_of_the_json() -> None:
    shown = json.loads(page("json", "newest"))
    assert list(shown) == ["newest", "repositories"]
    assert [list(one) for one in shown["repositories"]] == [list(asdict(Standing("")))]


def test_renovate_accepts_the_configuration_of_the_page(tmp_path: Path) -> None:
    write({"renovate.json": page("json", "packageRules").encode()}, tmp_path)
    run(ROOT / ".venv/bin/check-jsonschema", "--builtin-schema=vendor.renovate", tmp_path / "renovate.json")
