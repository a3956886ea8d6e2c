"""The template's image beside other people's: `make bench`, or `.venv/bin/python -m benchmarks.images`.

Builds each contestant's image from nothing and after each edit, in turns. docs/benchmarks.md explains the figures.
"""

import argparse
import datetime
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.builds import build, tag
from benchmarks.comparison import compared_figures, comparison, worse
from benchmarks.console import exit_on_sigterm, log, positive
from benchmarks.contestants import FOLDER, LABELS, OURS, Contestant, contestant, earlier
from benchmarks.figures import RESULTS, Results
from benchmarks.projects import SETS, Project, prepare
from benchmarks.report import write_report
from benchmarks.series import BUNDLE_VERSION, UV_VERSION, Series, base_image, cleaned, tool_versions
from tests.kit.docker import engine, engine_is_missing, pip_of, what_is
from tools.repository import ROOT

PROJECT_PACKAGES = ("hello", "pip", "setuptools", "wheel")
"""Packages that contestants may have besides the locked ones."""


def check_distributions(series: Mapping[str, Results], locked: Mapping[str, str]) -> dict[str, str]:
    """Return the packages that each image holds.

    Raises:
        SystemExit: An image holds another package or another version than the lock.
    """
    held = {
        name: {
            package: version
            for package, version in results["inside"]["distributions"].items()
            if package not in PROJECT_PACKAGES
        }
        for name, results in series.items()
    }
    first = next(iter(held.values()))
    for name, packages in held.items():
        wrong = {package for package in packages if packages[package] != locked.get(package)}
        if wrong or packages != first:
            sys.exit(f"{name} holds other packages: {wrong or dict(set(packages.items()) ^ set(first.items()))}")
    return first


def merge(rounds: Sequence[Results]) -> Results:
    """Join the times of all rounds into lists, and take the rest from the first."""
    first = rounds[0]
    inside = {key: value for key, value in first["inside"].items() if key not in ("distributions", "hello", "bare")}
    return {
        "seconds": {case: [round(results["seconds"][case], 2) for results in rounds] for case in first["seconds"]},
        "start": {
            key: [round(seconds, 4) for results in rounds for seconds in results["inside"][key]]
            for key in ("hello", "bare")
        },
        **{key: first[key] for key in ("ships", "size", "separate", "keeps_third_party", "verifies_hashes")},
        **inside,
        "ships_pip": "pip" in first["inside"]["distributions"],
    }


def machine() -> Results:
    """Return the machine and the versions of the tools."""
    return {
        "date": f"{datetime.date.today()}",
        "cores": os.cpu_count(),
        **engine(),
        "base": base_image(),
        "base_kind": what_is(base_image()),
        "pip": pip_of(base_image()),
        "poetry": tool_versions()["POETRY_VERSION"],
        "export_plugin": tool_versions()["EXPORT_VERSION"],
        "bundle_plugin": BUNDLE_VERSION,
        "uv": UV_VERSION,
    }


def build_uv_image(token: str) -> str:
    """Build the image that has uv, and return its name."""
    name = tag(f"{token}-uv")
    dockerfile = (FOLDER / "uv-image.Dockerfile").read_text(encoding="utf-8")
    build(FOLDER, dockerfile, name, {"PYTHON_IMAGE": base_image(), "UV_VERSION": UV_VERSION})
    return name


def prepare_each(name: str, contestants: Sequence[Contestant], uv_image: str) -> dict[str, Project]:
    """Return the project of a set for each contestant; those of other templates have the locks of the first."""
    log(f"locking the {name} set")
    first = prepare(name, contestants[0].template, uv_image)
    return {
        each.name: first
        if each.template is contestants[0].template
        else prepare(name, each.template, uv_image, first.base)
        for each in contestants
    }


def in_turns(contestants: Sequence[Contestant], number: int) -> Sequence[Contestant]:
    """Return the contestants in the order of a round, which is reversed in every second one."""
    return contestants if number % 2 else contestants[::-1]


def measure(contestants: Sequence[Contestant], sets: Sequence[str], rounds: int, token: str) -> Results:
    """Measure every contestant with every set, in turns."""
    uv_image = build_uv_image(token)
    projects = {name: prepare_each(name, contestants, uv_image) for name in sets}
    found: dict[str, dict[str, list[Results]]] = {name: {each.name: [] for each in contestants} for name in sets}
    for number in range(1, rounds + 1):
        for name in sets:
            for each in in_turns(contestants, number):
                own = f"{token}-{number}-{name}-{each.name}"
                with cleaned(own):
                    results = Series(each, projects[name][each.name], number, own, uv_image).measure()
                found[name][each.name].append(results)
                times = ", ".join(f"{case} {seconds:.1f}" for case, seconds in results["seconds"].items())
                log(f"round {number}, {name}, {each.label}: {times}")
    return {
        "machine": machine(),
        "rounds": rounds,
        "sets": {
            name: {
                "distributions": check_distributions(
                    {one: results[0] for one, results in series.items()}, projects[name][contestants[0].name].versions()
                ),
                "contestants": {one: merge(results) for one, results in series.items()},
            }
            for name, series in found.items()
        },
    }


def print_comparison(results: Results, labels: Mapping[str, str], reference: str) -> None:
    """Print a table for each set."""
    figures = compared_figures(results["rounds"])
    for name, one in results["sets"].items():
        print(f"\n{name}, {results['rounds']} round(s): median (smallest to largest)\n")
        print(comparison(one["contestants"], labels, reference, figures))


def exit_if_worse(results: Results, reference: str) -> None:
    """Exit with 1 if a figure of the working tree is worse than the reference's by more than the noise."""
    figures = compared_figures(results["rounds"])
    found = [
        f"{name}: {label}"
        for name, one in results["sets"].items()
        for label in worse(one["contestants"][OURS], one["contestants"][reference], figures)
    ]
    if found:
        sys.exit("\nWorse by more than the noise:\n" + "\n".join(found))


def commit_of(revision: str) -> str:
    """Return the short name of the commit of a Git revision.

    Raises:
        argparse.ArgumentTypeError: There is no such revision.
    """
    command = ["git", "rev-parse", "--short", "--verify", "--quiet", f"{revision}^{{commit}}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        raise argparse.ArgumentTypeError(f"use a Git revision, such as HEAD~1 or a tag, not {revision}")
    return result.stdout.strip()


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.images", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=positive, default=3, help="how often to measure each contestant (3)")
    parser.add_argument("--set", nargs="+", choices=list(SETS), default=list(SETS), help="dependency sets (all)")
    parser.add_argument("--only", nargs="+", choices=list(LABELS), default=list(LABELS), help="contestants (all)")
    parser.add_argument(
        "--against",
        type=commit_of,
        metavar="REVISION",
        help="compare with the template at a Git revision; exit with 1 if a figure of this template is worse",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the results as JSON to this file")
    options = parser.parse_args(words)
    if options.against and OURS not in options.only:
        parser.error(f"add {OURS} to --only: --against compares this template with an earlier one")
    return options


def is_whole(options: argparse.Namespace) -> bool:
    """Return whether the results of these options replace the documented ones."""
    whole = set(options.set) == set(SETS) and set(options.only) == set(LABELS)
    return whole and not options.against and not options.output


def main() -> None:
    """Measure; print a table, or write the documents if the run is whole."""
    options = arguments()
    if engine_is_missing() or not what_is(base_image()):
        sys.exit(f"Start a Docker engine with {base_image()}: `make engine`, as root on Debian.")
    exit_on_sigterm()
    contestants = [contestant(name) for name in LABELS if name in options.only]
    if options.against:
        contestants.append(earlier(options.against))
    token = secrets.token_hex(4)
    with cleaned(token):
        results = measure(contestants, [name for name in SETS if name in options.set], options.rounds, token)
    if is_whole(options):
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        write_report()
        return
    if options.output:
        options.output.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    reference = options.against or contestants[0].name
    print_comparison(results, {each.name: each.label for each in contestants}, reference)
    if options.against:
        exit_if_worse(results, reference)


if __name__ == "__main__":
    main()
