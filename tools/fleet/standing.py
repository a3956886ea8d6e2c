"""The standing of a repository: its release, its drift from the template, and its refused answers.

It reads working trees and changes nothing. `extensions/ownership.yml` says which files can drift.
"""

import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tools.history import tags
from tools.ownership import ownership, updated_files
from tools.render.template import PARTS, Answers, Template
from tools.repository import git

ANSWERS = ".copier-answers.yml"


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
    """

    path: str
    release: str | None = None
    behind: int | None = None
    drift: dict[str, str] | None = None
    refused: dict[str, str] | None = None
    problem: str | None = None


@dataclass
class Recorded:
    """The recorded answers of a repository, and the unpacked templates of its release and of the newest one."""

    standing: Standing
    answers: Answers = field(default_factory=dict)
    recorded: Path | None = None
    newest: Path | None = None


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


def read(path: Path, releases: Releases) -> Recorded:
    """Read the answers file of a repository. An unreadable one is a problem in its standing."""
    found = Recorded(Standing(str(path)))
    standing = found.standing
    try:
        answers = yaml.safe_load((path / ANSWERS).read_bytes())
    except FileNotFoundError:
        standing.problem = f"{ANSWERS} is missing." if path.is_dir() else "The folder is missing."
    except OSError as error:
        standing.problem = f"{ANSWERS} is unreadable: {error.strerror}."
    except (yaml.YAMLError, ValueError):
        standing.problem = f"{ANSWERS} is not YAML."
    else:
        if not isinstance(answers, dict) or not isinstance(answers.get("_commit"), str):
            standing.problem = f"{ANSWERS} names no release in _commit."
        else:
            standing.release = answers["_commit"]
            found.answers = {str(key): value for key, value in answers.items()}
            find_templates(found, releases)
    return found


def find_templates(found: Recorded, releases: Releases) -> None:
    """Unpack the template of the recorded commit and that of the newest release."""
    standing = found.standing
    source, commit = found.answers.get("_src_path"), releases.commit(str(standing.release))
    if commit is None:
        standing.problem = (
            f"Run `git fetch --tags`: {standing.release} is unknown here. Or it is of another template, {source}."
        )
        return
    found.recorded = releases.unpacked(commit)
    newest = releases.commit(releases.tags[-1] if releases.tags else "HEAD")
    found.newest = releases.unpacked(newest) if newest else None
    if found.recorded is None or "project_type" not in found.answers:
        standing.problem = f"It is of another template, {source}."
        return
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
    try:
        if unknown := answers.keys() - template(found.recorded).questions.keys():
            standing.problem = f"{standing.release} has no question {', '.join(sorted(unknown))}."
            return standing
        standing.refused = template(found.newest).refused(answers)
        rendered = template(found.recorded).render(answers, updated_files().match_file)
        standing.drift = drift(rendered, Path(standing.path))
    except OSError as error:
        standing.problem = f"{error.filename} is unreadable: {error.strerror}."
    # People edit answers files, so rendering can fail in any way.
    except Exception as error:  # noqa: BLE001
        standing.problem = f"The drift is unknown: {' '.join(str(error).split())}"
    return standing


def drift(rendered: Mapping[str, bytes], project: Path) -> dict[str, str]:
    """Return the files of a project that are missing or differ from the rendered ones."""
    found = {}
    for path, content in sorted(rendered.items()):
        file = project / path
        if not file.is_file():
            found[path] = "missing"
        elif not same(path, content, file.read_bytes()):
            found[path] = "changed"
    return found


def same(path: str, rendered: bytes, current: bytes) -> bool:
    """Return whether a file equals the rendered one. Of a shared file, only the template's parts count."""
    if rendered == current:
        return True
    try:
        if path == ANSWERS:
            # Its commit and its source can differ.
            return answers_of(rendered) == answers_of(current)
        parts = ownership()["shared"].get(path)
        return bool(parts) and all(
            contains(part_of(current.decode(), part), part_of(rendered.decode(), part)) for part in parts
        )
    except ValueError:
        return False


def answers_of(content: bytes) -> Answers:
    """Return the answers in an answers file."""
    return {key: value for key, value in yaml.safe_load(content).items() if not str(key).startswith("_")}


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
        return all(value in current for value in rendered)
    return bool(rendered == current)
