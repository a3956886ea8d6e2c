"""The report on many repositories, of repositories of several releases with edits, and of what is none."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy

from tests.kit.answers import KINDS
from tests.kit.commands import COPIER, committed, read, run, write
from tests.kit.rehearsal import AFTER, NEXT, copy, edited, replace, successor
from tools.fleet.command import ANSWERS, Standing, holds, repositories, same, standings, tags
from tools.render.template import ROOT, Answers

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def fleet(template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give repositories of all releases, some of them edited, by what is told of them."""
    folder = tmp_path_factory.mktemp("fleet")

    def made(name: str, tag: str, kind: str = "package", **answers: Any) -> Path:
        data: Answers = {"project_name": "data-tool", "project_type": kind, **answers}
        run_copy(str(template), folder / f"{name}-made", data, vcs_ref=tag, defaults=True, quiet=True)
        return committed(read(folder / f"{name}-made"), folder / name)

    found = {
        "untouched": made("untouched", NEXT, docs=True),
        "old": made("old", "v0.1.0", command_name="greet", license="Apache-2.0"),
        "service": made("service", "v0.2.0", "service"),
        "environment": made("environment", "v0.1.0", "environment"),
        "yours": made("yours", NEXT),
    }
    edited(found["service"], "service", "dockerfile", "debian-package", "deleted", "job", "readme")
    edited(found["environment"], "environment", "deleted", "modules", "settings", "version")
    edited(found["yours"], "package", "ignored", "modules", "readme", "renamed", "scripts", "settings", "version")
    return found


def of(project: Path, template: Path) -> dict[str, Any]:
    """Return what is told of a repository, but its path."""
    [standing] = standings([project], template, at_once=1)
    assert standing.path == str(project)
    return {key: value for key, value in asdict(standing).items() if key != "path"}


def told(release: str, behind: int, drift: dict[str, str] | None = None) -> dict[str, Any]:
    """Return what is told of a repository without problems."""
    return {"release": release, "behind": behind, "drift": drift or {}, "refused": {}, "problem": None}


def test_each_repository_is_told_exactly(fleet: dict[str, Path], template: Path) -> None:
    """The template's files that are not as they were, and no edit of what is the user's."""
    expected = {
        "untouched": told(NEXT, 0),
        "old": told("v0.1.0", 2),
        "service": told(
            "v0.2.0",
            1,
            {".dockerignore": "missing", ".github/workflows/ci.yml": "changed", "Dockerfile": "changed"},
        ),
        "environment": told("v0.1.0", 2, {".dockerignore": "missing"}),
        "yours": told(NEXT, 0),
    }
    before = {name: run("git", "status", "--porcelain", cwd=project) for name, project in fleet.items()}
    contents = {name: read(project) for name, project in fleet.items()}
    for name, project in fleet.items():
        assert of(project, template) == expected[name], name
    assert {name: read(project) for name, project in fleet.items()} == contents
    assert {name: run("git", "status", "--porcelain", cwd=project) for name, project in fleet.items()} == before


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_command_makes_has_not_drifted(kind: str, template: Path, tmp_path: Path) -> None:
    """With answers that are no defaults, on GitLab."""
    answers = {"project_type": kind, "repository_host": "gitlab", "package_index": "private", "installer": "poetry"}
    files = copy(
        template, NEXT, answers | {"author_name": 'Ada "L" {{ y }} 日本 😀', "license": "Proprietary"}, tmp_path / "old"
    )
    assert of(write(files, tmp_path / "new"), template) == told(NEXT, 0)


def test_what_is_between_two_releases_is_told(template: Path, tmp_path: Path) -> None:
    """As `git describe` says it: behind what was released since, and not behind what was there."""
    run("git", "clone", "--quiet", template, tmp_path / "template")
    run("git", "commit", "--quiet", "--allow-empty", "--message=More", cwd=tmp_path / "template")
    files = copy(tmp_path / "template", "HEAD", {}, tmp_path / "old")
    described = run("git", "describe", "--tags", cwd=tmp_path / "template").strip()
    project = write(files, tmp_path / "new")
    assert of(project, tmp_path / "template") == told(described, 0)
    assert described.startswith(f"{NEXT}-1-g")
    run("git", "tag", AFTER, cwd=tmp_path / "template")
    run("git", "commit", "--quiet", "--allow-empty", "--message=More", cwd=tmp_path / "template")
    run("git", "tag", "v10001", cwd=tmp_path / "template")
    assert tags(tmp_path / "template") == ["v0.1.0", "v0.2.0", NEXT, AFTER, "v10001"]
    assert of(project, tmp_path / "template")["behind"] == 1


def test_answers_that_are_not_accepted_any_more_are_told(
    fleet: dict[str, Path], template: Path, tmp_path: Path
) -> None:
    """A choice that is gone, and a text that is refused by now."""

    def change(source: Path) -> None:
        replace(source / "copier.yml", "choices: [MIT, Apache-2.0, ", "choices: [MIT, ")
        replace(
            source / "copier.yml",
            "{{ command_name_error(command_name)",
            "{{ 'Type another.' if command_name == 'greet' else command_name_error(command_name)",
        )

    repository = successor(template, tmp_path, change)
    found = of(fleet["old"], repository)
    assert found["behind"] == 3
    assert found["drift"] == {}
    assert set(found["refused"]) == {"license", "command_name"}
    assert "'Apache-2.0' is not in ['MIT', " in found["refused"]["license"]
    assert "Type another." in found["refused"]["command_name"]


BROKEN = {
    b"": "does not say which release it is of",
    b"a: [": "is not YAML",
    b"\xff": "is not YAML",
    b"- v0.1.0\n": "does not say which release it is of",
    b"_commit: 1.0\n": "does not say which release it is of",
    b"_commit: v7.0.0\n_src_path: gh:a/b\n": "v7.0.0 is not known here: run `git fetch --tags`, or it is of another template, gh:a/b.",
    b"_commit: --all\n": "--all is not known here",
    b"_commit: v0.1.0\n_src_path: gh:a/b\nname: x\n": "It is of another template, gh:a/b.",
    b"_commit: v0.1.0\nproject_type: package\nmascot: cat\n": "v0.1.0 has no question mascot.",
    b"_commit: v0.1.0\nproject_type: [x]\n": "The drift cannot be told: ",
    b"_commit: v0.1.0\nproject_type: package\nproject_name: a+b\n": "The drift cannot be told: Validation error for question 'project_name': Type a name",
}
"""Answers files of which nothing can be told, and what is said."""


@pytest.mark.parametrize("content", BROKEN)
def test_what_cannot_be_told_is_said_in_a_sentence(content: bytes, template: Path, tmp_path: Path) -> None:
    found = of(write({ANSWERS: content}, tmp_path), template)
    assert BROKEN[content] in found["problem"]
    assert "\n" not in found["problem"]
    assert found["drift"] is None


def test_an_answer_that_no_release_takes_is_told(fleet: dict[str, Path], template: Path, tmp_path: Path) -> None:
    """As somebody has typed it into the answers file."""
    project = Path(shutil.copytree(fleet["old"], tmp_path / "altered"))
    replace(project / ANSWERS, "license: Apache-2.0", "license: WTFPL")
    replace(project / ANSWERS, "author_name: ''", "author_name: null")
    found = of(project, template)
    assert set(found["refused"]) == {"license", "author_name"}
    assert "'WTFPL' is not in" in found["refused"]["license"]
    assert found["behind"] == 2
    assert found["drift"] is None
    assert found["problem"].startswith("The drift cannot be told: ")


def test_a_folder_without_answers_is_told(template: Path, tmp_path: Path) -> None:
    (tmp_path / "folder" / ANSWERS).mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    assert of(tmp_path / "empty", template)["problem"] == f"There is no {ANSWERS}."
    assert of(tmp_path / "none", template)["problem"] == "There is no such folder."
    assert of(tmp_path / "folder", template)["problem"] == f"{ANSWERS} cannot be read: Is a directory."


def test_a_commit_without_a_template_is_told(template: Path, tmp_path: Path) -> None:
    run("git", "clone", "--quiet", template, tmp_path / "template")
    run("git", "rm", "--quiet", "-r", "template", cwd=tmp_path / "template")
    run("git", "commit", "--quiet", "--message=None", cwd=tmp_path / "template")
    commit = run("git", "rev-parse", "HEAD", cwd=tmp_path / "template").strip()
    project = write({ANSWERS: f"_commit: {commit}\nproject_type: package\n".encode()}, tmp_path / "project")
    assert of(project, tmp_path / "template")["problem"] == "It is of another template, None."


@pytest.mark.parametrize(
    ("there", "holds_it"),
    [
        ('[project]\ndependencies = ["a", "mine"]\nversion = "2"\n[tool.x]\ny = 1\nz = 2\n[tool.mine]\n', True),
        ('[project]\ndependencies = ["mine"]\n[tool.x]\ny = 1\n', False),
        ('[project]\ndependencies = ["a"]\n[tool.x]\ny = 2\n', False),
        ('[project]\ndependencies = ["a"]\n', False),
        ("tool = 1\n", False),
        ("<<<<<<< before\n", False),
    ],
)
def test_of_a_shared_file_only_the_templates_parts_count(there: str, holds_it: bool) -> None:
    made = b'[project]\ndependencies = ["a"]\nversion = "1"\n[tool.x]\ny = 1\n'
    assert same("pyproject.toml", made, there.encode()) == holds_it


def test_places_are_repositories_folders_of_them_and_lists(tmp_path: Path) -> None:
    for name in ("all/b/.git", "all/a", "one/.git", "listed"):
        (tmp_path / name).mkdir(parents=True)
    write({"all/file": b"", "list": f"# Ours.\n\n  {tmp_path}/listed\n{tmp_path}/none\n".encode()}, tmp_path)
    places = [tmp_path / name for name in ("all", "one", "list")]
    expected = ["all/a", "all/b", "one", "listed", "none"]
    assert repositories(places) == [tmp_path / name for name in expected]


def report(template: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command in the template's repository, for somebody who has defaults for all that they generate."""
    command = [sys.executable, "-m", "tools.fleet.command", *arguments]
    settings = (
        write({"settings.yml": b"defaults: {license: Proprietary, docs: true}\n"}, template.parent) / "settings.yml"
    )
    environment = {**os.environ, "COPIER_SETTINGS_PATH": str(settings)}
    return subprocess.run(command, cwd=template, env=environment, capture_output=True, text=True, check=False)


def test_the_report_is_a_table_or_json(fleet: dict[str, Path], template: Path, tmp_path: Path) -> None:
    """From several processes, which tell the same as one."""
    write({"list": "".join(f"{path}\n" for path in [*fleet.values(), tmp_path]).encode()}, tmp_path)
    result = report(template, tmp_path / "list")
    assert result.returncode == 0, result.stderr
    lines = [line.split(maxsplit=3) for line in result.stdout.splitlines()]
    assert lines[0] == ["repository", "release", "behind"]
    assert lines[1] == [str(fleet["untouched"]), NEXT, "0"]
    drifted = "drifted: .dockerignore (missing), .github/workflows/ci.yml, Dockerfile"
    assert lines[3] == [str(fleet["service"]), "v0.2.0", "1", drifted]
    assert lines[6] == [str(tmp_path), "-", "-", f"There is no {ANSWERS}."]
    said = f"3 behind {NEXT}, 2 drifted, 0 with answers that are not accepted, 1 with a problem"
    assert result.stdout.endswith(f"\n\n6 repositories: {said}.\n")
    found = json.loads(report(template, "--json", tmp_path / "list").stdout)
    assert found["newest"] == NEXT
    assert found["repositories"] == [asdict(one) for one in standings([*fleet.values(), tmp_path], template, 1)]
    result = report(template, tmp_path / "nowhere")
    assert result.returncode == 2
    assert result.stderr.endswith(f"{tmp_path}/nowhere: No such file or directory\n")


def test_what_was_added_is_not_what_was_made() -> None:
    assert holds({"a": [1], "b": {"c": 1}}, {"a": [2, 1], "b": {"c": 1, "d": 2}, "e": 1})
    assert not holds({"a": [1]}, {"a": {"1": 1}})


def blocks(language: str) -> list[str]:
    """Return the blocks of docs/fleet.md in a language."""
    page = (ROOT / "docs/fleet.md").read_text(encoding="utf-8")
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", page)


def test_the_shape_that_the_page_shows_is_that_of_the_report() -> None:
    [shown] = [json.loads(block) for block in blocks("json") if "newest" in block]
    assert list(shown) == ["newest", "repositories"]
    assert [list(one) for one in shown["repositories"]] == [list(asdict(Standing("")))]


def test_renovate_knows_the_configuration_of_the_page(tmp_path: Path) -> None:
    [config] = [block for block in blocks("json") if "packageRules" in block]
    write({"renovate.json": config.encode()}, tmp_path)
    run(ROOT / ".venv/bin/check-jsonschema", "--builtin-schema=vendor.renovate", tmp_path / "renovate.json")


def test_the_program_of_the_page_updates_a_repository(fleet: dict[str, Path], template: Path, tmp_path: Path) -> None:
    """In a clone as shallow as multi-gitter's, but for the lock, whose refreshing is tested with the jobs that do it."""
    [program] = [block for block in blocks("sh") if block.startswith("#!/bin/sh\n")]
    run("git", "clone", "--quiet", "--depth=1", f"file://{fleet['old']}", tmp_path / "clone")
    path = f"{COPIER.parent}:{os.environ['PATH']}"
    script = re.sub(r"(?m)^poetry .*$", "", program)
    run("sh", "-c", script, cwd=tmp_path / "clone", env={**os.environ, "PATH": path})
    assert of(tmp_path / "clone", template) == told(NEXT, 0)
    empty = committed({"README.md": b"Another.\n"}, tmp_path)
    with pytest.raises(AssertionError, match="failed"):
        run("sh", "-c", script, cwd=empty, env={**os.environ, "PATH": path})
