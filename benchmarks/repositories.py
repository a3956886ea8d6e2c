"""Repositories of all releases, kinds and hosts with edits, and the checks of their updates and of the fleet report."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from copier import run_copy

from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import committed, read
from tests.kit.rehearsal import APART, EDITS, MARKERS, NEXT, Edited, check, edited
from tools.fleet.standing import Standing
from tools.history import releases
from tools.render.template import Answers

DRIFT = {"dockerfile": {"Dockerfile"}, "debian-package": {"Dockerfile"}, "deleted": {".dockerignore"}}
"""The template's files that an edit changes in each repository."""


def hosts() -> list[str]:
    """Return the answers to `repository_host`."""
    return list(working_tree().questions["repository_host"]["choices"].values())


@cache
def edit_sets() -> list[tuple[str, ...]]:
    """Return the edits of a repository: none, one, or all that do not conflict; without those that need an index."""
    quick = sorted(file.stem for file in EDITS.iterdir() if "poetry add" not in file.read_text(encoding="utf-8"))
    return [(), *((edit,) for edit in quick), tuple(edit for edit in quick if edit not in APART)]


@dataclass(frozen=True)
class Origin:
    """The origin of a repository.

    Attributes:
        tag: The release of the template.
        kind: The answer to `project_type`.
        host: The answer to `repository_host`.
        edits: The edits since, by their names in tests/kit/edits.
    """

    tag: str
    kind: str
    host: str
    edits: tuple[str, ...]

    def answers(self, number: int) -> Answers:
        """Return the answers of the repository with a number. The edits expect the package `data_tool`."""
        return {
            "project_name": f"data-tool-{number}",
            "project_type": self.kind,
            # The first release does not ask for it.
            "repository_host": self.host,
            **({} if self.kind == "environment" else {"package_name": "data_tool"}),
        }


def origins(number: int) -> list[Origin]:
    """Return the origins of that many repositories.

    Each quarter has the same ones, so that quarters differ only in the number of repositories before them.
    """
    quarter, random = number // 4, Random(0)

    def shuffled(values: Sequence[Any]) -> list[Any]:
        """Return values in a random order, each equally often."""
        return random.sample(list(islice(cycle(values), quarter)), quarter)

    columns = [shuffled(values) for values in (list(releases()), KINDS, hosts(), edit_sets())]
    return 4 * [Origin(*one) for one in zip(*columns, strict=True)]


def make(template: Path, folder: Path, number: int, origin: Origin) -> Edited:
    """Generate a repository below a folder, commit it and edit it."""
    with TemporaryDirectory() as generated:
        run_copy(str(template), generated, origin.answers(number), vcs_ref=origin.tag, defaults=True, quiet=True)
        project = committed(read(Path(generated)), folder / str(number))
    return edited(project, origin.kind, *origin.edits) if origin.edits else Edited(project, {}, set())


def check_update(edit: Edited, project: Path) -> bool:
    """Return whether an update left conflict markers.

    Raises:
        SystemExit: The repository was not updated, or it lost an edit.
    """
    files = read(project)
    try:
        assert f"_commit: {NEXT}\n".encode() in files[".copier-answers.yml"]
        check(edit, files)
    except (AssertionError, KeyError) as error:
        sys.exit(f"Wrong update of {project}: {error!r}")
    return any(MARKERS.search(content) for content in files.values())


def check_standing(standing: Standing, origin: Origin, releases: Sequence[str]) -> None:
    """Compare the fleet report on a repository with its origin.

    Raises:
        SystemExit: They differ.
    """
    reported = (standing.release, standing.behind, standing.refused, standing.problem)
    drift = {path for edit in origin.edits for path in DRIFT.get(edit, {})}
    if reported != (origin.tag, len(releases) - 1 - releases.index(origin.tag), {}, None):
        sys.exit(f"Wrong report on {standing.path}: {standing}")
    if not drift <= (standing.drift or {}).keys() or not (origin.edits or standing.drift == {}):
        sys.exit(f"Wrong drift in the report on {standing.path}: {standing}")
