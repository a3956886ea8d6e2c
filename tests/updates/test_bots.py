"""The jobs that propose the next release of the template, on both hosts, against a remote on this machine.

tests/nightly/test_update_jobs.py runs the jobs with the installation of their tools, and with checks that fail.
"""

from pathlib import Path

import pytest

from tests.kit.commands import read, run
from tests.kit.rehearsal import AFTER, MARKERS, replace, successor
from tests.kit.update_jobs import HOSTS, generated_remote


@pytest.mark.parametrize("host", HOSTS)
def test_conflicts_are_in_the_title_of_the_request(
    host: str, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run proposes nothing again. A refused request leaves no branch, and the next run repeats it."""

    def change(source: Path) -> None:
        replace(source / "template/.editorconfig", "root = true", "root = false")

    remote = generated_remote(host, tmp_path, successor(template, tmp_path, change), monkeypatch)
    replace(remote.project / ".editorconfig", "root = true", "root = maybe")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=remote.project)
    remote.push()
    if host == "github":
        monkeypatch.setenv("REFUSED", "1")
        assert "failure" in remote.run_jobs(installing=False).results.values()
        assert remote.branches() == {remote.branch}
        monkeypatch.setenv("REFUSED", "0")
    remote.run_jobs(installing=False)
    requests = remote.requests()
    assert f"Update to {AFTER} of the template: conflicts to resolve\n" in requests
    assert ".editorconfig" in requests
    remote.run_jobs(installing=False)
    assert remote.requests() == requests
    assert MARKERS.search(read(remote.clone(f"template-{AFTER}"))[".editorconfig"])


@pytest.mark.parametrize("host", HOSTS)
def test_nothing_is_proposed_without_a_newer_release(
    host: str, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = generated_remote(host, tmp_path, template, monkeypatch)
    remote.push()
    remote.run_jobs(installing=False)
    assert remote.branches() == {remote.branch}
    assert not remote.requests()
