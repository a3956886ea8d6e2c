"""The template's image beside what people copy today: `make bench`, or `.venv/bin/python -m benchmarks.images`.

Builds each contestant's image from nothing and after each edit, in turns, and measures what ships, what the image holds
and how long its command takes to start. docs/benchmarks.md says how, and has the figures.
"""

import argparse
import contextlib
import datetime
import json
import os
import re
import secrets
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.builds import (
    BuildError,
    build,
    clean,
    fresh_base,
    inspect,
    layers_of,
    layers_with,
    look_inside,
    records_of,
    remove_images,
    remove_records,
    shipped,
    tag,
    with_own_mounts,
)
from benchmarks.projects import CASES, KINDS, Project, prepare
from benchmarks.tables import CONTESTANTS, RESULTS, write_tables
from tests.kit.commands import write
from tests.kit.docker import base_of, engine, engine_is_missing, pip_of, what_is
from tools.render.template import Files
from tools.repository import ROOT

PYTHON = "3.13"
BASE = base_of({"python_version": PYTHON})
DOCKERFILES = ROOT / "benchmarks/contestants"
UV_VERSION = "0.13.9"
BUNDLE_VERSION = "1.8.0"
STARTS = 5
"""How often the command is started in each round."""

Results = dict[str, Any]


def say(text: str) -> None:
    """Tell on stderr how far it is."""
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def tools() -> dict[str, str]:
    """Return the versions of the tools that the contestants install, by the name of their build argument."""
    pins = (ROOT / "extensions/dependencies/tools-requirements.txt").read_text(encoding="utf-8")
    poetry, export = re.findall("==(.*)", pins)
    return {
        "POETRY_VERSION": poetry,
        "EXPORT_VERSION": export,
        "BUNDLE_VERSION": BUNDLE_VERSION,
        "UV_VERSION": UV_VERSION,
    }


def dockerfile_of(contestant: str, files: Files) -> str:
    """Return a contestant's Dockerfile: its own, or that which the template rendered."""
    if contestant == "ours":
        return files["Dockerfile"].decode()
    return (DOCKERFILES / f"{contestant}.Dockerfile").read_text(encoding="utf-8")


class Series:
    """Builds of one contestant and one project in one round, on a base image that no other build has seen.

    Args:
        contestant: Whose Dockerfile is built.
        project: What it builds.
        number: The round; the first measures what is the same in each.
        token: Tells this series from all others.
        uv_image: The image that has uv.
    """

    def __init__(self, contestant: str, project: Project, number: int, token: str, uv_image: str) -> None:
        """Take what is to be built, and build nothing yet."""
        self.project = project
        self.number = number
        self.token = token
        self.dockerfile = with_own_mounts(dockerfile_of(contestant, project.base), token)
        self.uv_image = uv_image if contestant == "uv" else ""

    def measure(self) -> Results:
        """Build from nothing and after each edit, and measure the images."""
        base = fresh_base(BASE, f"{self.token}-base")
        self.arguments = self.build_arguments(base)
        results: Results = {"seconds": {"cold": self.build("cold", self.project.base, "--no-cache")}}
        before = layers_of(self.image("cold"))
        results["inside"] = look_inside(self.image("cold"), self.token, STARTS)
        if self.number == 1:
            third_party, own = self.layers_with_packages(results["inside"]["site"], set(before) - set(layers_of(base)))
            results |= {
                "size": inspect(self.image("cold"))["Size"] - inspect(base)["Size"],
                "separate": not own & third_party,
                "keeps_third_party": {},
                "ships": {},
            }
        cached = records_of(self.token)
        for case in CASES:
            results["seconds"][case] = self.build(case, self.project.edited(case, self.number))
            if self.number == 1:
                results["ships"][case] = shipped(self.image(case), set(before))
                results["keeps_third_party"][case] = third_party <= set(layers_of(self.image(case)))
            # An edit of a large project can leave a GB.
            remove_images(f"{self.token}-{case}")
            remove_records(records_of(self.token) - cached)
        if self.number == 1:
            results["verifies_hashes"] = self.verifies_hashes()
        return results

    def build_arguments(self, base: str) -> dict[str, str]:
        """Return the arguments that the Dockerfile takes: its base image under whatever name, and versions."""
        names = re.findall(rf"^ARG (\w+)={re.escape(BASE)}$", self.dockerfile, re.MULTILINE)
        if not names:
            sys.exit(f"A Dockerfile has no argument for {BASE}.")
        arguments = dict.fromkeys(names, base)
        arguments |= {key: value for key, value in tools().items() if f"ARG {key}\n" in self.dockerfile}
        if self.uv_image:
            arguments["UV_IMAGE"] = fresh_base(self.uv_image, f"{self.token}-uv-base")
        return arguments

    def image(self, case: str) -> str:
        """Return the name of the image that a case builds."""
        return tag(f"{self.token}-{case}")

    def build(self, case: str, files: Files, *options: str) -> float:
        """Build the image of a case and return how many seconds it took."""
        with TemporaryDirectory() as folder:
            return build(write(files, Path(folder)), self.dockerfile, self.image(case), self.arguments, *options)

    def layers_with_packages(self, site: str, layers: set[str]) -> tuple[set[str], set[str]]:
        """Return which layers hold third-party packages, one of which tells, and which the project's own."""
        contents = layers_with(self.image("cold"), layers, site)

        def holding(name: str) -> set[str]:
            return {
                layer for layer, names in contents.items() if any(re.match(rf"{name}-.*\.dist-info$", n) for n in names)
            }

        return holding("fastapi"), holding("hello")

    def verifies_hashes(self) -> bool:
        """Return whether builds fail, twice, when the lock has other hashes than a distribution has."""
        for _ in range(2):
            with contextlib.suppress(BuildError):
                self.build("hashes", self.project.with_wrong_hash())
                return False
        return True


def check_distributions(series: dict[str, Results], locked: dict[str, str]) -> dict[str, str]:
    """Return the distributions that each image holds, once it is clear that all hold the same, as locked."""
    held = {
        contestant: {
            name: version
            for name, version in results["inside"]["distributions"].items()
            if name not in ("hello", "pip", "setuptools", "wheel")
        }
        for contestant, results in series.items()
    }
    first = next(iter(held.values()))
    for contestant, distributions in held.items():
        wrong = {name for name in distributions if distributions[name] != locked.get(name)}
        if wrong or distributions != first:
            differing = dict(set(distributions.items()) ^ set(first.items()))
            sys.exit(f"{contestant} holds other distributions: {wrong or differing}")
    return first


def merge(rounds: Sequence[Results]) -> Results:
    """Join what was measured in each round into lists; what is the same in each is in the first."""
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
    """Return on what and with what this runs."""
    return {
        "date": f"{datetime.date.today()}",
        "cores": os.cpu_count(),
        **engine(),
        "base": BASE,
        "base_kind": what_is(BASE),
        "pip": pip_of(BASE),
        "poetry": tools()["POETRY_VERSION"],
        "export_plugin": tools()["EXPORT_VERSION"],
        "bundle_plugin": BUNDLE_VERSION,
        "uv": UV_VERSION,
    }


@contextlib.contextmanager
def cleaned(token: str) -> Iterator[None]:
    """Remove in the end what was made under a token, however it ends."""
    try:
        yield
    finally:
        clean(token)


def measure(options: argparse.Namespace, token: str) -> Results:
    """Measure every contestant with every set, in turns."""
    uv_image = tag(f"{token}-uv")
    build(
        DOCKERFILES,
        (DOCKERFILES / "uv-image.Dockerfile").read_text(encoding="utf-8"),
        uv_image,
        {"PYTHON_IMAGE": BASE, "UV_VERSION": UV_VERSION},
    )
    projects: dict[str, Project] = {}
    for name in options.sets:
        say(f"locking the {name} set")
        projects[name] = prepare(name, PYTHON, uv_image)
    rounds: dict[str, dict[str, list[Results]]] = {name: {one: [] for one in options.only} for name in options.sets}
    for number in range(1, options.rounds + 1):
        for name, project in projects.items():
            for contestant in options.only:
                own = f"{token}-{number}-{name}-{contestant}"
                with cleaned(own):
                    results = Series(contestant, project, number, own, uv_image).measure()
                rounds[name][contestant].append(results)
                times = ", ".join(f"{case} {seconds:.1f}" for case, seconds in results["seconds"].items())
                say(f"round {number}, {name}, {contestant}: {times}")
    return {
        "machine": machine(),
        "rounds": options.rounds,
        "sets": {
            name: {
                "distributions": check_distributions(
                    {one: r[0] for one, r in series.items()}, projects[name].versions()
                ),
                "contestants": {contestant: merge(series[contestant]) for contestant in options.only},
            }
            for name, series in rounds.items()
        },
    }


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.images", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each contestant is measured (3)")
    parser.add_argument("--sets", nargs="+", choices=list(KINDS), default=list(KINDS), help="which projects (all)")
    parser.add_argument("--only", nargs="+", choices=list(CONTESTANTS), default=list(CONTESTANTS), help="whom (all)")
    return parser.parse_args()


def main() -> None:
    """Measure, and write the figures down where all was measured; else print them."""
    options = arguments()
    if engine_is_missing() or not what_is(BASE):
        sys.exit(f"This needs a Docker engine and {BASE}: run `make engine` as root on Debian.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    token = secrets.token_hex(4)
    with cleaned(token):
        results = json.dumps(measure(options, token), indent=1) + "\n"
    if list(options.sets) != list(KINDS) or list(options.only) != list(CONTESTANTS):
        print(results)
        return
    RESULTS.write_text(results, encoding="utf-8")
    write_tables()


if __name__ == "__main__":
    main()
