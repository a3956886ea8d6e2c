"""`copier update`, from every release to the working tree, of repositories that nobody and that somebody has edited."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
import yaml

from extensions.template import PARTS, ROOT, Answers, Files, copy_parts
from tests.support import COPIER, KINDS, POETRY, committed, read, run, write

NEXT = "v9999"
"""What the working tree is called among the releases."""

MARKERS = re.compile(rb"(?m)^(<<<<<<<|>>>>>>>) ")


@cache
def releases() -> dict[str, str]:
    """Return the commit of each release by its tag: the commits that changed the version, the oldest first."""
    commits = run("git", "log", "--reverse", "--format=%H", "-G^version = ", "--", "pyproject.toml", cwd=ROOT).split()
    texts = {commit: run("git", "show", f"{commit}:pyproject.toml", cwd=ROOT) for commit in commits}
    return {f"v{tomllib.loads(text)['project']['version']}": commit for commit, text in texts.items()}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a repository of the template with its releases, and with the working tree as the next one."""
    folder = tmp_path_factory.mktemp("template") / "copier-poetry-docker"
    run("git", "clone", "--quiet", ROOT, folder)
    for tag, commit in releases().items():
        run("git", "tag", "--force", tag, commit, cwd=folder)
    release(folder, NEXT, ROOT)
    return folder


def release(repository: Path, tag: str, source: Path) -> None:
    """Commit the template of a folder as a release of a repository."""
    for part in PARTS:
        place = repository / part
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    copy_parts(source, repository)
    run("git", "add", "--all", cwd=repository)
    run("git", "commit", "--quiet", "--allow-empty", f"--message={tag}", cwd=repository)
    run("git", "tag", tag, cwd=repository)


def copy(template: Path, tag: str, answers: Answers, folder: Path) -> Files:
    """Return what the command makes of a release of the template."""
    data = [f"--data={key}={value}" for key, value in answers.items()]
    run(COPIER, "copy", "--quiet", "--defaults", f"--vcs-ref={tag}", *data, template, folder)
    return read(folder)


def update(project: Path, tag: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Update as bots do: without a question, and without trust."""
    command = [COPIER, "update", "--skip-answered", "--defaults", f"--vcs-ref={tag}", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def updated(project: Path, tag: str) -> Files:
    """Return the files of a project after an update, which is committed."""
    result = update(project, tag)
    assert result.returncode == 0, result.stderr
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--quiet", "--message=Update", cwd=project)
    return read(project)


def known(project: Path) -> Answers:
    """Return the answers that a project records."""
    text = (project / ".copier-answers.yml").read_text(encoding="utf-8")
    return {key: value for key, value in yaml.safe_load(text).items() if not key.startswith("_")}


def test_the_changelog_has_every_release() -> None:
    """Of a history that is cut off, this tells what is missing."""
    told = re.findall(r"(?m)^## (\d+\.\d+\.\d+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert [f"v{version}" for version in reversed(told)] == list(releases())


@pytest.mark.parametrize("installer", ["pip", "poetry"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tag", releases())
def test_what_nobody_edited_becomes_what_the_new_release_makes(
    tag: str, kind: str, installer: str, template: Path, tmp_path: Path
) -> None:
    """At once, and through each release between."""
    tags = [*releases(), NEXT]
    answers = {"project_type": kind, "project_name": "data-tool", "installer": installer}
    old = copy(template, tag, answers, tmp_path / "old")
    direct, hopping = committed(old, tmp_path / "direct"), committed(old, tmp_path / "hopping")
    files = updated(direct, NEXT)
    for hop in tags[tags.index(tag) + 1 :]:
        assert run("git", "status", "--porcelain", cwd=hopping) == ""
        updated(hopping, hop)
    assert files == read(hopping) == copy(template, NEXT, known(direct), tmp_path / "new")
