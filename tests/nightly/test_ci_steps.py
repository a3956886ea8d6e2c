"""The steps of CI for the hosts and types that tests/poetry/test_hosts.py leaves out."""

from pathlib import Path

import pytest

from tests.kit.answers import KINDS
from tests.kit.ci_checks import BUILT, CHECKED, LOGGED_IN, Case, check_image_steps, check_login, check_project_steps


def without(*left_out: Case) -> list[Case]:
    """List every host with every type, without some of these pairs."""
    every = [(host, kind) for host in ("github", "gitlab") for kind in KINDS]
    return [case for case in every if case not in left_out]


@pytest.mark.parametrize(("host", "kind"), without(*CHECKED))
def test_the_steps_that_check_the_project_run(host: str, kind: str, tmp_path: Path) -> None:
    check_project_steps(host, kind, tmp_path)


@pytest.mark.parametrize(("host", "kind"), [case for case in without(*LOGGED_IN) if case[1] == "package"])
def test_the_steps_log_in_to_a_private_index(
    host: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_login(host, kind, tmp_path, monkeypatch, secret=True)


@pytest.mark.parametrize(("host", "kind"), without(*BUILT))
def test_the_steps_that_build_and_run_the_image_run(host: str, kind: str, tmp_path: Path) -> None:
    check_image_steps(host, kind, tmp_path)
