"""Releases of the template, repositories that were generated from them, and what people do in these.

A release is a commit that changes the version in pyproject.toml.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml
from pathspec import GitIgnoreSpec

from tests.kit.commands import COPIER, POETRY, read, run
from tools.history import releases
from tools.render.template import PARTS, Answers, Files, copy_parts
from tools.repository import ROOT

NEXT = "v9999"
"""What the working tree is called among the releases."""

AFTER = "v10000"
"""A release after the working tree, for what no release has done yet."""

EDITS = ROOT / "tests/kit/edits"
"""What people do between two updates, as they would type it.

`$CODE` is the folder of the code, `$FILE` the example in it, and `$TEST` its test.
"""

PLACES = {
    "package": {"CODE": "src/data_tool", "FILE": "src/data_tool/cli.py", "TEST": "tests/test_cli.py"},
    "service": {"CODE": "src/data_tool", "FILE": "src/data_tool/app.py", "TEST": "tests/test_app.py"},
    "environment": {"CODE": "scripts", "FILE": "scripts/summary.py", "TEST": "tests/test_summary.py"},
}

APART = {"renamed", "reformatted"}
"""Edits of the files that others edit."""

WORK = sorted({file.stem for file in EDITS.iterdir()} - APART)

EDITED: Answers = {"project_name": "data-tool", "python_version": "3.11"}

OWNERSHIP = yaml.safe_load((ROOT / "extensions/ownership.yml").read_text(encoding="utf-8"))


def owner(path: str) -> str:
    """Return whose a file is."""
    [found] = {name for name, patterns in OWNERSHIP.items() if GitIgnoreSpec.from_lines(patterns).match_file(path)}
    return str(found)


MARKERS = re.compile(rb"(?m)^(<<<<<<<|>>>>>>>) ")


def with_releases(folder: Path) -> Path:
    """Make a repository of the template with its releases, and with the working tree as the next one."""
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
    command: list[str | Path] = [COPIER, "update", "--skip-answered", "--defaults", f"--vcs-ref={tag}", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def updated(project: Path, tag: str, *arguments: str) -> Files:
    """Return the files of a project after an update, which is committed."""
    result = update(project, tag, *arguments)
    assert result.returncode == 0, result.stderr
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--quiet", "--allow-empty", "--message=Update", cwd=project)
    return read(project)


def known(project: Path) -> Answers:
    """Return the answers that a project records."""
    text = (project / ".copier-answers.yml").read_text(encoding="utf-8")
    return {key: value for key, value in yaml.safe_load(text).items() if not key.startswith("_")}


@dataclass(frozen=True)
class Edited:
    """A repository with an edit that is committed."""

    project: Path
    added: dict[str, set[str]]
    deleted: set[str]


def edited(project: Path, kind: str, *edits: str) -> Edited:
    """Make edits in a repository, and note which lines they add to which files, and which files are gone."""
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
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--quiet", "--message=Edits", cwd=project)
    diff = run("git", "show", "--unified=0", "--format=", "--no-renames", cwd=project)
    added: dict[str, set[str]] = {}
    for line in diff.splitlines():
        if line.startswith("+++ "):
            lines = added.setdefault(line.removeprefix("+++ b/"), set())
        elif line.startswith("+"):
            lines.add(line[1:])
    return Edited(project, {path: lines for path, lines in added.items() if lines}, before - set(read(project)))


def check(edit: Edited, files: Files) -> None:
    """Hold the files after an update to what is promised to those who edit."""
    for path, lines in edit.added.items():
        assert lines <= set(files[path].decode().splitlines()) or path == "poetry.lock", path
    assert not edit.deleted & files.keys()
    for path, content in files.items():
        if MARKERS.search(content):
            assert owner(path) != "yours", path
            if owner(path) == "shared":
                assert regions(content.decode()) <= set(OWNERSHIP["shared"][path]), path
    assert not [path for path in files if path.endswith((".rej", ".orig"))]


def regions(text: str) -> set[str]:
    """Return where in pyproject.toml something is marked: the table, and in the project's the key."""
    table, key, inside, found = "", "", False, set()
    for line in text.splitlines():
        if match := re.match(r"\[+([\w-]+)", line):
            table = match[1]
        elif match := re.match(r"([\w-]+) = ", line):
            key = match[1]
        inside = (inside or line.startswith("<<<<<<< ")) and not line.startswith(">>>>>>> ")
        if inside:
            found.add(f"project.{key}" if table == "project" else table)
    return found


def successor(template: Path, folder: Path, change: Callable[[Path], object]) -> Path:
    """Return a copy of the template's repository, with one more release."""
    repository = shutil.copytree(template, folder / "template")
    source = folder / "source"
    source.mkdir()
    copy_parts(ROOT, source)
    change(source)
    release(repository, AFTER, source)
    return repository


def replace(file: Path, old: str, new: str) -> None:
    """Replace what is in a file once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def small_template(folder: Path) -> Path:
    """Make a repository of the template with two releases."""
    folder.mkdir()
    copy_parts(ROOT, folder)
    git = "git init --quiet && git add --all && git commit --quiet --message=First && git tag v0.1.0"
    run("sh", "-c", git, cwd=folder)
    file = folder / "template/.editorconfig"
    file.write_text(file.read_text(encoding="utf-8") + "\n# Newer.\n", encoding="utf-8")
    run("sh", "-c", "git commit --quiet --all --message=Second && git tag v0.2.0", cwd=folder)
    return folder


def tagged(repository: Path, tag: str) -> None:
    """Make a release of a repository in which nothing changes."""
    run("git", "commit", "--quiet", "--allow-empty", f"--message={tag}", cwd=repository)
    run("git", "tag", tag, cwd=repository)
