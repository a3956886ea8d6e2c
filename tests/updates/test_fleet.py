"""The fleet report on generated repositories of several releases, with edits."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from copier import run_copy

from tests.kit.answers import KINDS
from tests.kit.commands import COPIER, committed, read, run, write
from tests.kit.rehearsal import AFTER, NEXT, copy, edited, replace, successor, with_program
from tools.clone import ANSWERS
from tools.docs.markdown import code_blocks
from tools.fleet.command import standings
from tools.history import tags
from tools.render.template import Answers
from tools.repository import ROOT


@pytest.fixture(scope="module")
def fleet(template: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Give repositories of all releases, some of them with edits."""
    folder = tmp_path_factory.mktemp("fleet")

    def generate(name: str, tag: str, kind: str = "package", **answers: Any) -> Path:
        data: Answers = {"project_name": "data-tool", "project_type": kind, **answers}
        run_copy(str(template), folder / f"{name}-generated", data, vcs_ref=tag, defaults=True, quiet=True)
        return committed(read(folder / f"{name}-generated"), folder / name)

    found = {
        "untouched": generate("untouched", NEXT, docs=True),
        "old": generate("old", "v0.1.0", command_name="greet", license="Apache-2.0"),
        "service": generate("service", "v0.2.0", "service"),
        "environment": generate("environment", "v0.1.0", "environment"),
        "yours": generate("yours", NEXT),
    }
    edited(found["service"], "service", "dockerfile", "debian-package", "deleted", "job", "readme")
    edited(found["environment"], "environment", "deleted", "modules", "settings", "version")
    edited(found["yours"], "package", "ignored", "modules", "readme", "renamed", "scripts", "settings", "version")
    return found


def standing_of(project: Path, template: Path) -> dict[str, Any]:
    """Return the standing of a repository without its path."""
    [standing] = standings([project], template, processes=1)
    assert standing.path == str(project)
    return {key: value for key, value in asdict(standing).items() if key not in ("path", "answers_file")}


def standing(release: str, behind: int, drift: dict[str, str] | None = None) -> dict[str, Any]:
    """Return the standing of a repository without problems."""
    return {"release": release, "behind": behind, "drift": drift or {}, "refused": {}, "problem": None}


def test_the_drift_is_exact(fleet: dict[str, Path], template: Path) -> None:
    """It lists changes to the template's files and no changes to the user's. The report changes nothing."""
    expected = {
        "untouched": standing(NEXT, 0),
        "old": standing("v0.1.0", 2),
        "service": standing(
            "v0.2.0",
            1,
            {".dockerignore": "missing", ".github/workflows/ci.yml": "changed", "Dockerfile": "changed"},
        ),
        "environment": standing("v0.1.0", 2, {".dockerignore": "missing"}),
        "yours": standing(NEXT, 0),
    }
    before = {name: run("git", "status", "--porcelain", cwd=project) for name, project in fleet.items()}
    contents = {name: read(project) for name, project in fleet.items()}
    for name, project in fleet.items():
        assert standing_of(project, template) == expected[name], name
    assert {name: read(project) for name, project in fleet.items()} == contents
    assert {name: run("git", "status", "--porcelain", cwd=project) for name, project in fleet.items()} == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_repository_has_no_drift(kind: str, template: Path, tmp_path: Path) -> None:
    """With other answers than the defaults, on GitLab."""
    answers = {"project_type": kind, "repository_host": "gitlab", "package_index": "private", "installer": "poetry"}
    files = copy(
        template, NEXT, answers | {"author_name": 'Ada "L" {{ y }} 日本 😀', "license": "Proprietary"}, tmp_path / "old"
    )
    assert standing_of(write(files, tmp_path / "new"), template) == standing(NEXT, 0)


def test_a_commit_between_two_releases(template: Path, tmp_path: Path) -> None:
    """The answers file records the output of `git describe`."""
    run("git", "clone", "--quiet", template, tmp_path / "template")
    run("git", "commit", "--quiet", "--allow-empty", "--message=More", cwd=tmp_path / "template")
    files = copy(tmp_path / "template", "HEAD", {}, tmp_path / "old")
    described = run("git", "describe", "--tags", cwd=tmp_path / "template").strip()
    project = write(files, tmp_path / "new")
    assert standing_of(project, tmp_path / "template") == standing(described, 0)
    assert described.startswith(f"{NEXT}-1-g")
    run("git", "tag", AFTER, cwd=tmp_path / "template")
    run("git", "commit", "--quiet", "--allow-empty", "--message=More", cwd=tmp_path / "template")
    run("git", "tag", "v10001", cwd=tmp_path / "template")
    assert tags(tmp_path / "template") == ["v0.1.0", "v0.2.0", NEXT, AFTER, "v10001"]
    assert standing_of(project, tmp_path / "template")["behind"] == 1


def test_answers_that_the_newest_release_refuses(fleet: dict[str, Path], template: Path, tmp_path: Path) -> None:
    """A removed choice, and a text with a new rule."""

    def change(source: Path) -> None:
        replace(source / "copier.yml", "choices: [MIT, Apache-2.0, ", "choices: [MIT, ")
        replace(
            source / "copier.yml",
            "{{ command_name_error(command_name)",
            "{{ 'Type another.' if command_name == 'greet' else command_name_error(command_name)",
        )

    repository = successor(template, tmp_path, change)
    found = standing_of(fleet["old"], repository)
    assert found["behind"] == 3
    assert found["drift"] == {}
    assert set(found["refused"]) == {"license", "command_name"}
    assert "'Apache-2.0' is not in ['MIT', " in found["refused"]["license"]
    assert "Type another." in found["refused"]["command_name"]


def test_answers_that_every_release_refuses(fleet: dict[str, Path], template: Path, tmp_path: Path) -> None:
    """As after an edit of the answers file."""
    project = Path(shutil.copytree(fleet["old"], tmp_path / "altered"))
    replace(project / ANSWERS, "license: Apache-2.0", "license: WTFPL")
    replace(project / ANSWERS, "author_name: ''", "author_name: null")
    found = standing_of(project, template)
    assert set(found["refused"]) == {"license", "author_name"}
    assert "'WTFPL' is not in" in found["refused"]["license"]
    assert found["behind"] == 2
    assert found["drift"] is None
    assert found["problem"].startswith("The drift is unknown: ")


def report(template: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command in the template's repository, with settings of Copier that must have no effect."""
    command = [sys.executable, "-m", "tools.fleet.command", *arguments]
    settings = (
        write({"settings.yml": b"defaults: {license: Proprietary, docs: true}\n"}, template.parent) / "settings.yml"
    )
    environment = {**os.environ, "COPIER_SETTINGS_PATH": str(settings)}
    return subprocess.run(command, cwd=template, env=environment, capture_output=True, text=True, check=False)


def test_the_report_is_a_table_or_json(fleet: dict[str, Path], template: Path, tmp_path: Path) -> None:
    """Several processes report the same as one."""
    write({"list": "".join(f"{path}\n" for path in [*fleet.values(), tmp_path]).encode()}, tmp_path)
    repository = with_program(template, tmp_path)
    result = report(repository, tmp_path / "list")
    assert result.returncode == 0, result.stderr
    lines = [line.split(maxsplit=3) for line in result.stdout.splitlines()]
    assert lines[0] == ["repository", "release", "behind"]
    assert lines[1] == [str(fleet["untouched"]), NEXT, "0"]
    drifted = "drifted: .dockerignore (missing), .github/workflows/ci.yml, Dockerfile"
    assert lines[3] == [str(fleet["service"]), "v0.2.0", "1", drifted]
    assert lines[6] == [str(tmp_path), "-", "-", f"{ANSWERS} is missing."]
    summary = f"3 behind {NEXT}, 2 drifted, 0 with refused answers, 1 with a problem"
    assert result.stdout.endswith(f"\n\n6 repositories: {summary}.\n")
    found = json.loads(report(repository, "--json", tmp_path / "list").stdout)
    assert found["newest"] == NEXT
    assert found["repositories"] == [asdict(one) for one in standings([*fleet.values(), tmp_path], template, 1)]
    result = report(repository, tmp_path / "nowhere")
    assert result.returncode == 2
    assert result.stderr.endswith(f"{tmp_path}/nowhere: No such file or directory\n")


def test_the_program_of_the_page_updates_a_repository(fleet: dict[str, Path], template: Path, tmp_path: Path) -> None:
    """In a shallow clone, as multi-gitter makes it. test_bots.py tests `poetry lock`."""
    page = (ROOT / "docs/fleet.md").read_text(encoding="utf-8")
    [program] = [block for block in code_blocks(page) if block.startswith("#!/bin/sh\n")]
    run("git", "clone", "--quiet", "--depth=1", f"file://{fleet['old']}", tmp_path / "clone")
    path = f"{COPIER.parent}:{os.environ['PATH']}"
    script = re.sub(r"(?m)^poetry .*$", "", program)
    run("sh", "-c", script, cwd=tmp_path / "clone", env={**os.environ, "PATH": path})
    assert standing_of(tmp_path / "clone", template) == standing(NEXT, 0)
    empty = committed({"README.md": b"Another.\n"}, tmp_path)
    with pytest.raises(AssertionError, match="failed"):
        run("sh", "-c", script, cwd=empty, env={**os.environ, "PATH": path})
