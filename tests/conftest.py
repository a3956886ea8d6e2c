"""Settings of all tests."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from uuid import uuid4

import pytest

from tools.render.template import PARTS

pytest.register_assert_rewrite("tests.kit")

# Settings of a developer's shell, and of the `make` that runs the tests, must not reach the programs under test.
os.environ["COPIER_SETTINGS_PATH"] = str(Path(__file__).with_name("kit") / "copier-settings.yml")
for variable in ("VIRTUAL_ENV", "POETRY_ACTIVE", "PYTEST_ADDOPTS", "MAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(variable, None)

# Environments lie in the folders of the projects that need them, and go with these.
os.environ["POETRY_VIRTUALENVS_IN_PROJECT"] = "true"

# The processes among which pytest-xdist divides the tests get it from the first.
os.environ.setdefault("COPIER_POETRY_DOCKER_RUN", uuid4().hex[:12])

# What mypy has found out about a package holds for the same content in the next project.
MYPY_CACHE = Path(gettempdir(), f"copier-poetry-docker-{os.environ['COPIER_POETRY_DOCKER_RUN']}-mypy")
os.environ["MYPY_CACHE_DIR"] = str(MYPY_CACHE)


def pytest_configure(config: pytest.Config) -> None:
    """Run a test again if it failed by a fault of the network or of the engine, and by nothing else."""
    from tests.kit.faults import ENGINE_FAULT, NETWORK_FAULT

    config.option.only_rerun = [NETWORK_FAULT.pattern, ENGINE_FAULT.pattern]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize a test marked `cases(names, function)` with the cases that the function returns."""
    for mark in metafunc.definition.iter_markers("cases"):
        names, function = mark.args
        metafunc.parametrize(names, list(function()), **mark.kwargs)


def pytest_report_header() -> list[str]:
    """Say on which base images the tests of images run."""
    from tests.kit.docker import bases, engine_is_missing, what_is

    if engine_is_missing():
        return ["no Docker engine answers: images are not tested"]
    return [f"{image}: {what_is(image) or 'missing'}" for image in bases()]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove all images and what mypy has found out, once no test needs them any more."""
    from tests.kit.docker import engine_is_missing, images_of_the_run, remove

    if hasattr(session.config, "workerinput"):
        return
    shutil.rmtree(MYPY_CACHE, ignore_errors=True)
    if not engine_is_missing() and (images := images_of_the_run()):
        remove(*images)


@pytest.fixture(scope="session")
def copier_template_paths() -> list[str]:
    """Give pytest-copier the parts of this repository that make the template."""
    return list(PARTS)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a repository with the releases of the template, and with the working tree as the next one."""
    from tests.kit.rehearsal import release_history

    return release_history(tmp_path_factory.mktemp("template") / "copier-poetry-docker")


@pytest.fixture(scope="session")
def poetry() -> Iterator[Callable[..., str]]:
    """Give a function that runs a command of Poetry in the folder of a project, in one process for all tests."""
    from tests.kit.poetry_process import poetry_process

    with poetry_process() as running:
        yield running


@pytest.fixture(scope="module")
def ask() -> Iterator[Any]:
    """Give the function `tests.kit.texts.Ask`, which checks a project with Poetry and returns its metadata."""
    from tests.kit.texts import poetry

    with poetry() as ask:
        yield ask
