"""Docker, as its own command: whether it is there, which base images it has, building and running."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import run, write
from tests.kit.pythons import pythons
from tests.kit.verdicts import build_failure, expect, expect_equal, program_failure
from tools.render.template import Answers, Files
from tools.repository import ROOT

VERSION = "1.2.3"
SOURCE = "https://example.org/myproject"
RUN = os.environ.get("COPIER_POETRY_DOCKER_RUN", "")
"""What the names of all images of one run of the tests have in them."""


def images_of(answers: Answers) -> dict[str, str]:
    """Return the images on which the Dockerfile of some answers builds, by the argument that names each."""
    return dict(
        re.findall("^ARG ([A-Z]+_IMAGE)=(.*)", working_tree().render(answers)["Dockerfile"].decode(), re.MULTILINE)
    )


def base_of(answers: Answers) -> str:
    """Return the image from which the runtime stage of some answers starts."""
    return list(images_of(answers).values())[-1]


DISTROLESS = {"base_image": "distroless", "python_version": "3.13"}


def bases() -> list[str]:
    """Return all base images that Dockerfiles name."""
    slim = [base_of({"python_version": version}) for version in pythons()]
    return [*slim, *images_of(DISTROLESS).values()]


@cache
def engine_is_missing() -> bool:
    """Return whether no Docker engine answers."""
    if shutil.which("docker") is None:
        return True
    return subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=60).returncode != 0


@cache
def what_is(image: str) -> str:
    """Return the kind of a base image: "real", a kind of stand-in, or "" if it is missing."""
    inspect = ["docker", "image", "inspect", "--format", '{{index .Config.Labels "stand-in"}}', image]
    for command in (["true"], ["docker", "pull", "--quiet", image]):
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            result = subprocess.run(inspect, capture_output=True, text=True, check=False)
            if result.returncode == 0:
                return f"stand-in, {result.stdout.strip()}" if result.stdout.strip() else "real"
    return ""


def need_engine(answers: Answers) -> None:
    """Skip the test where no engine answers or an image on which these answers build cannot be had."""
    if engine_is_missing():
        pytest.skip("no Docker engine answers: start one, or run `make engine` as root on Debian")
    for image in images_of(answers).values():
        if not what_is(image):
            pytest.skip(f"there is no {image}: it cannot be pulled, and nothing can stand in for it")


@contextmanager
def on_own_bases(answers: Answers, recipe: Callable[[str], str], files: Files) -> Iterator[Answers]:
    """Make base images of our own, and give answers that name them.

    Args:
        answers: Answers without a registry.
        recipe: Returns the Dockerfile of an image from the name of the usual one.
        files: Files beside this Dockerfile.
    """
    need_engine(answers)
    ours = {**answers, "base_registry": f"own.example/{new_name()}"}
    names = images_of(ours)
    try:
        for argument, image in images_of(answers).items():
            with TemporaryDirectory() as folder:
                write({**files, "Dockerfile": recipe(image).encode()}, Path(folder))
                run("docker", "build", "--quiet", f"--tag={names[argument]}", folder)
        yield ours
    finally:
        remove(*names.values())


@contextmanager
def mirrored(answers: Answers) -> Iterator[Answers]:
    """Let a registry that some answers name have the images on which they build, under a name of its own for each test.

    They are those of this machine; the test is skipped where it has none.
    """
    if not answers.get("base_registry"):
        need_engine(answers)
        yield answers
        return
    need_engine({**answers, "base_registry": ""})
    there = {**answers, "base_registry": f"{answers['base_registry']}/{new_name()}"}
    names = images_of(there)
    for argument, image in images_of({**answers, "base_registry": ""}).items():
        run("docker", "tag", image, names[argument])
    try:
        yield there
    finally:
        remove(*names.values())


def need_image(image: str) -> None:
    """Skip the test where no engine answers or an image cannot be had. A stand-in is made now if there is one."""
    if engine_is_missing():
        pytest.skip("no Docker engine answers: start one, or run `make engine` as root on Debian")
    result = subprocess.run([ROOT / ".ci/offline/bases", image], capture_output=True, text=True, check=False)
    if not what_is(image):
        pytest.skip(f"there is no {image}: {result.stderr.strip()}")


def need_compose() -> None:
    """Skip the test where Docker has no Compose."""
    if subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("Docker has no Compose: on Debian it is in docker-compose")


NOT_COPIED = ("Dockerfile", ".dockerignore", ".devcontainer/Dockerfile")
"""Files that tell Docker how to build."""


def context_of(files: Files) -> Files:
    """Return the files that .dockerignore lets into the build, with those that tell how to build."""
    allowed = [line[1:] for line in files[".dockerignore"].decode().splitlines() if line.startswith("!")]
    patterns = [*NOT_COPIED, *allowed, *(f"{name}/*" for name in allowed)]
    return {
        path: content
        for path, content in files.items()
        if any(fnmatchcase(path, pattern) and pattern.count("/") <= path.count("/") for pattern in patterns)
    }


def build(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Build in a folder, and return the finished process with its output."""
    command = ["docker", "build", "--progress=plain", *options, str(folder)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


@contextmanager
def built(folder: Path, *options: str) -> Iterator[tuple[str, str]]:
    """Build in a folder, and give the image's name and the log; remove the image at the end, but not its cached layers."""
    image = new_name()
    result = build(folder, f"--tag={image}", *options)
    if result.returncode:
        raise build_failure(result.stdout)
    try:
        yield image, result.stdout
    finally:
        if not RUN:
            remove(image)


def refused(folder: Path, words: str, *options: str) -> str:
    """Build an image whose build must stop with some words, a pattern; return the log."""
    result = build(folder, *options)
    expect(result.returncode, f"The build succeeds, and should say {words!r}")
    if not re.search(words, result.stdout):
        raise build_failure(result.stdout)
    return result.stdout


def docker(*command: str) -> str:
    """Run a command of Docker that runs a program of an image, and return its output; raise the verdict if it fails."""
    result = subprocess.run(
        ["docker", *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if result.returncode:
        raise program_failure(result.returncode, result.stdout)
    return result.stdout


def lint(*dockerfiles: Path) -> None:
    """Check Dockerfiles with hadolint. Debian keeps only the newest version of a package, so that none is pinned."""
    command: list[str | Path] = [ROOT / ".venv/bin/hadolint", "--ignore=DL3008", *dockerfiles]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    expect_equal(result.stdout, "", "hadolint")
    assert result.returncode == 0


def new_name() -> str:
    """Return a name for an image of a test: as two tests can come to the same image, it is another for each."""
    return f"copier-poetry-docker-{RUN}-{uuid4().hex}"


def remove(*images: str) -> None:
    """Remove images, whether or not they are there.

    In a run of tests this waits for its end, when no build is under way that may share layers with them.
    """
    subprocess.run(["docker", "image", "rm", "--force", *images], capture_output=True, check=False)


def images_of_the_run() -> list[str]:
    """Return the names of all images that this run of the tests has built."""
    command = ["docker", "image", "ls", "--format={{.Repository}}", f"--filter=reference=copier-poetry-docker-{RUN}-*"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@contextmanager
def image_of(files: Files, folder: Path, *options: str) -> Iterator[str]:
    """Build the image of a project and give its name; remove it in the end, but for its layers in the build cache."""
    with built(write(files, folder), *options) as (image, _):
        yield image


@contextmanager
def container_of(image: str, *options: str, command: tuple[str, ...] = ()) -> Iterator[str]:
    """Start a container, and remove it in the end."""
    container = docker("create", *options, image, *command).strip()
    try:
        docker("start", container)
        yield container
    finally:
        run("docker", "rm", "--force", container)


def inspect(thing: str) -> Any:
    """Return the facts of `docker inspect` about an image or a container."""
    return json.loads(run("docker", "inspect", thing))[0]


def layers(image: str, base: str) -> list[str]:
    """Return the digests of the layers that an image adds to its base."""
    below, all_layers = inspect(base)["RootFS"]["Layers"], inspect(image)["RootFS"]["Layers"]
    assert all_layers[: len(below)] == below
    return list(all_layers[len(below) :])


def bytes_of(image: str) -> int:
    """Return the size of the files in the layers of an image, uncompressed, whichever way the engine stores images."""
    return sum(map(int, run("docker", "history", "--human=false", "--format={{.Size}}", image).split()))


def layer_bytes(image: str, instruction: str) -> int:
    """Return the size of the files in the layer of an instruction, the first of several that contain some words."""
    history = run("docker", "history", "--no-trunc", "--human=false", "--format={{.Size}} {{.CreatedBy}}", image)
    sizes = [int(line.split()[0]) for line in history.splitlines() if instruction in line]
    expect(sizes, f"no layer of {instruction!r}:\n{history}")
    return sizes[-1]


def bytes_above(base: str, image: str) -> int:
    """Return the size of the files in the layers that an image adds to its base."""
    assert layers(image, base)
    return bytes_of(image) - bytes_of(base)


@cache
def engine() -> dict[str, str]:
    """Return the versions of the engine and of buildx."""
    return {
        "engine": run("docker", "version", "--format={{.Server.Version}}").strip(),
        "buildx": run("docker", "buildx", "version").split()[1],
    }


@cache
def pip_of(image: str) -> str:
    """Return the version of pip in an image, or "" where it has none."""
    command = ["docker", "run", "--rm", image, "pip", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.stdout.split()[1] if result.returncode == 0 else ""


@cache
def base_facts(image: str) -> dict[str, Any]:
    """Return the facts about a base image."""
    return {"base": image, "base_kind": what_is(image), "base_bytes": bytes_of(image), "pip": pip_of(image)}


def ground(answers: Answers) -> dict[str, Any]:
    """Return the base images and the build tools of an image."""
    return {**base_facts(base_of(answers)), **engine()}


def wait_until(seconds: float, condition: Callable[[], bool]) -> bool:
    """Wait until something holds, and return whether it did within some seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


if __name__ == "__main__":
    print(*bases())
