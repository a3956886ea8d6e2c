"""The standing of a repository: its release, its drift from the template, and its refused answers.

It reads working trees and changes nothing. Anyone can have written them: files are read by tools/clone.py, and an error
or a long time is the problem of one repository. `extensions/ownership.yml` says which files can drift.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from tools.clone import ANSWERS, CloneError, answers_files, load_answers, read_file
from tools.fleet.versions import without_versions
from tools.history import tags
from tools.ownership import ownership, updated_files
from tools.render.template import PARTS, Answers, Template
from tools.repository import ROOT, git

COMMIT = re.compile(r"[\w.+/-]{1,200}", re.ASCII)
"""A tag, the hash of a commit, or an output of `git describe`."""

MANY = 10
"""The largest number of answers files that are read in a clone."""

SECONDS = 30
"""The longest time for a step of a repository."""


class SlowCloneError(CloneError):
    """The time for a step of a repository is over."""


@dataclass
class Standing:
    """The standing of a repository.

    Attributes:
        path: The repository.
        release: The recorded release or commit of the template.
        behind: The number of newer releases.
        drift: The template's files that differ from the recorded release: "changed" or "missing".
        refused: The recorded answers that the newest release refuses: the error message by question.
        problem: Why some of this is unknown, in one sentence.
        answers_file: The name of the answers file.
    """

    path: str
    release: str | None = None
    behind: int | None = None
    drift: dict[str, str] | None = None
    refused: dict[str, str] | None = None
    problem: str | None = None
    answers_file: str | None = None


@dataclass
class Recorded:
    """The recorded answers of a repository, and the unpacked templates of its release and of the newest one."""

    standing: Standing
    answers: Answers = field(default_factory=dict)
    recorded: Path | None = None
    newest: Path | None = None

    @property
    def is_foreign(self) -> bool:
        """Whether the answers lack the first question of this template."""
        return bool(self.answers) and "project_type" not in self.answers


def git_or_none(repository: Path, *arguments: str) -> str | None:
    """Return the output of a Git command, or None if it failed."""
    try:
        return git(*arguments, folder=repository).strip()
    except subprocess.CalledProcessError:
        return None


class Releases:
    """The template's commits, each unpacked once.

    Args:
        repository: A clone of the template.
        folder: Where to unpack.
    """

    def __init__(self, repository: Path, folder: Path) -> None:
        """List the releases, oldest first."""
        self.repository, self.folder = repository, folder
        self.tags = tags(repository)
        self.commit = cache(self._commit)
        self.behind = cache(self._behind)
        self.unpacked = cache(self._unpacked)

    def _commit(self, name: str) -> str | None:
        """Return the commit of a tag or of an output of `git describe`."""
        return git_or_none(
            self.repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        )

    def _behind(self, commit: str) -> int:
        """Return the number of releases after the newest one that a commit contains."""
        contained = tags(self.repository, f"--merged={commit}")
        return len(self.tags) - (self.tags.index(contained[-1]) + 1 if contained else 0)

    def _unpacked(self, commit: str) -> Path | None:
        """Return a folder with the template of a commit, or None if the commit has no template."""
        archive, folder = self.folder / f"{commit}.zip", self.folder / commit
        if git_or_none(self.repository, "archive", f"--output={archive}", commit, "--", *PARTS) is None:
            return None
        shutil.unpack_archive(archive, folder)
        return folder


def brief(text: object) -> str:
    """Return a text in one line of limited length."""
    line = " ".join(str(text).split())
    return line if len(line) <= 300 else f"{line[:300]}..."


@contextmanager
def problems_of(standing: Standing) -> Iterator[None]:
    """Make each error, and the end of the time, the problem of a repository."""

    def stop(*_: object) -> None:
        raise SlowCloneError(f"It takes more than {SECONDS} seconds.")

    def report(unraisable: "sys.UnraisableHookArgs") -> None:
        if not isinstance(unraisable.exc_value, SlowCloneError):
            hook(unraisable)

    handler, hook = signal.signal(signal.SIGALRM, stop), sys.unraisablehook
    sys.unraisablehook = report
    # Repeat the signal: Python drops an exception that is raised while it frees an object, and a library can catch it.
    signal.setitimer(signal.ITIMER_REAL, SECONDS, 0.5)
    try:
        yield
    except CloneError as error:
        standing.problem = brief(error)
    except OSError as error:
        standing.problem = brief(f"{error.filename} is unreadable: {error.strerror}.")
    # People edit answers files, so rendering can fail in any way.
    except Exception as error:  # noqa: BLE001
        standing.problem = brief(f"The drift is unknown: {error}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        sys.unraisablehook = hook


def read(path: Path, releases: Releases) -> list[Recorded]:
    """Read the answers files of a repository. Those of other templates count only if there is no other."""
    standing = Standing(str(path))
    names: list[str] = []
    with problems_of(standing):
        try:
            names = answers_files(path)
        except FileNotFoundError:
            raise CloneError("The folder is missing.") from None
        if is_bare(path):
            raise CloneError("Clone it first: it is a bare repository.")
        if not names:
            raise CloneError(f"{ANSWERS} is missing.")
        if len(names) > MANY:
            raise CloneError(f"It has {len(names)} answers files.")
    if standing.problem:
        return [Recorded(standing)]
    found = [read_answers(path, name, releases) for name in names]
    return [one for one in found if len(found) == 1 or not is_other(one, releases)] or found


def is_other(found: Recorded, releases: Releases) -> bool:
    """Return whether the answers are of another template: they lack a question, or have other commits and addresses."""
    other = found.is_foreign
    if found.answers and not other and not found.recorded:
        with problems_of(found.standing):
            source = brief(found.answers.get("_src_path") or "")
            other = bool(template(ROOT).other_template_error("", source, str(releases.repository)))
    return other


def is_bare(path: Path) -> bool:
    """Return whether a folder is a Git repository without a working tree."""
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def read_answers(path: Path, name: str, releases: Releases) -> Recorded:
    """Read an answers file of a repository."""
    found = Recorded(Standing(str(path), answers_file=name))
    with problems_of(found.standing):
        found.answers = load_answers(read_file(path, name), name)
        commit = found.answers.get("_commit")
        if found.is_foreign:
            raise CloneError(f"It is of another template, {found.answers.get('_src_path')}.")
        if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
            raise CloneError(f"{name} names no release in _commit.")
        found.standing.release = commit
        find_templates(found, releases)
    return found


def find_templates(found: Recorded, releases: Releases) -> None:
    """Unpack the template of the recorded commit and that of the newest release."""
    standing = found.standing
    source, commit = found.answers.get("_src_path"), releases.commit(str(standing.release))
    if commit is None:
        raise CloneError(
            f"Run `git fetch --tags`: {standing.release} is unknown here. Or it is of another template, {source}."
        )
    found.recorded = releases.unpacked(commit)
    newest = releases.commit(releases.tags[-1] if releases.tags else "HEAD")
    found.newest = releases.unpacked(newest) if newest else None
    if found.recorded is None:
        raise CloneError(f"It is of another template, {source}.")
    standing.behind = releases.behind(commit)


@cache
def template(folder: Path) -> Template:
    """Return the template in a folder, compiled once in each process."""
    return Template(folder)


def judge(found: Recorded) -> Standing:
    """Add the drift and the refused answers to the standing of a repository."""
    standing = found.standing
    if standing.problem or not found.recorded or not found.newest:
        return standing
    answers = {key: value for key, value in found.answers.items() if not key.startswith("_")}
    name = str(standing.answers_file)
    with problems_of(standing):
        if unknown := answers.keys() - template(found.recorded).questions.keys():
            raise CloneError(f"{standing.release} has no question {', '.join(sorted(unknown))}.")
        refused = template(found.newest).refused(answers)
        standing.refused = {question: brief(reason) for question, reason in refused.items()}
        rendered = template(found.recorded).render(
            answers, lambda path: path == name or updated_files().match_file(path), name
        )
        standing.drift = drift(rendered, Path(standing.path), name)
    return standing


def drift(rendered: Mapping[str, bytes], project: Path, answers_file: str = ANSWERS) -> dict[str, str]:
    """Return the files of a project that are missing or differ from the rendered ones."""
    found = {}
    for path, content in sorted(rendered.items()):
        try:
            current = read_file(project, path)
        except (FileNotFoundError, NotADirectoryError):
            found[path] = "missing"
        except CloneError:
            found[path] = "changed"
        else:
            # The commit and the source of the answers can differ.
            compare = same_answers if path == answers_file else partial(same, path)
            if not compare(content, current):
                found[path] = "changed"
    return found


def same(path: str, rendered: bytes, current: bytes) -> bool:
    """Return whether a file equals the rendered one, apart from versions.

    Of a shared file, only the template's parts count.
    """
    if rendered == current:
        return True
    parts = ownership()["shared"].get(path)
    try:
        texts = current.decode(), rendered.decode()
        if not parts:
            first, second = ([without_versions(line) for line in text.splitlines()] for text in texts)
            return first == second
        return all(contains(*(part_of(text, part) for text in texts)) for part in parts)
    # Deep nesting of TOML exhausts the stack.
    except (ValueError, RecursionError):
        return False


def same_answers(rendered: bytes, current: bytes) -> bool:
    """Return whether two answers files have the same answers."""
    first, second = (
        {key: value for key, value in load_answers(content).items() if not key.startswith("_")}
        for content in (rendered, current)
    )
    return first == second


def part_of(text: str, part: str) -> Any:
    """Return a part of a shared file: a table or a key of TOML, or all lines for `everything`."""
    if part == "everything":
        return text.splitlines()
    found: Any = tomllib.loads(text)
    for key in part.split("."):
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return found


def contains(current: Any, rendered: Any) -> bool:
    """Return whether current data contains all rendered data. Users may add keys and items."""
    if isinstance(rendered, dict) and isinstance(current, dict):
        return all(key in current and contains(current[key], value) for key, value in rendered.items())
    if isinstance(rendered, list) and isinstance(current, list):
        items = [unversioned(value) for value in current]
        return all(unversioned(value) in items for value in rendered)
    return bool(rendered == current)


def unversioned(item: Any) -> Any:
    """Return an item of an array without versions: they are in requirements, which are quoted in the file."""
    return without_versions(json.dumps(item)) if isinstance(item, str) else item
