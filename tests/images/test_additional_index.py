"""Images with packages from a private index beside those from the public one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.additional_index import (
    check_additional_login,
    check_origins,
    check_own_source,
    mixed,
    private_packages,
)
from tests.kit.docker import need_engine
from tests.kit.private_index import Index, serve
from tools.render.template import Files

INSTALLERS = ["pip", "poetry"]
Mixed = tuple[Index, Files]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    """Serve a private index, and give a package with a dependency of each index."""
    need_engine({"python_version": "3.13"})
    folder = tmp_path_factory.mktemp("additional")
    with serve(folder, private_packages(folder / "packages")) as index, pytest.MonkeyPatch.context() as monkeypatch:
        yield index, mixed(index, folder, monkeypatch)


@pytest.mark.parametrize("installer", INSTALLERS)
def test_each_package_comes_from_its_own_index(installer: str, project: Mixed, tmp_path: Path) -> None:
    check_origins(installer, *project, tmp_path)


@pytest.mark.parametrize("installer", INSTALLERS)
def test_without_a_login_the_build_says_how_to_give_it(installer: str, project: Mixed, tmp_path: Path) -> None:
    check_additional_login(installer, *project, tmp_path)


@pytest.mark.parametrize("installer", INSTALLERS)
def test_a_source_of_the_user_needs_the_answer_additional(installer: str, project: Mixed, tmp_path: Path) -> None:
    check_own_source(installer, project[1], tmp_path)
