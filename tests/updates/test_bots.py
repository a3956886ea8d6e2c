"""The jobs that propose the next release of the template, on both hosts, against a remote on this machine.

tests/nightly/test_update_jobs.py runs the jobs with the installation of their tools, and with checks that fail.
"""

from pathlib import Path

import pytest

from tests.kit.update_jobs import HOSTS, assert_conflicts_are_in_the_title, generated_remote


def test_conflicts_are_in_the_title_of_the_request(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_conflicts_are_in_the_title("github", template, tmp_path, monkeypatch)


@pytest.mark.parametrize("host", HOSTS)
def test_nothing_is_proposed_without_a_newer_release(
    host: str, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = generated_remote(host, tmp_path, template, monkeypatch)
    remote.push()
    remote.run_jobs(installing=False)
    assert remote.branches() == {remote.branch}
    assert not remote.requests()
