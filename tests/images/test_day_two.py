"""Changes that users make to a new repository: the image follows them as Poetry does, or its build says what to do."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.kit import day_two
from tests.kit.answers import working_tree
from tests.kit.commands import run
from tests.kit.day_two import (
    allow,
    installed,
    library,
    local_wheel,
    serve_files,
    started,
    wheel_of_the_host,
    wheel_of_the_image,
)
from tests.kit.docker import built, docker, image_of, need_engine, refused
from tests.kit.poetry_process import Poetry
from tests.kit.pythons import HERE
from tests.kit.rehearsal import replace

Change = Callable[[Path], None]


@pytest.fixture(autouse=True)
def engine() -> None:
    """Skip every test where there is no engine, or no base image."""
    need_engine({"python_version": HERE})


def change_everything(project: Path) -> None:
    """Make all changes of the wheel that need no answer, and allow the files that these add."""
    day_two.ignore_files(project)
    day_two.rename_texts(project)
    replace(project / "pyproject.toml", "static/*.css", "static/*.c*")


def include(project: Path) -> None:
    """Include files, and allow them."""
    day_two.include_files(project)
    allow(project, "alembic.ini", "migrations", "data")


def flatten(project: Path) -> None:
    """Move the package, use licences of a folder, and generate a module."""
    day_two.flatten(project)
    day_two.license_files(project)


@pytest.mark.parametrize(
    ("change", "answers", "names"),
    [
        (include, {}, ["alembic.ini", "data/en/words.txt", "migrations/versions/one.py"]),
        (change_everything, {}, ["myproject-0.1.0.dist-info/licenses/NOTICE", "myproject/static/app.css"]),
        (flatten, {"build_files": "myproject LICENSES"}, ["myproject-0.1.0.dist-info/licenses/LICENSES/MIT.txt"]),
    ],
)
def test_the_image_has_the_wheel_of_the_host(
    change: Change, answers: dict[str, Any], names: list[str], tmp_path: Path
) -> None:
    project = started(tmp_path, change, **answers)
    expected = wheel_of_the_host(project)
    assert set(names) <= set(expected.files)
    with built(project) as (image, _):
        assert wheel_of_the_image(image) == expected


def test_the_image_has_the_version_of_git_and_what_a_build_script_makes(tmp_path: Path) -> None:
    """The build system has requirements of its own, and the version is an argument."""

    def change(project: Path) -> None:
        day_two.version_by_git(project)
        day_two.build_by_script(project)
        allow(project, "generate.py")

    project = started(tmp_path, change)
    run("git", "tag", "v1.4.2", cwd=project)
    expected = wheel_of_the_host(project)
    assert {"myproject/made.py", "myproject-1.4.2.dist-info/METADATA"} <= set(expected.files)
    with built(project, "--build-arg=VERSION=1.4.2") as (image, _):
        assert wheel_of_the_image(image) == expected
        assert docker("run", "--rm", image, "--version") == "1.4.2\n"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (day_two.include_file, "Add !alembic.ini to .dockerignore"),
        (
            day_two.add_package,
            "/build/migrations does not contain any element(?s:.*)Add files that are missing, if any",
        ),
        (day_two.flatten, "/build/myproject does not contain any element(?s:.*)Add files that are missing, if any"),
        (day_two.build_by_script, "generate.py(?s:.*)Add files that are missing, if any, to .dockerignore"),
        (day_two.version_by_git, "Pass the version: docker build --build-arg=VERSION=1.2.3"),
        (day_two.without_package_mode, "Building a package is not possible in non-package mode"),
    ],
)
def test_a_build_that_would_make_another_wheel_stops(change: Change, words: str, tmp_path: Path) -> None:
    refused(started(tmp_path, change), words, "--target=project")


@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_the_image_has_every_kind_of_dependency(installer: str, poetry: Poetry, tmp_path: Path) -> None:
    """Folders, files and addresses, and the groups and extras that the answers name."""
    answers = {
        "installer": installer,
        "image_groups": "prod",
        "image_extras": "cache",
        "build_files": "src libs vendor",
    }
    served = tmp_path / "served"
    served.mkdir()
    with serve_files(served) as address:

        def change(project: Path) -> None:
            library(project, "shared", '"mypy-extensions"')
            library(project, "edited")
            library(project, "unused")
            library(project, "tools")
            moved = project / local_wheel(project, "remote")
            moved.rename(served / moved.name)
            poetry(
                project, "add", "--lock", "./libs/shared", local_wheel(project, "vendored"), f"{address}/{moved.name}"
            )
            poetry(project, "add", "--lock", "--editable", "./libs/edited")
            poetry(project, "add", "--lock", "--group=prod", "iniconfig")
            poetry(project, "add", "--lock", "--optional=cache", "toolz")
            poetry(project, "add", "--lock", "--optional=other", "./libs/unused")
            poetry(project, "add", "--lock", "--group=dev", "./libs/tools")

        project = started(tmp_path, change, **answers)
        if installer == "poetry":
            words = r"vendored-1\.0\.0-py3-none-any\.whl for vendored does not exist"
            assert "Copy dependencies that are files first." in refused(project, words, "--target=dependencies")
            line = "COPY pyproject.toml poetry.lock ./\n"
            replace(project / "Dockerfile", line, f"{line}COPY vendor/ vendor/\n")
        with built(project, "--network=host") as (image, _):
            local = {"shared", "edited", "vendored", "remote"}
            assert installed(image) == {"myproject", "mypy-extensions", "iniconfig", "toolz", *local}
            docker("run", "--rm", "--entrypoint=python", image, "-c", "import shared, edited, toolz")


def test_an_environment_has_its_path_dependencies(poetry: Poetry, tmp_path: Path) -> None:
    """Beside its scripts, without those that Git ignores."""

    def change(project: Path) -> None:
        library(project, "shared")
        day_two.write(project, "scripts/.env", "scripts/notes.tmp")
        with (project / ".gitignore").open("a", encoding="utf-8") as file:
            file.write("*.tmp\n")
        poetry(project, "add", "--lock", "./libs/shared")
        allow(project, "libs")

    with built(started(tmp_path, change, project_type="environment")) as (image, _):
        assert "shared" in installed(image)
        names = docker("run", "--rm", image, "python", "-c", "import os, shared; print(os.listdir('scripts'))")
        assert names == "['summary.py']\n"


def test_a_path_dependency_that_does_not_reach_the_build_stops_it(poetry: Poetry, tmp_path: Path) -> None:
    def change(project: Path) -> None:
        library(project, "shared")
        poetry(project, "add", "--lock", "./libs/shared")

    refused(started(tmp_path, change), "Add !libs/shared to .dockerignore, as the build needs it", "--target=project")


@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_the_image_has_a_package_from_git(installer: str, poetry: Poetry, tmp_path: Path) -> None:
    """Its commit is the pin. Without Git in the build, pip's image stops, and Poetry's does without."""
    served = tmp_path / "served"
    day_two.serve_repository(served, "remote")
    with serve_files(served) as address:

        def change(project: Path) -> None:
            poetry(project, "add", "--lock", f"git+{address}/remote.git")

        project = started(tmp_path, change, installer=installer, builder_packages="git")
        with built(project, "--network=host") as (image, _):
            docker("run", "--rm", "--entrypoint=python", image, "-c", "import remote")
        if installer == "pip":
            without = started(tmp_path / "without", change, installer=installer)
            refused(without, "Add git to builder_packages: poetry.lock has packages from Git", "--target=requirements")


WRITE = "import os, pathlib; [pathlib.Path(p, 'x').write_text('x') for p in (pathlib.Path.home(), '/data')]; print(pathlib.Path.home())"


@pytest.mark.parametrize("base", ["slim", "distroless"])
def test_the_user_writes_to_the_home_directory_and_to_data(base: str, tmp_path: Path) -> None:
    """Whoever the user is, and on any file system that is mounted there."""
    python = "3.13" if base == "distroless" else HERE
    need_engine({"base_image": base, "python_version": python})
    files = working_tree().render({"base_image": base, "python_version": python})
    results = tmp_path / "results"
    results.mkdir()
    with image_of(files, tmp_path / "project") as image:
        volume = image.rsplit("-", maxsplit=1)[-1]
        write = (image, "-c", WRITE)
        options = ["--rm", "--entrypoint=python"]
        places = [
            [],
            ["--user=123456:0"],
            [f"--volume={volume}:/data"],
            [f"--volume={volume}-other:/data", "--user=123456:0"],
            [f"--volume={results}:/data", f"--user={os.getuid()}:{os.getgid()}"],
            ["--read-only", "--tmpfs=/data", "--tmpfs=/home/app"],
            ["--read-only", "--tmpfs=/data", "--tmpfs=/home/app", "--user=123456:0"],
        ]
        try:
            for place in places:
                assert docker("run", *options, *place, *write) == "/home/app\n", place
        finally:
            run("docker", "volume", "rm", volume, f"{volume}-other")
    assert (results / "x").read_text(encoding="utf-8") == "x"
