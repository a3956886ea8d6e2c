"""Builds of the types and bases that `make test` leaves out, and builds by buildah."""

from pathlib import Path

import pytest

from tests.kit.build_checks import PYTHON, check_buildah, check_edits_ship_the_project_alone, check_same_layers
from tests.kit.docker import need_engine


@pytest.fixture(autouse=True)
def engine() -> None:
    """Skip each test without an engine or a base image."""
    need_engine({**PYTHON, "base_image": "distroless"})
    need_engine(PYTHON)


def test_an_edit_ships_the_project_and_no_other_package(tmp_path: Path) -> None:
    check_edits_ship_the_project_alone("distroless", tmp_path)


@pytest.mark.parametrize(("kind", "base"), [("environment", "slim"), ("package", "distroless")])
def test_the_same_input_gives_the_same_layers(kind: str, base: str, tmp_path: Path) -> None:
    check_same_layers(kind, base, tmp_path)


@pytest.mark.parametrize(
    ("kind", "installer", "base"), [("service", "pip", "slim"), ("package", "poetry", "distroless")]
)
def test_buildah_builds_it_too(kind: str, installer: str, base: str, tmp_path: Path) -> None:
    check_buildah(kind, installer, base, tmp_path)
