"""Where repositories that were made from the template stand: `make fleet REPOS=...`.

Nothing in them is changed. docs/fleet.md says how to read the report.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from pathspec import GitIgnoreSpec

from tools.docs.write import OWNERSHIP
from tools.render.template import PARTS, ROOT, Answers, Template

ANSWERS = ".copier-answers.yml"
CORES = os.cpu_count() or 1
RELEASE = re.compile(r"v\d+(\.\d+)*(\.post\d+)?")
OWNED = yaml.safe_load(OWNERSHIP.read_text(encoding="utf-8"))
TEMPLATES = GitIgnoreSpec.from_lines([*OWNED["template"], *OWNED["shared"]])


@dataclass
class Standing:
    """Where a repository stands.

    Attributes:
        path: The repository.
        release: What its answers file records: a release, or a commit.
        behind: How many releases are newer.
        drift: The template's files that are not as the recorded release makes them: "changed" or "missing".
        refused: The questions whose recorded answers the newest release does not accept, each with the reason.
        problem: Why not all of this could be told, in one sentence.
    """

    path: str
    release: str | None = None
    behind: int | None = None
    drift: dict[str, str] | None = None
    refused: dict[str, str] | None = None
    problem: str | None = None


@dataclass
class Recorded:
    """What a repository records, and where the template of that commit and of the newest release are unpacked."""

    standing: Standing
    answers: Answers = field(default_factory=dict)
    made_by: Path | None = None
    newest: Path | None = None


def git(repository: Path, *arguments: str) -> str | None:
    """Return what Git says about a repository, or None where it knows nothing."""
    command = ["git", *arguments]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    return None if result.returncode else result.stdout.strip()


def tags(repository: Path, *options: str) -> list[str]:
    """Return the releases of the template, the oldest first."""
    listed = git(repository, "tag", "--list", "--sort=version:refname", *options) or ""
    return [tag for tag in listed.split() if RELEASE.fullmatch(tag)]


class Releases:
    """The template's commits, each unpacked once.

    Args:
        repository: The template's own repository.
        folder: Where to unpack.
    """

    def __init__(self, repository: Path, folder: Path) -> None:
        """List the releases, the oldest first."""
        self.repository, self.folder = repository, folder
        self.tags = tags(repository)
        self.commit = cache(self._commit)
        self.behind = cache(self._behind)
        self.unpacked = cache(self._unpacked)

    def _commit(self, name: str) -> str | None:
        """Return the commit of a tag, or of what `git describe` has said."""
        return git(self.repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")

    def _behind(self, commit: str) -> int:
        """Return how many releases are newer than the newest that is in a commit."""
        inside = tags(self.repository, f"--merged={commit}")
        return len(self.tags) - (self.tags.index(inside[-1]) + 1 if inside else 0)

    def _unpacked(self, commit: str) -> Path | None:
        """Return a folder with the template of a commit, or None where that is none."""
        archive, place = self.folder / f"{commit}.zip", self.folder / commit
        if git(self.repository, "archive", f"--output={archive}", commit, "--", *PARTS) is None:
            return None
        shutil.unpack_archive(archive, place)
        return place


def read(path: Path, releases: Releases) -> Recorded:
    """Read what a repository records. What cannot be read is told in its standing."""
    found = Recorded(Standing(str(path)))
    standing = found.standing
    try:
        answers = yaml.safe_load((path / ANSWERS).read_bytes())
    except FileNotFoundError:
        standing.problem = f"There is no {ANSWERS}." if path.is_dir() else "There is no such folder."
    except OSError as error:
        standing.problem = f"{ANSWERS} cannot be read: {error.strerror}."
    except (yaml.YAMLError, ValueError):
        standing.problem = f"{ANSWERS} is not YAML."
    else:
        if not isinstance(answers, dict) or not isinstance(answers.get("_commit"), str):
            standing.problem = f"{ANSWERS} does not say which release it is of."
        else:
            standing.release = answers["_commit"]
            found.answers = {str(key): value for key, value in answers.items()}
            find(found, releases)
    return found


def find(found: Recorded, releases: Releases) -> None:
    """Find the template's commit that a repository records, and the newest release."""
    standing = found.standing
    source, commit = found.answers.get("_src_path"), releases.commit(str(standing.release))
    if commit is None:
        standing.problem = (
            f"{standing.release} is not known here: run `git fetch --tags`, or it is of another template, {source}."
        )
        return
    found.made_by = releases.unpacked(commit)
    newest = releases.commit(releases.tags[-1] if releases.tags else "HEAD")
    found.newest = releases.unpacked(newest) if newest else None
    if found.made_by is None or "project_type" not in found.answers:
        standing.problem = f"It is of another template, {source}."
        return
    standing.behind = releases.behind(commit)


@cache
def template(folder: Path) -> Template:
    """Return the template in a folder, compiled once in each process."""
    return Template(folder)


def judge(found: Recorded) -> Standing:
    """Say how a repository differs from what its release makes of its answers, and which of them are not accepted."""
    standing = found.standing
    if standing.problem or not found.made_by or not found.newest:
        return standing
    answers = {key: value for key, value in found.answers.items() if not key.startswith("_")}
    try:
        if unknown := answers.keys() - template(found.made_by).questions.keys():
            standing.problem = f"{standing.release} has no question {', '.join(sorted(unknown))}."
            return standing
        standing.refused = template(found.newest).refused(answers)
        fresh = template(found.made_by).render(answers, TEMPLATES.match_file)
        standing.drift = drift(fresh, Path(standing.path))
    except OSError as error:
        standing.problem = f"{error.filename} cannot be read: {error.strerror}."
    # The answers can be anything that somebody has typed.
    except Exception as error:  # noqa: BLE001
        standing.problem = f"The drift cannot be told: {' '.join(str(error).split())}"
    return standing


def drift(fresh: Mapping[str, bytes], project: Path) -> dict[str, str]:
    """Return the template's files that are not as they were made."""
    found = {}
    for path, content in sorted(fresh.items()):
        file = project / path
        if not file.is_file():
            found[path] = "missing"
        elif not same(path, content, file.read_bytes()):
            found[path] = "changed"
    return found


def same(path: str, made: bytes, there: bytes) -> bool:
    """Return whether a file is as it was made, but for what is the user's in it."""
    if made == there:
        return True
    try:
        if path == ANSWERS:
            # By which commit and from where is no answer.
            return answers_of(made) == answers_of(there)
        return path in OWNED["shared"] and all(
            holds(part_of(made.decode(), part), part_of(there.decode(), part)) for part in OWNED["shared"][path]
        )
    except ValueError:
        return False


def answers_of(content: bytes) -> Answers:
    """Return the answers in an answers file."""
    return {key: value for key, value in yaml.safe_load(content).items() if not str(key).startswith("_")}


def part_of(text: str, part: str) -> Any:
    """Return what is in a part of a shared file: a table or a key of TOML, or all lines."""
    if part == "everything":
        return text.splitlines()
    found: Any = tomllib.loads(text)
    for key in part.split("."):
        found = found.get(key, {}) if isinstance(found, dict) else {}
    return found


def holds(made: Any, there: Any) -> bool:
    """Return whether all that was made is still there; what was added is the user's."""
    if isinstance(made, dict) and isinstance(there, dict):
        return all(key in there and holds(value, there[key]) for key, value in made.items())
    if isinstance(made, list) and isinstance(there, list):
        return all(value in there for value in made)
    return bool(made == there)


def standings(paths: Sequence[Path], repository: Path = ROOT, at_once: int = CORES) -> Iterator[Standing]:
    """Yield where each repository stands, in their order.

    Args:
        paths: The repositories.
        repository: The template's own repository.
        at_once: In how many processes.
    """
    with TemporaryDirectory() as folder:
        found = map(partial(read, releases=Releases(repository, Path(folder))), paths)
        if at_once == 1:
            yield from map(judge, found)
            return
        with ProcessPoolExecutor(at_once) as pool:
            yield from pool.map(judge, found, chunksize=max(1, min(10, len(paths) // at_once)))


def repositories(places: Sequence[Path]) -> list[Path]:
    """List the repositories that places name: each is one, a folder of them, or a file with one a line.

    Raises:
        OSError: There is nothing there.
    """
    found = []
    for place in places:
        if place.is_file():
            lines = map(str.strip, place.read_text(encoding="utf-8").splitlines())
            found += [Path(line) for line in lines if line and not line.startswith("#")]
        elif (place / ANSWERS).exists() or (place / ".git").exists():
            found.append(place)
        else:
            found += sorted(path for path in place.iterdir() if path.is_dir())
    return found


def row(standing: Standing) -> list[str]:
    """Write where a repository stands as a row of the table."""
    changed = [path if how == "changed" else f"{path} ({how})" for path, how in (standing.drift or {}).items()]
    said = [
        *([f"drifted: {', '.join(changed)}"] if changed else []),
        *([f"not accepted: {', '.join(standing.refused)}"] if standing.refused else []),
        *([standing.problem] if standing.problem else []),
    ]
    behind = "-" if standing.behind is None else str(standing.behind)
    return [standing.path, standing.release or "-", behind, "; ".join(said)]


def table(found: Sequence[Standing], newest: str | None) -> str:
    """Write where all repositories stand for people."""
    rows = [["repository", "release", "behind", ""], *map(row, found)]
    widths = [max(len(line[column]) for line in rows) for column in range(3)] + [0]
    lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in rows]
    counts = {
        f"behind {newest or 'nothing, as there is no release'}": sum(bool(one.behind) for one in found),
        "drifted": sum(bool(one.drift) for one in found),
        "with answers that are not accepted": sum(bool(one.refused) for one in found),
        "with a problem": sum(one.problem is not None for one in found),
    }
    said = ", ".join(f"{count} {name}" for name, count in counts.items())
    return "\n".join([*lines, "", f"{len(found)} repositories: {said}."])


def main() -> None:
    """Report on the repositories that the command line names."""
    parser = argparse.ArgumentParser(prog="tools.fleet.command", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("places", nargs="+", type=Path, metavar="PATH", help="repositories, folders or lists of them")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    try:
        paths = repositories(options.places)
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    found, newest = list(standings(paths)), next(reversed(tags(ROOT)), None)
    if options.json:
        print(json.dumps({"newest": newest, "repositories": [asdict(one) for one in found]}, indent=2))
    else:
        print(table(found, newest))


if __name__ == "__main__":
    main()
