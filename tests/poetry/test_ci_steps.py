"""The steps of CI and of releases on each host, run in their order. tests/nightly/test_ci_steps.py has the other types."""

import sys
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.ci_checks import BUILT, check_image_steps, check_login
from tests.kit.ci_runner import jobs_that_release, on_a_runner, options
from tests.kit.commands import committed
from tests.kit.pythons import HERE


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_nothing_is_installed_without_a_login(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_login(host, "package", tmp_path, monkeypatch, secret=False)


@pytest.mark.parametrize(("host", "kind"), BUILT)
def test_the_steps_that_build_and_run_the_image_run(host: str, kind: str, tmp_path: Path) -> None:
    check_image_steps(host, kind, tmp_path)


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_a_release_builds_the_packages(host: str, tmp_path: Path) -> None:
    """tests/poetry/test_releases.py has the gates before and the jobs after."""
    files = working_tree().render(options("package", HERE, host))
    project = committed(files, tmp_path)
    on_a_runner(jobs_that_release(host, files), project, sys.executable)
    assert len(list((project / "dist").iterdir())) == 2
