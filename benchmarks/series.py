"""One contestant's builds of one project in one round: from nothing, and after each edit."""

import contextlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

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
from benchmarks.contestants import Contestant
from benchmarks.figures import Results
from benchmarks.projects import EDITS, PYTHON, Project
from tests.kit.commands import write
from tests.kit.docker import base_of
from tools.render.template import Files
from tools.repository import ROOT

UV_VERSION = "0.13.9"
BUNDLE_VERSION = "1.8.0"
STARTS = 5
"""How often the command is started in each round."""


@cache
def base_image() -> str:
    """Return the base image of all contestants."""
    return base_of({"python_version": PYTHON})


@cache
def tool_versions() -> dict[str, str]:
    """Return the versions of the tools that the contestants install, keyed by build argument."""
    pins = (ROOT / "extensions/dependencies/tools-requirements.txt").read_text(encoding="utf-8")
    poetry, export = re.findall("==(.*)", pins)
    return {
        "POETRY_VERSION": poetry,
        "EXPORT_VERSION": export,
        "BUNDLE_VERSION": BUNDLE_VERSION,
        "UV_VERSION": UV_VERSION,
    }


@contextlib.contextmanager
def cleaned(token: str) -> Iterator[None]:
    """Remove the containers, images and cache records of a token at the end, also after an error."""
    try:
        yield
    finally:
        clean(token)


class Series:
    """Builds of one contestant and one project in one round, on a base image that no other build has seen.

    Args:
        contestant: Has the Dockerfile.
        project: The project that is built.
        number: The round; only the first measures sizes, layers and hashes, which are the same in each.
        token: The key of this series in the names of images and cache mounts.
        uv_image: The image that has uv.
    """

    def __init__(self, contestant: Contestant, project: Project, number: int, token: str, uv_image: str) -> None:
        """Note the builds, and start none yet."""
        self.project = project
        self.number = number
        self.token = token
        self.dockerfile = with_own_mounts(contestant.dockerfile(project.base), token)
        self.uv_image = uv_image if contestant.name == "uv" else ""

    def measure(self) -> Results:
        """Build from nothing and after each edit, and measure the images."""
        base = fresh_base(base_image(), f"{self.token}-base")
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
        for edit in EDITS:
            results["seconds"][edit] = self.build(edit, self.project.edited(edit, self.number))
            if self.number == 1:
                results["ships"][edit] = shipped(self.image(edit), set(before))
                results["keeps_third_party"][edit] = third_party <= set(layers_of(self.image(edit)))
            # An edit of a large project can leave a GB.
            remove_images(f"{self.token}-{edit}")
            remove_records(records_of(self.token) - cached)
        if self.number == 1:
            results["verifies_hashes"] = self.verifies_hashes()
        return results

    def build_arguments(self, base: str) -> dict[str, str]:
        """Return the build arguments that the Dockerfile declares: the base image under any name, and versions."""
        names = re.findall(rf"^ARG (\w+)={re.escape(base_image())}$", self.dockerfile, re.MULTILINE)
        if not names:
            sys.exit(f"Add an ARG whose default is {base_image()} to this Dockerfile:\n{self.dockerfile}")
        arguments = dict.fromkeys(names, base)
        arguments |= {key: value for key, value in tool_versions().items() if f"ARG {key}\n" in self.dockerfile}
        if self.uv_image:
            arguments["UV_IMAGE"] = fresh_base(self.uv_image, f"{self.token}-uv-base")
        return arguments

    def image(self, case: str) -> str:
        """Return the name of the image of a case: `cold`, `hashes` or an edit."""
        return tag(f"{self.token}-{case}")

    def build(self, case: str, files: Files, *options: str) -> float:
        """Build the image of a case and return the seconds."""
        with TemporaryDirectory() as folder:
            return build(write(files, Path(folder)), self.dockerfile, self.image(case), self.arguments, *options)

    def layers_with_packages(self, site: str, layers: set[str]) -> tuple[set[str], set[str]]:
        """Return the layers that hold FastAPI, for all third-party packages, and those that hold the project."""
        contents = layers_with(self.image("cold"), layers, site)

        def holding(name: str) -> set[str]:
            return {
                layer for layer, names in contents.items() if any(re.match(rf"{name}-.*\.dist-info$", n) for n in names)
            }

        return holding("fastapi"), holding("hello")

    def verifies_hashes(self) -> bool:
        """Return whether two builds of a lock with wrong hashes fail."""
        for _ in range(2):
            with contextlib.suppress(BuildError):
                self.build("hashes", self.project.with_wrong_hash())
                return False
        return True
