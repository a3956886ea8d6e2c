"""Remotes on this machine, and the update jobs that a generated repository runs for both hosts."""

import os
import re
import shutil
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.kit.answers import working_tree
from tests.kit.ci_jobs import GITLAB_FILE
from tests.kit.ci_runner import kept_tools, run_script
from tests.kit.commands import COPIER, POETRY, read, run, write
from tests.kit.pipeline import Pipeline, bash
from tests.kit.pythons import HERE
from tests.kit.rehearsal import AFTER, MARKERS, NEXT, edited, generated, replace, successor
from tools.lock.refresh import FOLDER, poetry_lock, store
from tools.render.template import Template
from tools.repository import ROOT

HOSTS = ["github", "gitlab"]

UPDATE_FILE = {"github": ".github/workflows/template.yml", "gitlab": GITLAB_FILE}
"""The file with the update jobs on each host."""

GH = b"""#!/bin/sh
test -n "$GH_TOKEN" || exit 1
test "$1" = auth || printf "%s\\n" "$@" >>"$REQUESTS"
test "$1" = auth || exit "$REFUSED"
"""
"""A command line of GitHub that logs its requests, and fails if told to."""

RECEIVE = b"""#!/bin/sh
test -n "$GIT_PUSH_OPTION_COUNT" || exit 0
env | sed --quiet "s/^GIT_PUSH_OPTION_[0-9]*=//p" >>"$REQUESTS"
"""
"""A hook that logs the options of a push, as GitLab reads them."""


class Remote:
    """A repository with a remote.

    Args:
        host: The host of the remote, `github` or `gitlab`.
        files: The files of the repository.
        folder: The folder for all of it.
        monkeypatch: Sets the variables of the host.
    """

    def __init__(self, host: str, files: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the repository and its remote."""
        self.host, self.folder = host, folder
        self.bare = folder / "remote.git"
        self.project = write(files, folder / "start/data-tool")
        run("git", "init", "--quiet", "--bare", self.bare)
        run("git", "config", "receive.advertisePushOptions", "true", cwd=self.bare)
        (self.bare / "hooks/pre-receive").write_bytes(RECEIVE)
        gh = write({"gh": GH}, folder / "bin") / "gh"
        for program in (self.bare / "hooks/pre-receive", gh):
            program.chmod(0o755)
        start = "git init --quiet && git add --all && git commit --quiet --message=Start && git remote add origin"
        run("sh", "-c", f"{start} {self.bare}", cwd=self.project)
        self.branch = run("git", "branch", "--show-current", cwd=self.project).strip()
        monkeypatch.setenv("PATH", f"{gh.parent}:{os.environ['PATH']}")
        monkeypatch.setenv("REQUESTS", str(folder / "requests"))
        monkeypatch.setenv("REFUSED", "0")

    def push(self) -> None:
        """Push the commits of the repository."""
        run("git", "push", "--quiet", "origin", self.branch, cwd=self.project)

    def clone(self, branch: str) -> Path:
        """Return a shallow clone, as on a runner."""
        clone = self.folder / "clone"
        shutil.rmtree(clone, ignore_errors=True)
        run("git", "clone", "--quiet", "--depth=1", f"--branch={branch}", f"file://{self.bare}", clone)
        return clone

    def run_jobs(self, *, installing: bool) -> Pipeline:
        """Run the update jobs, with their own installations or with the tools of the tests, and return the pipeline."""
        shell = partial(run_script, tools=kept_tools(sys.executable)) if installing else without_installing
        pipeline = Pipeline(self.host, self.bare, self.branch, self.folder / "pipeline", shell)
        shutil.rmtree(pipeline.folder, ignore_errors=True)
        pipeline.variables = {"CI_PROJECT_URL": f"file://{self.folder}/remote"}
        pipeline.secrets = {"TEMPLATE_TOKEN": "secret"}
        return pipeline.run("schedule", UPDATE_FILE[self.host], "update", "propose", "template")

    def requests(self) -> str:
        """Return the log of requests to the host."""
        file = self.folder / "requests"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def branches(self) -> set[str]:
        """Return the branches of the remote."""
        return set(run("git", "branch", "--format=%(refname:short)", cwd=self.bare).split())


def without_installing(script: str, folder: Path, environment: Mapping[str, str]) -> None:
    """Run a script of a job without the commands that need its own installations before the update."""
    path = f"{COPIER.parent}:{POETRY.parent}:{environment['PATH']}"
    bash(re.sub(r"(?m)^(pip|poetry) .*$", "", script), folder, {**environment, "PATH": path})


def generated_remote(host: str, folder: Path, template: Path, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """Generate a repository from the working tree's release of the template, and make its remote."""
    answers = {
        "project_name": "data-tool",
        "python_version": HERE,
        "repository_host": host,
        "dependency_updates": "none",
    }
    return Remote(host, generated(template, NEXT, answers, folder / "old"), folder, monkeypatch)


def with_a_newer_tool(source: Path) -> None:
    """Change a development dependency of the template with its lock store, and another file."""
    replace(source / "extensions/dependencies/dev-requirements.txt", "pytest>=9,", "pytest>=9.0,")
    replace(source / "template/poetry.toml", "[solver]", "[solver]\n# Newer.")
    answers = {"python_version": HERE}
    files = {
        **working_tree().render(answers, "poetry.lock".__eq__),
        **Template(source).render(answers, "pyproject.toml".__eq__),
    }
    with TemporaryDirectory() as folder:
        # Poetry keeps the locked versions, so the checks of the job do not depend on the newest ones.
        store([poetry_lock(write(files, Path(folder)))], source / FOLDER.relative_to(ROOT))


def assert_update_is_proposed(host: str, template: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the update jobs of an edited repository, with their own installations, and check the proposed branch."""
    remote = generated_remote(host, folder, successor(template, folder, with_a_newer_tool), monkeypatch)
    edit = edited(remote.project, "package", "dependency", "development-dependency", "readme", "ignored")
    remote.push()
    remote.run_jobs(installing=True)
    assert remote.branches() == {remote.branch, f"template-update/{AFTER}"}
    requests = remote.requests()
    assert f"Update to {AFTER} of the template\n" in requests
    assert ("merge_request.create" if host == "gitlab" else "pr\ncreate\n") in requests
    proposed = remote.clone(f"template-update/{AFTER}")
    files = read(proposed)
    assert b"# Newer." in files["poetry.toml"]
    assert b"pytest>=9.0," in files["pyproject.toml"]
    for path in set(edit.added) - {"poetry.lock"}:
        assert edit.added[path] <= set(files[path].decode().splitlines())
    run(POETRY, "check", "--lock", "--strict", cwd=proposed)


def assert_conflicts_are_in_the_title(
    host: str, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Propose an update with conflicts. The next run proposes nothing. A refused request leaves no branch."""

    def change(source: Path) -> None:
        replace(source / "template/poetry.toml", "[solver]", "[solver]  # Theirs.")

    remote = generated_remote(host, tmp_path, successor(template, tmp_path, change), monkeypatch)
    replace(remote.project / "poetry.toml", "[solver]", "[solver]  # Mine.")
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
    assert "poetry.toml" in requests
    remote.run_jobs(installing=False)
    assert remote.requests() == requests
    assert MARKERS.search(read(remote.clone(f"template-update/{AFTER}"))["poetry.toml"])
