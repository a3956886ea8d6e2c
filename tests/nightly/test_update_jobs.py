"""The jobs that propose the next release of the template, with their own installations and with checks that fail."""

from pathlib import Path

import pytest

from tests.kit.commands import run
from tests.kit.rehearsal import AFTER, replace, successor
from tests.kit.update_jobs import HOSTS, assert_conflicts_are_in_the_title, assert_update_is_proposed, generated_remote


@pytest.mark.parametrize("host", HOSTS)
def test_an_update_is_proposed_with_an_up_to_date_lock(
    host: str, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_update_is_proposed(host, template, tmp_path, monkeypatch)


def test_conflicts_are_in_the_title_of_the_request_on_gitlab(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_conflicts_are_in_the_title("gitlab", template, tmp_path, monkeypatch)


def test_failed_checks_are_in_the_title_of_the_request(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(source: Path) -> None:
        replace(source / "template/poetry.toml", "[solver]", "[solver]  # Theirs.")

    remote = generated_remote("gitlab", tmp_path, successor(template, tmp_path, change), monkeypatch)
    (remote.project / "src/data_tool/more.py").write_text("import os\n", encoding="utf-8")
    run("git", "add", "--all", cwd=remote.project)
    run("git", "commit", "--quiet", "--message=Edit", cwd=remote.project)
    remote.push()
    remote.run_jobs(installing=False)
    assert f"Update to {AFTER} of the template: checks fail\n" in remote.requests()


def test_lost_lines_are_in_the_title_of_the_request(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The release drops a file that the user has edited."""
    repository = successor(template, tmp_path, lambda source: (source / "template/poetry.toml").unlink())
    remote = generated_remote("github", tmp_path, repository, monkeypatch)
    replace(remote.project / "poetry.toml", "[solver]", "[solver]  # Mine.")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=remote.project)
    remote.push()
    remote.run_jobs(installing=False)
    requests = remote.requests()
    assert f"Update to {AFTER} of the template: lost lines to restore\n" in requests
    assert "lost: poetry.toml: '[solver]  # Mine.'\n" in requests
