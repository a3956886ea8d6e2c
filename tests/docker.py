"""Docker, as its own command: whether it is there, which base images it has, building and running."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from extensions.template import Files
from tests.support import PYTHONS, TEMPLATE, run, write

BASES = {
    version: re.findall("ARG PYTHON_IMAGE=(.*)", TEMPLATE.render({"python_version": version})["Dockerfile"].decode())[0]
    for version in PYTHONS
}
"""The base image of each supported Python, as the Dockerfile names it."""


@cache
def engine_is_missing() -> bool:
    """Return whether no Docker engine answers."""
    if shutil.which("docker") is None:
        return True
    return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=60).returncode != 0


@cache
def base_of(version: str) -> str:
    """Return what the base image of a Python is: "real", a stand-in of which kind, or "" when there is none."""
    image = BASES[version]
    inspect = ["docker", "image", "inspect", "--format", '{{index .Config.Labels "stand-in"}}', image]
    for command in (["true"], ["docker", "pull", "--quiet", image]):
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            result = subprocess.run(inspect, capture_output=True, text=True, check=False)
            if result.returncode == 0:
                return f"stand-in, {result.stdout.strip()}" if result.stdout.strip() else "real"
    return ""


def need_engine(version: str) -> None:
    """Skip the test where no engine answers or no base image with this Python can be had."""
    if engine_is_missing():
        pytest.skip("no Docker engine answers: start one, or run `make engine` as root on Debian")
    if not base_of(version):
        pytest.skip(f"there is no {BASES[version]}: it cannot be pulled, and nothing can stand in for it")


def context_of(files: Files) -> Files:
    """Return the files that .dockerignore lets into the build, with those that tell how to build."""
    allowed = [line[1:] for line in files[".dockerignore"].decode().splitlines() if line.startswith("!")]
    ours = ("Dockerfile", ".dockerignore")
    return {
        path: content
        for path, content in files.items()
        if path in ours or any(path == name or path.startswith(f"{name}/") for name in allowed)
    }


@contextmanager
def image_of(files: Files, folder: Path, *options: str) -> Iterator[str]:
    """Build the image of a project and give its id; remove it in the end, but for its layers in the build cache."""
    iid = folder / ".iid"
    run("docker", "build", "--quiet", f"--iidfile={iid}", *options, write(files, folder))
    image = iid.read_text(encoding="utf-8")
    iid.unlink()
    try:
        yield image
    finally:
        subprocess.run(["docker", "image", "rm", "--force", image], capture_output=True, check=False)


if __name__ == "__main__":
    print(*BASES.values())
