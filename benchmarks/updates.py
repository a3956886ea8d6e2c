"""Updates of one repository and of many: `make bench-updates`, or `.venv/bin/python -m benchmarks.updates`.

Makes repositories of all releases, kinds and hosts with edits, and updates them to the working tree: in process, as a
command, one after another, several at a time. The fleet report on all of them comes first. docs/benchmarks.md has the
figures.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from copier import run_update
from jinja2 import Environment
from plumbum.commands.base import BaseCommand

from benchmarks.console import exit_on_sigterm, log, positive
from benchmarks.figures import UPDATES, Results
from benchmarks.report import write_report
from benchmarks.repositories import Origin, check_standing, check_update, make, origins
from tests.kit.answers import working_tree
from tests.kit.commands import run, write
from tests.kit.rehearsal import NEXT, Edited, copy, guarded_update, known, update, with_releases
from tools.fleet.command import standings
from tools.fleet.versions import SCRIPT
from tools.history import releases, tags
from tools.repository import ROOT

REPOSITORIES = 200
ROUNDS = 5
CORES = os.cpu_count() or 1


def update_in_process(project: Path) -> None:
    """Update in this process, as the command does."""
    run_update(project, vcs_ref=NEXT, defaults=True, skip_answered=True, overwrite=True, quiet=True)


def update_by_command(project: Path) -> None:
    """Update as bots do.

    Raises:
        SystemExit: The update failed.
    """
    result = update(project, NEXT)
    if result.returncode:
        sys.exit(f"Failed update of {project}:\n{result.stderr}")


def with_script(project: Path) -> Path:
    """Commit the script of the task `update`, which earlier releases do not have, and return the project."""
    write(working_tree().render({}, SCRIPT.__eq__), project)
    run("sh", "-c", "git add --all && git commit --quiet --message=Script", cwd=project)
    return project


def update_by_task(project: Path) -> None:
    """Update as the task `update` does.

    Raises:
        SystemExit: The update failed.
    """
    result = guarded_update(project, f"--vcs-ref={NEXT}")
    if result.returncode not in (0, 3):
        sys.exit(f"Failed update of {project}:\n{result.stderr}")


def seconds(function: Callable[..., object], *arguments: Any) -> float:
    """Call a function, and return the seconds."""
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


@contextlib.contextmanager
def timed(owner: Any, name: str) -> Iterator[list[float]]:
    """Give a list to which each call of an attribute of a module or class adds its seconds."""
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
    """Update in process, and return the shares of Git and of compiling.

    Copier starts Git through plumbum; dunamai, from which it gets versions, uses subprocess.
    """
    with (
        timed(BaseCommand, "run") as by_copier,
        timed(subprocess, "run") as by_dunamai,
        timed(Environment, "compile") as compiling,
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
    """Measure the update of a repository in each way, and a copy, in turns. Each round takes a new repository."""
    found: dict[str, list[float]] = {"command": [], "task": [], "in process": [], "copy": []}
    profiles = []
    for number in range(rounds):
        edit = fleet[number % len(fleet)]
        places = [
            shutil.copytree(edit.project, folder / f"{number}-{way}")
            for way in ("command", "process", "profile", "task")
        ]
        found["command"].append(seconds(update_by_command, places[0]))
        found["task"].append(seconds(update_by_task, with_script(places[3])))
        found["in process"].append(seconds(update_in_process, places[1]))
        found["copy"].append(seconds(copy, template, NEXT, known(places[0]), folder / f"{number}-copy"))
        profiles.append(profile(places[2]))
        for place in places:
            check_update(edit, place)
    return {
        "seconds": {way: [round(one, 3) for one in times] for way, times in found.items()},
        "profile": {key: [one[key] for one in profiles] for key in profiles[0]},
    }


def update_all(projects: Sequence[Path], at_once: int) -> list[float]:
    """Update repositories by the command, several at once, and return the sorted times of completion in seconds."""
    start = time.perf_counter()

    def done(project: Path) -> float:
        update_by_command(project)
        return time.perf_counter() - start

    with ThreadPoolExecutor(at_once) as pool:
        return sorted(pool.map(done, projects))


def quarters(ends: Sequence[float]) -> list[float]:
    """Return the seconds of each quarter from the times of completion."""
    return [round(after - before, 2) for before, after in pairwise([0.0, *ends[len(ends) // 4 - 1 :: len(ends) // 4]])]


def measure_all(fleet: Sequence[Edited], at_once: int, folder: Path) -> tuple[list[float], int]:
    """Update copies of all repositories, and return the seconds of each quarter and the number with markers."""
    projects = [shutil.copytree(edit.project, folder / edit.project.parent.name) for edit in fleet]
    times = quarters(update_all(projects, at_once))
    marked = sum(check_update(edit, project) for edit, project in zip(fleet, projects, strict=True))
    log(f"{at_once} at a time: {times} s")
    return times, marked


def measure_fleet(template: Path, fleet: Sequence[Edited], mix: Sequence[Origin], at_once: int) -> list[float]:
    """Report on all repositories, and return the seconds of each quarter."""
    known, start, ends = tags(template), time.perf_counter(), list[float]()
    found = []
    for standing in standings([edit.project for edit in fleet], template, at_once):
        found.append(standing)
        ends.append(time.perf_counter() - start)
    for standing, origin in zip(found, mix, strict=True):
        check_standing(standing, origin, known)
    times = quarters(ends)
    log(f"the report, {at_once} at a time: {times} s")
    return times


def machine() -> Results:
    """Return the machine and the versions of the tools."""
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
    log(f"making {options.repositories} repositories")
    with ProcessPoolExecutor(CORES) as pool:
        ways = [pool.submit(make, template, folder / "fleet", number, origin) for number, origin in enumerate(mix)]
        fleet = [way.result() for way in ways]
    log("reporting on all")
    report = {
        way: measure_fleet(template, fleet, mix, at_once) for way, at_once in (("sequential", 1), ("parallel", CORES))
    }
    log(f"updating one, in {options.rounds} rounds")
    one = measure_one(template, fleet, options.rounds, folder / "one")
    log("updating all")
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


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.updates", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--repositories", type=positive, default=REPOSITORIES, help=f"how many, a multiple of 4 ({REPOSITORIES})"
    )
    parser.add_argument("--rounds", type=positive, default=ROUNDS, help=f"how often to measure one ({ROUNDS})")
    options = parser.parse_args(words)
    if options.repositories % 4:
        parser.error(f"use a multiple of 4 for --repositories, not {options.repositories}")
    return options


def main() -> None:
    """Measure; print the results, or write the documents if the run is whole."""
    options = arguments()
    exit_on_sigterm()
    os.environ["COPIER_SETTINGS_PATH"] = str(ROOT / "tests/kit/copier-settings.yml")
    with TemporaryDirectory() as folder:
        results = json.dumps(measure(options, Path(folder)), indent=1) + "\n"
    if options.repositories < REPOSITORIES or options.rounds < ROUNDS:
        print(results, end="")
        return
    UPDATES.write_text(results, encoding="utf-8")
    write_report()


if __name__ == "__main__":
    main()
