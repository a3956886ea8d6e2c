"""The steps of CI for the hosts and types that tests/poetry/test_ci_steps.py leaves out."""

from pathlib import Path

import pytest

from tests.kit.answers import KINDS
from tests.kit.ci_checks import BUILT, Case, check_image_steps, check_login, check_project_steps

EVERY: list[Case] = [(host, kind) for host in ("github", "gitlab") for kind in KINDS]


@pytest.mark.parametrize(("host", "kind"), EVERY)
def test_the_steps_that_check_the_project_run(host: str, kind: str, tmp_path: Path) -> None:
    check_project_steps(host, kind, tmp_path)


@pytest.mark.parametrize(("host", "kind"), [("github", "package"), ("gitlab", "package"), ("gitlab", "service")])
def test_the_steps_log_in_to_a_private_index_and_check_the_project(
    host: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_login(host, kind, tmp_path, monkeypatch, secret=True)


@pytest.mark.parametrize(("host", "kind"), [case for case in EVERY if case not in BUILT])
def test_the_steps_that_build_and_run_the_image_run(host: str, kind: str, tmp_path: Path) -> None:
    check_image_steps(host, kind, tmp_path)
