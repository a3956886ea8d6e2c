"""Checks of the CI of a generated repository: its jobs run here, in their order."""

import stat
import sys
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.ci_runner import (
    ENVIRONMENT,
    SECRETS,
    jobs_that_build,
    jobs_that_test,
    on_a_runner,
    options,
)
from tests.kit.commands import committed, run
from tests.kit.docker import need_engine, remove
from tests.kit.private_index import serve
from tests.kit.pythons import HERE, interpreters
from tests.kit.rehearsal import replace
from tools.render.template import Files

Case = tuple[str, str]
"""A host and a type of project."""

BUILT: list[Case] = [("github", "service")]
"""The repositories whose image `make test` builds by the steps of CI."""


NO_LOGIN: Files = {
    "tests/test_login.py": b"""import os
from pathlib import Path


def test_the_login_is_gone() -> None:
    assert not (Path.home() / ".netrc").exists()
    assert "NETRC" not in os.environ
"""
}
"""A test of the project, which must not find the login to the private index."""


def check_ran(ran: list[str], kind: str, project: Path) -> None:
    """Check that the jobs have installed and checked the project, and changed nothing in it."""
    commands = [
        "poetry sync",
        "poe check",
        "poe test",
        *(["poe docs", "poetry build"] if kind != "environment" else []),
    ]
    text = "\n".join(ran)
    assert [command for command in commands if command not in text] == []
    assert run("git", "status", "--porcelain", cwd=project) == ""
    assert (project / "dist").exists() == (kind != "environment")
    assert (project / "docs/_build/index.html").exists() == (kind != "environment")


def check_project_steps(host: str, kind: str, folder: Path) -> None:
    """Run the steps that check a project."""
    files = working_tree().render(options(kind, HERE, host))
    project = committed(files, folder)
    check_ran(on_a_runner(jobs_that_test(host, files), project, interpreters()[HERE]), kind, project)


def give_login(host: str, netrc: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the secret with the login to the private index, as users of the host do."""
    if host == "github":
        monkeypatch.setitem(SECRETS, "NETRC", netrc)
    else:
        (folder / "secret").write_text(netrc, encoding="utf-8")
        monkeypatch.setitem(ENVIRONMENT, "NETRC", f"{folder}/secret")


def check_login(host: str, kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *, secret: bool) -> None:
    """Run the steps that check a project with a private index, on a runner without any login of its own.

    Args:
        host: The repository's host.
        kind: The type of the project.
        folder: An empty folder.
        monkeypatch: The fixture of pytest.
        secret: Whether the secret has the login. Without it nothing can be installed.
    """
    (folder / "home").mkdir()
    for name in ("CACHE", "CONFIG"):
        monkeypatch.setenv(f"POETRY_{name}_DIR", f"{folder}/{name}")
    with serve(folder) as index:
        private = {"package_index": "private", "package_index_url": index.url}
        files: Files = {**working_tree().render({**options(kind, HERE, host), **private}), **NO_LOGIN}
        project = committed(files, folder)
        monkeypatch.setenv("HOME", f"{folder}/home")
        give_login(host, index.netrc if secret else "", folder, monkeypatch)
        jobs = jobs_that_test(host, files)
        if secret:
            check_ran(on_a_runner(jobs, project, interpreters()[HERE], fresh=True), kind, project)
            assert not (folder / "home/.netrc").exists()
            assert not (folder / "secret").exists()
        else:
            with pytest.raises(AssertionError, match="pip install"):
                on_a_runner(jobs, project, interpreters()[HERE], fresh=True)
            assert stat.S_IMODE((folder / "home/.netrc").stat().st_mode) == 0o600


def check_image_steps(host: str, kind: str, folder: Path) -> None:
    """Run the steps that build the image of a project and run it. The command of a package needs an argument."""
    answers = options(kind, "3.13", host)
    need_engine(answers)
    files = working_tree().render(answers)
    project = committed(files, folder)
    if kind == "package":
        parse = "    parser.parse_args("
        replace(project / "src/myproject/cli.py", parse, f'    parser.add_argument("file")\n{parse}')
    name = f"{kind}-{host}"
    try:
        ran = "\n".join(on_a_runner(jobs_that_build(host, files), project, sys.executable))
    finally:
        run("sh", "-c", f"docker rm --force {name} 2>/dev/null || true")
        remove(name)
    assert f"--tag={name} " in ran
    assert "docker run " in ran
