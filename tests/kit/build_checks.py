"""Checks of builds: an edit ships the project alone, the same input gives the same layers, buildah builds it too."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from tests.kit.answers import combination, working_tree
from tests.kit.commands import run, write
from tests.kit.docker import (
    built,
    image_of,
    images_of,
    layers,
    new_name,
    remove,
)
from tests.kit.image_contract import LABELS, check_built
from tools.lock.refresh import poetry_lock
from tools.render.template import Files
from tools.repository import ROOT

PYTHON = {"python_version": "3.13"}


def edit_source(files: Files) -> Files:
    """Edit a module."""
    return {**files, "src/myproject/__init__.py": b'"""Another docstring."""\n'}


def edit_settings(files: Files) -> Files:
    """Edit the settings of a development tool."""
    return {
        **files,
        "pyproject.toml": files["pyproject.toml"].replace(b"[tool.mypy]\n", b"[tool.mypy]\npretty = true\n"),
    }


def edit_version(files: Files) -> Files:
    """Raise the version of the project."""
    return {**files, "pyproject.toml": files["pyproject.toml"].replace(b'version = "0.1.0"', b'version = "0.2.0"')}


def edit_development(files: Files, folder: Path) -> Files:
    """Add a development dependency, and lock it."""
    pyproject = files["pyproject.toml"].replace(
        b'"pytest>=9,<10",', b'"pytest>=9,<10",\n    "iniconfig",\n    "toolz",'
    )
    write({**files, "pyproject.toml": pyproject}, folder)
    lock = poetry_lock(folder).encode()
    assert lock != files["poetry.lock"]
    return {**files, "pyproject.toml": pyproject, "poetry.lock": lock}


EDITS: list[Callable[..., Files]] = [edit_source, edit_settings, edit_version, edit_development]


def check_edits_ship_the_project_alone(base: str, folder: Path) -> None:
    """Check that an edit ships the project and no other package, whose stage is not built again."""
    answers = {"project_type": "service", "base_image": base, **PYTHON}
    files = working_tree().render(answers)
    # A copy is the same to Docker whatever the times of its files, and another test may make one with other times.
    bases = unseen(images_of(answers), folder / "bases")
    options = [f"--build-arg={argument}={name}" for argument, name in bases.items()]
    with image_of(files, folder / "first", *options) as image:
        before = layers(image, list(bases.values())[-1])
    for edit in EDITS:
        place = folder / edit.__name__
        edited = edit(files, place / "locking") if edit is edit_development else edit(files)
        assert edited != files
        with built(write(edited, place / "project"), *options) as (image, log):
            after = layers(image, list(bases.values())[-1])
            changed = [digest for digest in after if digest not in before]
            sizes = layer_sizes(image) if changed else {}
        assert len(before) == len(after), edit
        assert changed != [] or edit in (edit_settings, edit_development)
        assert sum(sizes[digest] for digest in changed) < 64_000, edit
        dependencies = re.findall(r"^#(\d+) \[dependencies .*\] RUN", log, re.MULTILINE)
        assert dependencies
        assert all(f"#{number} CACHED\n" in log for number in dependencies), edit


def layer_sizes(image: str) -> dict[str, int]:
    """Return the bytes of each layer of an image, by its digest."""
    script = """
import hashlib, json, sys, tarfile
sizes = {}
with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as archive:
    for member in archive:
        if member.isfile() and not member.name.endswith("json"):
            content = archive.extractfile(member).read()
            sizes["sha256:" + hashlib.sha256(content).hexdigest()] = len(content)
print(json.dumps(sizes))
"""
    with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as save:
        sizes: dict[str, int] = json.loads(run("python3", "-c", script, stdin=save.stdout))
    return sizes


def unseen(images: dict[str, str], folder: Path) -> dict[str, str]:
    """Make copies of base images on which nothing was ever built, so that nothing of a build on them is cached.

    `--no-cache` would do, but while another build has a step in common the engine can crash over it (Docker 26.1.5).
    """
    token = uuid4().hex
    names = {argument: new_name() for argument in images}
    for argument, image in images.items():
        write({"Dockerfile": f"FROM {image}\nCOPY token /\n".encode(), "token": token.encode()}, folder)
        run("docker", "build", "--quiet", f"--tag={names[argument]}", folder)
    return names


def check_same_layers(kind: str, base: str, folder: Path) -> None:
    """Check that the same input gives the same layers: at another time, from files of other times and modes, uncached."""
    answers = {"project_type": kind, "base_image": base, **PYTHON}
    files = working_tree().render(answers)
    found = []
    for number in range(2):
        project = write(files, folder / str(number))
        emptied = re.sub("type=cache,", f"type=cache,id={folder.name}-{number},", files["Dockerfile"].decode())
        (project / "Dockerfile").write_text(emptied, encoding="utf-8")
        for path in project.rglob("*"):
            os.utime(path, (number * 1e9, number * 1e9))
            path.chmod((0o700 if path.is_dir() else 0o600) if number else (0o777 if path.is_dir() else 0o666))
        bases = unseen(images_of(answers), folder / f"bases-{number}")
        options = [f"--build-arg={argument}={name}" for argument, name in bases.items()]
        with built(project, *options) as (image, log):
            found.append(layers(image, list(bases.values())[-1]))
        steps = set(re.findall(r"^#(\d+) \[.*\] (?:RUN|COPY|WORKDIR)", log, re.MULTILINE))
        assert not steps & set(re.findall(r"^#(\d+) CACHED$", log, re.MULTILINE))
    assert found[0] == found[1]
    assert len(found[0]) >= 3


def check_buildah(kind: str, installer: str, base: str, folder: Path) -> None:
    """Check that the image of Debian 13's buildah keeps the contract, on bases of the Docker engine."""
    answers = combination(project_type=kind, installer=installer, base_image=base, **PYTHON)
    files = working_tree().render(answers)
    project = write(files, folder / "project")
    image = new_name()
    labels = [f"--label=org.opencontainers.image.{name}={value}" for name, value in LABELS.items()]
    run(ROOT / ".ci/buildah", image, project, *images_of(answers).values(), *labels)
    try:
        check_built(image, answers, files)
    finally:
        remove(image)
