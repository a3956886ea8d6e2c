"""Releases of the template, repositories that were generated from them, and the edits of their users.

A release is a commit that changes the version in pyproject.toml.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from copier import run_copy, run_update
from pathspec import GitIgnoreSpec

from tests.kit.commands import COPIER, ENVIRONMENT, POETRY, read, run
from tests.kit.pythons import HERE
from tools.fleet.versions import SCRIPT
from tools.history import releases
from tools.ownership import ownership
from tools.render.template import PARTS, Answers, Files, copy_parts
from tools.repository import ROOT

NEXT = "v9999"
"""The tag of the working tree among the releases."""

AFTER = "v10000"
"""The tag of a release after the working tree, for changes that no release has made yet."""

EDITS = ROOT / "tests/kit/edits"
"""Edits of users between two updates, as shell scripts.

`$CODE` is the folder of the code, `$FILE` the example in it, and `$TEST` its test.
"""

PLACES = {
    "package": {"CODE": "src/data_tool", "FILE": "src/data_tool/cli.py", "TEST": "tests/test_cli.py"},
    "service": {"CODE": "src/data_tool", "FILE": "src/data_tool/app.py", "TEST": "tests/test_app.py"},
    "environment": {"CODE": "scripts", "FILE": "scripts/summary.py", "TEST": "tests/test_summary.py"},
}

APART = {"renamed", "reformatted"}
"""Edits that clash with other edits of the same files."""

EDITED: Answers = {"project_name": "data-tool", "python_version": HERE}
"""Answers of a repository in which the edits work."""


@cache
def combined_edits() -> tuple[str, ...]:
    """Return the edits that work together in one repository."""
    return tuple(sorted({file.stem for file in EDITS.iterdir()} - APART))


@cache
def release_tags() -> tuple[str, ...]:
    """Return the tags of the releases, the oldest first."""
    return tuple(releases())


def owner(path: str) -> str:
    """Return the owner of a file: yours, shared or template."""
    [found] = {name for name, patterns in ownership().items() if GitIgnoreSpec.from_lines(patterns).match_file(path)}
    return str(found)


MARKERS = re.compile(rb"(?m)^(<<<<<<<|>>>>>>>) ")


def release_history(folder: Path) -> Path:
    """Make a repository with the parts that Copier reads, of each release and of the working tree as the next one.

    Copier clones it several times for an update. A clone of few folders takes a fifth of the time.
    """
    folder.mkdir()
    run("git", "init", "--quiet", cwd=folder)
    for tag, commit in releases().items():
        with TemporaryDirectory() as source:
            release(folder, tag, extract(commit, Path(source)))
    release(folder, NEXT, ROOT)
    run("git", "gc", "--quiet", cwd=folder)
    return folder


def extract(commit: str, folder: Path) -> Path:
    """Write the parts that Copier reads of a commit into a folder, and return the folder."""
    archive = f"git archive {commit} {' '.join(PARTS)} | tar --extract --directory={folder}"
    run("bash", "-euo", "pipefail", "-c", archive, cwd=ROOT)
    return folder


def with_releases(folder: Path) -> Path:
    """Clone this repository, and tag its releases and the working tree as the next one."""
    run("git", "clone", "--quiet", ROOT, folder)
    for tag, commit in releases().items():
        run("git", "tag", "--force", tag, commit, cwd=folder)
    release(folder, NEXT, ROOT)
    return folder


def with_program(template: Path, folder: Path) -> Path:
    """Return a copy of the template's repository with the programs of the working tree."""
    repository = Path(shutil.copytree(template, folder / "template"))
    shutil.copytree(ROOT / "tools", repository / "tools")
    shutil.copy(ROOT / "pyproject.toml", repository)
    return repository


def release(repository: Path, tag: str, source: Path) -> None:
    """Commit the template of a folder as a release of a repository."""
    for part in PARTS:
        place = repository / part
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    copy_parts(source, repository)
    run("git", "add", "--all", cwd=repository)
    run("git", "commit", "--quiet", "--allow-empty", f"--message={tag}", cwd=repository)
    run("git", "tag", tag, cwd=repository)


def generated(template: Path, tag: str, answers: Answers, folder: Path) -> Files:
    """Return the files of a release of the template, which Copier copies in this process."""
    run_copy(str(template), folder, answers, vcs_ref=tag, defaults=True, quiet=True)
    return read(folder)


def copy(template: Path, tag: str, answers: Answers, folder: Path) -> Files:
    """Return the files of a release of the template, which the command copies."""
    data = [f"--data={key}={value}" for key, value in answers.items()]
    run(COPIER, "copy", "--quiet", "--defaults", f"--vcs-ref={tag}", *data, template, folder)
    return read(folder)


def update(project: Path, tag: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command that bots run: without a question, and without trust."""
    command: list[str | Path] = [COPIER, "update", "--skip-answered", "--defaults", f"--vcs-ref={tag}", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


GUARDED = ("python3", SCRIPT, "update", "--defaults")
"""The command of the task `update`, without a question."""


def guarded_update(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command of the task `update` with some options."""
    command = [*GUARDED, *arguments]
    return subprocess.run(command, cwd=project, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def updated(project: Path, tag: str, **answers: Any) -> Files:
    """Return the files of a project after an update in this process, and commit them.

    Args:
        project: A generated repository.
        tag: The release to update to.
        answers: Answers that change.

    Raises:
        ValueError: Copier refuses an answer.
    """
    run_update(project, answers, vcs_ref=tag, defaults=True, skip_answered=True, overwrite=True, quiet=True)
    run("sh", "-c", "git add --all && git commit --quiet --allow-empty --message=Update", cwd=project)
    return read(project)


def known(project: Path) -> Answers:
    """Return the answers that a project records."""
    text = (project / ".copier-answers.yml").read_text(encoding="utf-8")
    return {key: value for key, value in yaml.safe_load(text).items() if not key.startswith("_")}


@dataclass(frozen=True)
class Edited:
    """A repository with committed edits.

    Attributes:
        project: The repository.
        added: The lines that the edits add to each file.
        deleted: The files that the edits delete.
    """

    project: Path
    added: dict[str, set[str]]
    deleted: set[str]


def edited(project: Path, kind: str, *edits: str) -> Edited:
    """Make edits in a repository, commit them, and return the added lines and deleted files."""
    path = f"{POETRY.parent}:{COPIER.parent}:{os.environ['PATH']}"
    before = set(read(project))
    for edit in edits:
        run(
            "bash",
            "-euc",
            (EDITS / f"{edit}.sh").read_text(encoding="utf-8"),
            cwd=project,
            env={**os.environ, **PLACES[kind], "PATH": path},
        )
    run("sh", "-c", "git add --all && git commit --quiet --message=Edits", cwd=project)
    diff = run("git", "show", "--unified=0", "--format=", "--no-renames", cwd=project)
    added: dict[str, set[str]] = {}
    for line in diff.splitlines():
        if line.startswith("+++ "):
            lines = added.setdefault(line.removeprefix("+++ b/"), set())
        elif line.startswith("+"):
            lines.add(line[1:])
    return Edited(project, {path: lines for path, lines in added.items() if lines}, before - set(read(project)))


def check(edit: Edited, files: Files) -> None:
    """Assert that an update kept the edits and left conflict markers only in lines of the template."""
    for path, lines in edit.added.items():
        assert lines <= set(files[path].decode().splitlines()) or path == "poetry.lock", path
    assert not edit.deleted & files.keys()
    for path, content in files.items():
        if MARKERS.search(content):
            assert owner(path) != "yours", path
            if owner(path) == "shared":
                assert regions(content.decode()) <= set(ownership()["shared"][path]), path
    assert not [path for path in files if path.endswith((".rej", ".orig"))]


def regions(text: str) -> set[str]:
    """Return the tables of pyproject.toml with conflict markers, and the keys in the table of the project."""
    table, key, inside, found = "", "", False, set()
    for line in text.splitlines():
        if match := re.match(r"\[+([\w-]+)", line):
            table = match[1]
        elif match := re.match(r"([\w-]+) = ", line):
            key = match[1]
        begins = line.startswith("<<<<<<< ")
        inside = (inside or begins) and not line.startswith(">>>>>>> ")
        # The line before a conflict has no part in it.
        if inside and not begins:
            found.add(f"project.{key}" if table == "project" else table)
    return found


def choose_template_side(project: Path) -> set[str]:
    """Resolve each conflict with the lines of the template, commit, and return the files that had conflicts."""
    marked = set()
    for path, content in read(project).items():
        if MARKERS.search(content):
            chosen = re.sub(rb"(?ms)^<<<<<<< .*?^=======\n(.*?)^>>>>>>> [^\n]*(\n|\Z)", rb"\1", content)
            (project / path).write_bytes(chosen)
            marked.add(path)
    run("git", "commit", "--quiet", "--allow-empty", "--all", "--message=Resolve", cwd=project)
    return marked


def refresh_lock(project: Path) -> None:
    """Run `poetry lock` and commit, if the lock is stale: test_lock.py shows that it leaves an up-to-date lock as it is."""
    checking: list[str | Path] = [POETRY, "check", "--lock", "--strict"]
    if subprocess.run(checking, cwd=project, capture_output=True, check=False).returncode:
        run(POETRY, "lock", cwd=project)
        run(*checking, cwd=project)
        run("git", "commit", "--quiet", "--allow-empty", "--all", "--message=Lock", cwd=project)


def update_by_hops(edit: Edited, hops: Sequence[str]) -> None:
    """Update a repository with edits through some releases, and resolve conflicts after each."""
    for tag in hops:
        check(edit, updated(edit.project, tag))
        # A resolved conflict ends the edits of its file.
        for path in choose_template_side(edit.project):
            edit.added.pop(path, None)
        refresh_lock(edit.project)


def successor(template: Path, folder: Path, change: Callable[[Path], object]) -> Path:
    """Return a copy of the template's repository with one more release, in which `change` has edited its sources."""
    repository = shutil.copytree(template, folder / "template")
    source = folder / "source"
    source.mkdir()
    copy_parts(ROOT, source)
    change(source)
    release(repository, AFTER, source)
    return repository


def replace(file: Path, old: str, new: str) -> None:
    """Replace a text that is in a file exactly once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def small_template(folder: Path, source: Path = ROOT) -> Path:
    """Make a repository of the template with two releases."""
    folder.mkdir()
    copy_parts(source, folder)
    git = "git init --quiet && git add --all && git commit --quiet --message=First && git tag v0.1.0"
    run("sh", "-c", git, cwd=folder)
    file = folder / "template/.pre-commit-config.yaml.jinja"
    file.write_text(file.read_text(encoding="utf-8") + "\n# Newer.\n", encoding="utf-8")
    run("sh", "-c", "git commit --quiet --all --message=Second && git tag v0.2.0", cwd=folder)
    return folder


def tagged(repository: Path, tag: str) -> None:
    """Make a release of a repository in which nothing changes."""
    run("git", "commit", "--quiet", "--allow-empty", f"--message={tag}", cwd=repository)
    run("git", "tag", tag, cwd=repository)
