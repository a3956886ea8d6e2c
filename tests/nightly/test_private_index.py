"""Private package indexes: the lock files and images that tests/poetry and tests/images leave out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.answers import KINDS
from tests.kit.poetry_process import Poetry, poetry_process, relocked
from tests.kit.private_image import (
    Network,
    check_index,
    check_secret,
    check_without,
    closed_index,
    only_private,
    service,
)
from tests.kit.private_index import Index, lock_cases, private_project, serve
from tests.kit.pythons import pythons

Closed = tuple[Index, Network]


@pytest.fixture(scope="module")
def open_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Serve an index of all packages that the public index has."""
    with serve(tmp_path_factory.mktemp("open")) as running:
        yield running


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    """Serve an index of the packages for the image of the service, and no others."""
    with closed_index(tmp_path_factory) as running:
        yield running


@pytest.fixture(scope="module")
def logged_in(open_index: Index, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Poetry]:
    """Give Poetry the login to the index."""
    with poetry_process(open_index.login(tmp_path_factory.mktemp("user"))) as running:
        yield running


def other_locks() -> list[tuple[str, str]]:
    """List the types and Pythons that tests/poetry/test_index.py leaves out."""
    every = [(kind, version) for kind in KINDS for version in pythons()]
    return [case for case in every if case not in lock_cases()]


@pytest.mark.cases(("kind", "version"), other_locks)
def test_poetry_writes_the_lock_as_it_was_rendered(
    kind: str, version: str, open_index: Index, logged_in: Poetry, tmp_path: Path
) -> None:
    rendered, written = relocked(logged_in, private_project(open_index.url, tmp_path, kind, version))
    assert written == rendered


def test_poetry_builds_the_image_with_the_secret_and_without_a_trace(closed: Closed, tmp_path: Path) -> None:
    check_secret("poetry", "slim", closed, tmp_path)


def test_the_distroless_image_is_built_with_the_secret_and_without_a_trace(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    with closed_index(tmp_path_factory, "distroless") as closed:
        check_secret("pip", "distroless", closed, tmp_path)


def test_poetry_itself_comes_from_the_private_index(closed: Closed, tmp_path: Path) -> None:
    index, network = closed
    check_index(service(network, "poetry"), index, tmp_path)


def parts() -> list[tuple[str, str, str]]:
    """List each part of the Dockerfile that it has for a private index alone, with the installer and the stage."""
    return [(installer, *part) for installer in ("pip", "poetry") for part in only_private(installer)]


@pytest.mark.cases(("installer", "stage", "part"), parts)
def test_something_fails_when_it_is_taken_out(
    installer: str, stage: str, part: str, closed: Closed, tmp_path: Path
) -> None:
    """The other parts are tried with the public index."""
    check_without(installer, stage, part, closed, tmp_path)
