"""Every distinct image: built, run, and held to what is promised of it."""

import json
import re
import signal
import subprocess
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker

from extensions.template import Answers, Files
from tests.docker import context_of, image_of, need_engine
from tests.support import COMBINATIONS, KINDS, TEMPLATE, name, read, run, write

COMBINATIONS = [answers for answers in COMBINATIONS if answers["package_index"] == "public"]
QUESTIONS = ("project_type", "python_version", "installer", "license", "builder_packages", "runtime_packages")

DEFAULT_LICENSE = "MIT"

SUMMARY = "count mean sensor indoors 2 21.0 outdoors 2 9.0"

INSPECT = """
import importlib.metadata, json, os, pathlib, re, shutil, sys

environment = pathlib.Path("/app/.venv")
installed = importlib.metadata.distributions(path=[str(path) for path in environment.glob("lib/*/site-packages")])

def compiled(source):
    # https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
    file = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
    if not file.exists():
        return False
    header = file.read_bytes()[:16]
    by_hash = header[4] & 1
    return bool(by_hash) or int.from_bytes(header[8:12], "little") == int(source.stat().st_mtime)

print(json.dumps({
    "uid": os.getuid(),
    "gid": os.getgid(),
    "prefix": sys.prefix,
    "python": "%d.%d" % sys.version_info[:2],
    "distributions": sorted(re.sub("[-_.]+", "-", distribution.name).lower() for distribution in installed),
    "programs": sorted(filter(shutil.which, ["curl", "git", "gcc", "poetry"])),
    "lists": os.listdir("/var/lib/apt/lists"),
    "uncompiled": [str(source) for source in environment.rglob("*.py") if not compiled(source)],
    "writable": [str(path) for path in pathlib.Path("/app").rglob("*") if not path.is_symlink() and os.access(path, os.W_OK)],
}))
"""
"""Tells, inside a container, what the image is held to."""


def decides(answers: Answers) -> bool:
    """Return whether a combination can give an image of its own.

    No file of an image reads both the licence and the Debian packages, so that each licence is built without packages
    and each choice of packages under one licence, both with every project type, Python and installer.
    """
    packages = answers.get("builder_packages") or answers.get("runtime_packages")
    return bool(answers["docker"]) and (answers["license"] == DEFAULT_LICENSE or not packages)


def contexts() -> Iterator[Any]:
    """Give answers and files of every distinct build context."""
    seen = set()
    for answers in filter(decides, COMBINATIONS):
        files = context_of(TEMPLATE.render(answers))
        content = tuple(sorted(files.items()))
        if content not in seen:
            seen.add(content)
            yield pytest.param(answers, files, id=name(answers, QUESTIONS))


def inside(image: str, code: str) -> Any:
    """Run Python code in a container of an image, and return the JSON that it prints."""
    return json.loads(run("docker", "run", "--rm", "--entrypoint=python", image, "-c", code))


@contextmanager
def container_of(image: str, *options: str) -> Iterator[str]:
    """Start a container, and remove it in the end."""
    container = run("docker", "create", *options, image).strip()
    try:
        run("docker", "start", container)
        yield container
    finally:
        run("docker", "rm", "--force", container)


def get(url: str, seconds: float = 20) -> Any:
    """Get a JSON document, trying for some seconds until the server is up."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                return json.load(response)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def answers_on_its_port(image: str) -> None:
    """Hold a service to its two paths."""
    with container_of(image, "--publish-all") as container:
        address = run("docker", "port", container, "8000/tcp").splitlines()[0]
        assert get(f"http://{address}/health") == {"status": "ok"}
        assert get(f"http://{address}/") == {"message": "Hello, World!"}


def expected_distributions(answers: Answers, lock: str) -> set[str]:
    """Return the names of what belongs into an image: what is locked for the project to run, and the project."""
    target = {"python_version": answers["python_version"], "sys_platform": "linux", "platform_system": "Linux"}
    names = {answers["package_name"]} if "package_name" in answers else set()
    for package in tomllib.loads(lock)["package"]:
        marker = package.get("markers", "")
        marker = marker.get("main", "") if isinstance(marker, dict) else marker
        if "main" in package["groups"] and (not marker or Marker(marker).evaluate(target)):
            names.add(package["name"])
    return names


def does_its_work(image: str, kind: str) -> None:
    """Run an image as its README says."""
    if kind == "service":
        answers_on_its_port(image)
    else:
        output = run("docker", "run", "--rm", image)
        assert " ".join(output.split()) == {"package": "Hello, World!", "environment": SUMMARY}[kind]


CONTEXTS = list(contexts())


def test_no_file_of_an_image_is_left_out() -> None:
    """Every variant of every file that any combination gives to a build is in an image that is built."""
    built = {item for context in CONTEXTS for item in context.values[1].items()}
    possible: set[tuple[str, bytes]] = set()
    for answers in COMBINATIONS:
        if answers["docker"]:
            possible.update(context_of(TEMPLATE.render(answers)).items())
    assert built == possible


@pytest.mark.parametrize(("answers", "files"), CONTEXTS)
def test_image_keeps_its_contract(answers: Answers, files: Files, tmp_path: Path) -> None:
    need_engine(answers["python_version"])
    kind = answers["project_type"]
    with image_of(files, tmp_path) as image:
        does_its_work(image, kind)
        facts = inside(image, INSPECT)
    assert (facts["uid"], facts["gid"]) == (10001, 10001)
    assert facts["prefix"] == "/app/.venv"
    assert facts["python"] == answers["python_version"]
    assert set(facts["distributions"]) == expected_distributions(answers, files["poetry.lock"].decode())
    assert facts["uncompiled"] == []
    assert facts["writable"] == []
    assert facts["programs"] == answers["runtime_packages"].split()
    assert not answers["runtime_packages"] or facts["lists"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_reaches_the_build_but_what_is_named(kind: str, tmp_path: Path) -> None:
    """What Docker gets is what the tests take for it, whatever else lies about in the folder."""
    need_engine("3.13")
    files = TEMPLATE.render({"project_type": kind, "python_version": "3.13"})
    project = write(files, tmp_path / "project")
    rubbish = [".env", ".git/config", ".venv/bin/python", "dist/x.whl", "notes.md"]
    rubbish += [f"{folder}/__pycache__/x.pyc" for folder in ("scripts", "src/myproject")]
    write(dict.fromkeys(rubbish, b"secret"), project)
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
    run("docker", "build", f"--file={tmp_path}/Dockerfile", f"--output={tmp_path}/context", project)
    expected = {path: content for path, content in context_of(files).items() if path[0] != "." and path != "Dockerfile"}
    assert read(tmp_path / "context") == expected


@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_the_builder_has_its_debian_packages(installer: str, tmp_path: Path) -> None:
    need_engine("3.13")
    answers = {"installer": installer, "python_version": "3.13", "builder_packages": "git", "runtime_packages": "curl"}
    with image_of(TEMPLATE.render(answers), tmp_path, "--target=dependencies") as image:
        programs = inside(image, "import json, shutil; print(json.dumps([shutil.which('git'), shutil.which('curl')]))")
    assert programs == ["/usr/bin/git", None]


def test_output_is_in_the_log_at_once(tmp_path: Path) -> None:
    """Also when the program is killed right afterwards, and nothing flushes what it has written."""
    need_engine("3.13")
    code = "import os, signal; print('before'); os.kill(os.getpid(), signal.SIGABRT)"
    with image_of(TEMPLATE.render({"python_version": "3.13"}), tmp_path) as image:
        killed = ["docker", "run", "--rm", "--init", "--entrypoint=python", image, "-c", code]
        result = subprocess.run(killed, capture_output=True, text=True, check=False)
    assert result.returncode == 128 + signal.SIGABRT
    assert result.stdout == "before\n"


def refused(folder: Path) -> str:
    """Build an image that must not come about, and return what was said."""
    build = ["docker", "build", "--progress=plain", str(folder)]
    result = subprocess.run(build, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    return result.stderr


@pytest.mark.parametrize("kind", ["service", "environment"])
@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_a_package_with_another_hash_is_not_installed(kind: str, installer: str, tmp_path: Path) -> None:
    need_engine("3.13")
    files = TEMPLATE.render({"project_type": kind, "installer": installer, "python_version": "3.13"})
    files["poetry.lock"] = re.sub(rb"sha256:[0-9a-f]{8}", b"sha256:00000000", files["poetry.lock"])
    assert {
        "pip": "THESE PACKAGES DO NOT MATCH THE HASHES",
        "poetry": "did not match any known checksums in your lock file",
    }[installer] in refused(write(files, tmp_path))


def test_pip_installs_nothing_without_a_hash(tmp_path: Path) -> None:
    need_engine("3.13")
    files = TEMPLATE.render({"project_type": "service", "python_version": "3.13"})
    files["Dockerfile"] = files["Dockerfile"].replace(b"poetry export ", b"poetry export --without-hashes ")
    assert "Hashes are required in --require-hashes mode" in refused(write(files, tmp_path))


@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_the_projects_layer_holds_the_project_alone(installer: str, tmp_path: Path) -> None:
    need_engine("3.13")
    answers = {"project_type": "service", "installer": installer, "python_version": "3.13"}
    code = "import json, pathlib; print(json.dumps([str(path) for path in pathlib.Path('/out').rglob('*') if path.is_file()]))"
    with image_of(TEMPLATE.render(answers), tmp_path, "--target=project") as image:
        paths = inside(image, code)
    ours = re.compile(r"/out/app/\.venv(/lib/python3\.13/site-packages/myproject(-0\.1\.0\.dist-info)?(/.*)?)?")
    assert [path for path in paths if not ours.fullmatch(path)] == []
    assert "/out/app/.venv/lib/python3.13/site-packages/myproject/app.py" in paths
    assert "/out/app/.venv/lib/python3.13/site-packages/myproject-0.1.0.dist-info/licenses/LICENSE" in paths
