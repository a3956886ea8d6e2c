"""Builds of images: the build context, layers that an edit rebuilds and ships, and builds that must stop."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.kit.answers import KINDS, combined, working_tree
from tests.kit.build_checks import check_edits_ship_the_project_alone, check_same_layers
from tests.kit.commands import read, run, write
from tests.kit.day_two import allow
from tests.kit.docker import (
    NOT_COPIED,
    base_of,
    built,
    container_of,
    context_of,
    image_of,
    inspect,
    layers,
    need_engine,
    refused,
)
from tests.kit.image_checks import check_names
from tests.kit.image_contract import GET, LOCKED_UP, check_healthy
from tools.render.template import Files

PYTHON = {"python_version": "3.13"}
SIZES = "import json, pathlib; print(json.dumps({str(path): path.stat().st_size for path in pathlib.Path('/out').rglob('*') if path.is_file()}))"


@pytest.fixture(autouse=True)
def engine() -> None:
    """Skip every test where there is no engine, or no base image."""
    need_engine({**PYTHON, "base_image": "distroless"})
    need_engine(PYTHON)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_reaches_the_build_but_what_is_named(kind: str, tmp_path: Path) -> None:
    """The build context has the expected files and an added folder, without the secrets of any folder."""
    files = working_tree().render({"project_type": kind, **PYTHON})
    project = write(files, tmp_path / "project")
    rubbish = [".git/config", "dist/x.whl", "notes.md"]
    folders = ("data", "scripts", "src/myproject")
    rubbish += [f"{folder}/{path}" for folder in folders for path in ("__pycache__/x.pyc", ".env", ".venv/bin/python")]
    write({**dict.fromkeys(rubbish, b"secret"), "data/words.txt": b"added"}, project)
    allow(project, "data")
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
    run("docker", "build", f"--file={tmp_path}/Dockerfile", f"--output={tmp_path}/context", project)
    expected = {path: content for path, content in context_of(files).items() if path not in NOT_COPIED}
    assert read(tmp_path / "context") == {**expected, "data/words.txt": b"added"}


# Layers that are built again, and shipped.


def test_an_edit_ships_the_project_and_no_other_package(tmp_path: Path) -> None:
    check_edits_ship_the_project_alone("slim", tmp_path)


def test_the_same_input_gives_the_same_layers(tmp_path: Path) -> None:
    check_same_layers("service", "slim", tmp_path)


def test_another_version_builds_nothing_again(tmp_path: Path) -> None:
    """The release job passes the version as a label, which changes no layer."""
    folder, label = write(working_tree().render(PYTHON), tmp_path), "org.opencontainers.image.version"
    with built(folder, f"--label={label}=1") as (first, _), built(folder, f"--label={label}=2") as (second, log):
        assert [inspect(image)["Config"]["Labels"][label] for image in (first, second)] == ["1", "2"]
        assert inspect(first)["RootFS"] == inspect(second)["RootFS"]
    steps = set(re.findall(r"^#(\d+) \[.*\] (?:RUN|COPY|WORKDIR)", log, re.MULTILINE))
    assert steps == set(re.findall(r"^#(\d+) CACHED$", log, re.MULTILINE)) & steps


@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_the_projects_layer_holds_the_project_alone(installer: str, tmp_path: Path) -> None:
    answers = {"project_type": "service", "installer": installer, **PYTHON}
    with image_of(working_tree().render(answers), tmp_path, "--target=project") as image:
        paths = json.loads(run("docker", "run", "--rm", image, "python", "-c", SIZES))
    ours = re.compile(r"/out/app/\.venv/lib/python3\.13/site-packages/myproject(-0\.1\.0\.dist-info)?/.*")
    assert [path for path in paths if not ours.fullmatch(path)] == []
    assert "/out/app/.venv/lib/python3.13/site-packages/myproject/app.py" in paths


@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_a_source_that_is_mounted_takes_effect(installer: str, tmp_path: Path) -> None:
    """Though it is compiled in the image, and whatever its time says."""
    files = working_tree().render({"installer": installer, **PYTHON})
    edited = tmp_path / "cli.py"
    edited.write_bytes(files["src/myproject/cli.py"].replace(b"Hello", b"Howdy"))
    os.utime(edited, (0, 0))
    place = "/app/.venv/lib/python3.13/site-packages/myproject/cli.py"
    with image_of(files, tmp_path / "project") as image:
        assert run("docker", "run", "--rm", f"--volume={edited}:{place}:ro", image) == "Howdy, World!\n"


# What is refused.


# Checks of hashes and of the Python version are in tests/kit/image_checks.py.


@pytest.mark.parametrize("kind", ["service", "environment"])
def test_a_newer_python_than_the_one_of_the_image_stops_the_build(kind: str, tmp_path: Path) -> None:
    need_engine({"python_version": "3.14"})
    base = base_of({"python_version": "3.14"})
    answers = {"project_type": kind, "python_version": "3.11", "image_python": "3.13"}
    write(working_tree().render(answers), tmp_path)
    words = r"3\.14\.\d+\)? is not (allowed|supported) by the project \(>=3\.11,<3\.14\)"
    refused(tmp_path, words, f"--build-arg=PYTHON_IMAGE={base}")


@pytest.mark.parametrize(("kind", "installer"), [("service", "pip"), ("environment", "pip"), ("package", "poetry")])
def test_a_stale_lock_stops_the_build(kind: str, installer: str, tmp_path: Path) -> None:
    """Each of these reads the lock by another instruction."""
    files = working_tree().render({"project_type": kind, "installer": installer, **PYTHON})
    pyproject = files["pyproject.toml"].decode()
    dependencies = tomllib.loads(pyproject)["project"]["dependencies"]
    added = (
        'dependencies = [\n    "toolz>=1",\n' + "".join(f'    "{dependency}",\n' for dependency in dependencies) + "]\n"
    )
    files["pyproject.toml"] = re.sub(r"^dependencies = \[(.|\n)*?\]\n", added, pyproject, flags=re.MULTILINE).encode()
    refused(write(files, tmp_path), r"pyproject\.toml changed significantly since poetry\.lock was last generated")


def copied(files: Files) -> set[str]:
    """Return the files and folders that a Dockerfile copies from the project, as it names them."""
    lines = re.findall(r"(?m)^COPY (?!--from)(.*) \S+$", files["Dockerfile"].decode())
    return {name for line in lines for name in line.split()}


def test_each_installer_and_project_type_copies_the_same_files() -> None:
    """.dockerignore, and no other file, lists the files of the project."""
    for answers in combined("project_type", "installer", "base_image"):
        if answers["docker"]:
            split = {".docker/packages.py"} if answers["installer"] == "pip" else set()
            expected = {".tools/poetry.txt", "pyproject.toml", "poetry.lock", "."} | split
            assert copied(working_tree().render(answers)) == expected


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("package", ".tools/poetry.txt", '"/.tools/poetry.txt": not found'),
        ("package", "pyproject.toml", '"/pyproject.toml": not found'),
        ("package", "poetry.lock", '"/poetry.lock": not found'),
        ("package", "README.md", "Readme path `/build/README.md` does not exist"),
        ("package", "src", "/build/src/myproject does not contain any element"),
        ("environment", "scripts", "cannot stat 'scripts'"),
    ],
)
def test_a_missing_file_stops_the_build_and_is_named(kind: str, name: str, words: str, tmp_path: Path) -> None:
    files = working_tree().render({"project_type": kind, **PYTHON})
    left = {path: content for path, content in files.items() if path != name and not path.startswith(f"{name}/")}
    refused(write(left, tmp_path), words)


# What else builds them.


def test_a_service_heeds_its_environment_and_logs_to_the_standard_output(tmp_path: Path) -> None:
    need_engine(PYTHON)
    settings = ("--env=APP_PORT=9000", "--env=APP_GREETING=Howdy!", "--env=APP_LOG_LEVEL=debug")
    with (
        image_of(working_tree().render({"project_type": "service", **PYTHON}), tmp_path) as image,
        container_of(image, *LOCKED_UP, *settings) as container,
    ):
        check_healthy(container)
        answer = run("docker", "exec", container, "python", "-c", GET).splitlines()[0]
        assert json.loads(answer) == {"message": "Howdy!"}
        logs = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True)
    assert logs.stderr == ""
    assert "Uvicorn running on http://0.0.0.0:9000" in logs.stdout
    assert '"GET /health/ready HTTP/1.1" 200' in logs.stdout


def test_a_dockerfile_names_each_image_once_and_at_the_top() -> None:
    """So that a bot can pin it by its digest. The same holds for the dev container's."""
    for answers in (PYTHON, {**PYTHON, "base_image": "distroless"}):
        files = working_tree().render({**answers, "devcontainer": True})
        for path in ("Dockerfile", ".devcontainer/Dockerfile"):
            instructions = re.sub(r"(?m)^#.*\n", "", files[path].decode())
            images = dict(re.findall(r"(?m)^ARG (\w+_IMAGE)=(.*)", instructions))
            assert instructions.startswith("".join(f"ARG {argument}={image}\n" for argument, image in images.items()))
            for image in images.values():
                assert instructions.count(image) == 1
            check_names(instructions)


def test_a_default_dockerfile_is_short() -> None:
    assert len(working_tree().render({})["Dockerfile"].decode().splitlines()) <= 55


def test_debian_packages_keep_their_own_users(tmp_path: Path) -> None:
    """And the layers without them are the same as those of an image without Debian packages."""
    answers = {"project_type": "service", **PYTHON}
    with (
        image_of(working_tree().render(answers), tmp_path / "without") as without,
        image_of(working_tree().render({**answers, "runtime_packages": "dbus"}), tmp_path / "with") as image,
    ):
        users = run("docker", "run", "--rm", image, "cut", "--delimiter=:", "--fields=1", "/etc/passwd").split()
        assert {"app", "messagebus"} <= set(users)
        assert len(users) == len(set(users))
        above = layers(image, base_of(answers))
        # The second one holds the Debian packages.
        assert [above[0], *above[2:]] == layers(without, base_of(answers))
