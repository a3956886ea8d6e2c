"""Updates, of one repository and of many: `make bench-updates`, or `.venv/bin/python -m benchmarks.updates`.

Makes repositories of all releases, kinds and hosts with edits, updates them to the working tree, and measures how long
that takes: in process, as a command, one after another, several at a time. Before that, the fleet report tells of all
of them. docs/benchmarks.md has the figures.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from itertools import cycle, islice, pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from copier import run_copy, run_update
from jinja2 import Environment
from plumbum.commands.base import BaseCommand

from benchmarks.images import say
from benchmarks.tables import UPDATES, write_tables
from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import committed, read, run
from tests.kit.rehearsal import (
    APART,
    EDITS,
    MARKERS,
    NEXT,
    Edited,
    check,
    copy,
    edited,
    known,
    update,
    with_releases,
)
from tools.fleet.command import standings
from tools.fleet.standing import Standing
from tools.history import releases, tags
from tools.render.template import Answers
from tools.repository import ROOT

REPOSITORIES = 200
ROUNDS = 5
CORES = os.cpu_count() or 1
HOSTS: list[str] = list(working_tree().questions["repository_host"]["choices"].values())

QUICK = sorted(file.stem for file in EDITS.iterdir() if "poetry add" not in file.read_text(encoding="utf-8"))
"""The edits that ask no package index."""

CHANGES = [(), *((edit,) for edit in QUICK), tuple(edit for edit in QUICK if edit not in APART)]
"""What is done to a repository before its update: nothing, one edit, or all that go together."""

DRIFT = {"dockerfile": {"Dockerfile"}, "debian-package": {"Dockerfile"}, "deleted": {".dockerignore"}}
"""The template's files that edits change in each repository."""

Results = dict[str, Any]


@dataclass(frozen=True)
class Origin:
    """Where a repository comes from: the release, its kind and host, and the edits that were made since."""

    tag: str
    kind: str
    host: str
    edits: tuple[str, ...]

    def answers(self, number: int) -> Answers:
        """Return the answers of the repository with a number; the edits know the package by its name."""
        return {
            "project_name": f"data-tool-{number}",
            "project_type": self.kind,
            # The first release does not ask for it.
            "repository_host": self.host,
            **({} if self.kind == "environment" else {"package_name": "data_tool"}),
        }


def origins(number: int) -> list[Origin]:
    """Return where that many repositories come from.

    It is the same in each quarter, so that one differs from another in nothing but how many were there before it.
    """
    quarter, chance = number // 4, Random(0)

    def drawn(values: Sequence[Any]) -> list[Any]:
        """Return a value for each, in an order by chance, and none more often than the others."""
        return chance.sample(list(islice(cycle(values), quarter)), quarter)

    columns = [drawn(values) for values in (list(releases()), KINDS, HOSTS, CHANGES)]
    return 4 * [Origin(*one) for one in zip(*columns, strict=True)]


def make(template: Path, folder: Path, number: int, origin: Origin) -> Edited:
    """Generate a repository below a folder, commit it, and make its edits."""
    with TemporaryDirectory() as generated:
        run_copy(str(template), generated, origin.answers(number), vcs_ref=origin.tag, defaults=True, quiet=True)
        project = committed(read(Path(generated)), folder / str(number))
    return edited(project, origin.kind, *origin.edits) if origin.edits else Edited(project, {}, set())


def update_in_process(project: Path) -> None:
    """Do what the command does, without starting it."""
    run_update(project, vcs_ref=NEXT, defaults=True, skip_answered=True, overwrite=True, quiet=True)


def update_by_command(project: Path) -> None:
    """Update as bots do, and stop everything if that fails."""
    result = update(project, NEXT)
    if result.returncode:
        sys.exit(f"{project} could not be updated:\n{result.stderr}")


def verify(edit: Edited, project: Path) -> bool:
    """Stop everything if an update has not happened or has lost something; return whether it has left markers."""
    files = read(project)
    try:
        assert f"_commit: {NEXT}\n".encode() in files[".copier-answers.yml"]
        check(edit, files)
    except (AssertionError, KeyError) as error:
        sys.exit(f"The update of {project} is not what it should be: {error!r}")
    return any(MARKERS.search(content) for content in files.values())


def seconds(function: Callable[..., object], *arguments: Any) -> float:
    """Call a function, and return how long it took."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


@contextlib.contextmanager
def watched(owner: Any, name: str) -> Iterator[list[float]]:
    """Give a list, to which each call of a function of a module or class adds how long it took."""
    function, spans = getattr(owner, name), list[float]()

    def call(*arguments: Any, **named: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            spans.append(time.perf_counter() - start)

    with patch.object(owner, name, call):
        yield spans


def profile(project: Path) -> Results:
    """Update in process, and return where the time goes.

    Copier starts Git by plumbum, and dunamai, by which it tells versions, with subprocess.
    """
    with (
        watched(BaseCommand, "run") as by_copier,
        watched(subprocess, "run") as by_dunamai,
        watched(Environment, "compile") as compiling,
    ):
        whole = seconds(update_in_process, project)
    git = by_copier + by_dunamai
    return {
        "processes": len(git),
        "git": round(sum(git) / whole, 3),
        "compiled": len(compiling),
        "compiling": round(sum(compiling) / whole, 3),
    }


def measure_one(template: Path, fleet: Sequence[Edited], rounds: int, folder: Path) -> Results:
    """Measure the update of one repository in each way, and the making of one, in turns; another one in each round."""
    found: dict[str, list[float]] = {"command": [], "in process": [], "copy": []}
    profiles = []
    for number in range(rounds):
        edit = fleet[number % len(fleet)]
        places = [
            shutil.copytree(edit.project, folder / f"{number}-{way}") for way in ("command", "process", "profile")
        ]
        found["command"].append(seconds(update_by_command, places[0]))
        found["in process"].append(seconds(update_in_process, places[1]))
        found["copy"].append(seconds(copy, template, NEXT, known(places[0]), folder / f"{number}-copy"))
        profiles.append(profile(places[2]))
        for place in places:
            verify(edit, place)
    return {
        "seconds": {way: [round(one, 3) for one in times] for way, times in found.items()},
        "profile": {key: [one[key] for one in profiles] for key in profiles[0]},
    }


def update_all(projects: Sequence[Path], at_once: int) -> list[float]:
    """Update repositories by the command, so many at once, and return when each was done, in seconds from the start."""
    start = time.perf_counter()

    def done(project: Path) -> float:
        update_by_command(project)
        return time.perf_counter() - start

    with ThreadPoolExecutor(at_once) as pool:
        return sorted(pool.map(done, projects))


def quarters(ends: Sequence[float]) -> list[float]:
    """Return how long each quarter took, from when each was done."""
    return [round(after - before, 2) for before, after in pairwise([0.0, *ends[len(ends) // 4 - 1 :: len(ends) // 4]])]


def measure_all(fleet: Sequence[Edited], at_once: int, folder: Path) -> tuple[list[float], int]:
    """Update copies of all repositories, and return how long each quarter took, and how many have markers."""
    projects = [shutil.copytree(edit.project, folder / edit.project.parent.name) for edit in fleet]
    times = quarters(update_all(projects, at_once))
    marked = sum(verify(edit, project) for edit, project in zip(fleet, projects, strict=True))
    say(f"{at_once} at a time: {times} s")
    return times, marked


def verify_standing(standing: Standing, origin: Origin, releases: Sequence[str]) -> None:
    """Stop everything if the fleet report does not tell of a repository what is known of it."""
    told = (standing.release, standing.behind, standing.refused, standing.problem)
    drift = {path for edit in origin.edits for path in DRIFT.get(edit, {})}
    if told != (origin.tag, len(releases) - 1 - releases.index(origin.tag), {}, None):
        sys.exit(f"The report on {standing.path} is not what it should be: {standing}")
    if not drift <= (standing.drift or {}).keys() or not (origin.edits or standing.drift == {}):
        sys.exit(f"The report on {standing.path} does not have what was edited: {standing}")


def measure_fleet(template: Path, fleet: Sequence[Edited], mix: Sequence[Origin], at_once: int) -> list[float]:
    """Report on all repositories, and return how long each quarter took."""
    known, start, ends = tags(template), time.perf_counter(), list[float]()
    found = []
    for standing in standings([edit.project for edit in fleet], template, at_once):
        found.append(standing)
        ends.append(time.perf_counter() - start)
    for standing, origin in zip(found, mix, strict=True):
        verify_standing(standing, origin, known)
    times = quarters(ends)
    say(f"the report, {at_once} at a time: {times} s")
    return times


def machine() -> Results:
    """Return on what and with what this runs."""
    return {
        "date": f"{datetime.date.today()}",
        "cores": CORES,
        "copier": version("copier"),
        "git": run("git", "--version").split()[2],
        "python": platform.python_version(),
    }


def measure(options: argparse.Namespace, folder: Path) -> Results:
    """Make the repositories and measure their updates, below a folder."""
    template, mix = with_releases(folder / "template"), origins(options.repositories)
    say(f"making {options.repositories} repositories")
    with ProcessPoolExecutor(CORES) as pool:
        ways = [pool.submit(make, template, folder / "fleet", number, origin) for number, origin in enumerate(mix)]
        fleet = [way.result() for way in ways]
    say("reporting on all")
    report = {
        way: measure_fleet(template, fleet, mix, at_once) for way, at_once in (("sequential", 1), ("parallel", CORES))
    }
    say(f"updating one, in {options.rounds} rounds")
    one = measure_one(template, fleet, options.rounds, folder / "one")
    say("updating all")
    sequential, marked = measure_all(fleet, 1, folder / "sequential")
    parallel, _ = measure_all(fleet, CORES, folder / "parallel")
    return {
        "machine": machine(),
        "releases": list(releases()),
        "repositories": options.repositories,
        "marked": marked,
        **one,
        "sequential": sequential,
        "parallel": parallel,
        "fleet": report,
    }


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.updates", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--repositories", type=int, default=REPOSITORIES, help=f"how many, a multiple of 4 ({REPOSITORIES})"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often one is measured ({ROUNDS})")
    options = parser.parse_args()
    if options.repositories < 4 or options.repositories % 4 or options.rounds < 1:
        parser.error("There must be a round, and as many repositories in each quarter.")
    return options


def main() -> None:
    """Measure, and write the figures down where all was measured; else print them."""
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ["COPIER_SETTINGS_PATH"] = str(ROOT / "tests/kit/copier-settings.yml")
    with TemporaryDirectory() as folder:
        results = json.dumps(measure(options, Path(folder)), indent=1) + "\n"
    if options.repositories < REPOSITORIES or options.rounds < ROUNDS:
        print(results, end="")
        return
    UPDATES.write_text(results, encoding="utf-8")
    write_tables()


if __name__ == "__main__":
    main()
