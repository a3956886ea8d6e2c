"""The job that proposes the next release of the template, on both hosts, against a remote on this machine."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.kit.ci_runner import ENVIRONMENT, on_a_runner, script, steps
from tests.kit.commands import COPIER, POETRY, read, run, write
from tests.kit.rehearsal import AFTER, MARKERS, NEXT, copy, edited, replace, successor
from tools.lock.refresh import FOLDER, fresh_lock, store
from tools.render.template import Template
from tools.repository import ROOT

HOSTS = ["github", "gitlab"]

GH = b"""#!/bin/sh
test -n "$GH_TOKEN" || exit 1
test "$1" = auth || printf "%s\\n" "$@" >>"$REQUESTS"
test "$1" = auth || exit "$REFUSED"
"""
"""The command line of GitHub, which notes what it is asked for."""

RECEIVE = b"""#!/bin/sh
test -n "$GIT_PUSH_OPTION_COUNT" || exit 0
env | sed --quiet "s/^GIT_PUSH_OPTION_[0-9]*=//p" >>"$REQUESTS"
"""
"""What a repository on GitLab does with the options of a push."""


class Remote:
    """A repository with a remote, of which each run of the job has a fresh clone, as a runner has.

    Args:
        host: What hosts the remote.
        files: What is in the repository.
        folder: Where all of it is.
        monkeypatch: Sets what the host tells its jobs.
    """

    def __init__(self, host: str, files: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the remote and push what is in the repository."""
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
        monkeypatch.setenv("TEMPLATE_TOKEN", "secret")
        monkeypatch.setitem(ENVIRONMENT, "GITHUB_REF_NAME", self.branch)
        monkeypatch.setitem(ENVIRONMENT, "CI_PROJECT_URL", f"file://{folder}/remote")

    def push(self) -> None:
        """Push what is committed in the repository."""
        run("git", "push", "--quiet", "origin", self.branch, cwd=self.project)

    def clone(self, branch: str) -> Path:
        """Return a clone as deep as runners have it."""
        clone = self.folder / "clone"
        shutil.rmtree(clone, ignore_errors=True)
        run("git", "clone", "--quiet", "--depth=1", f"--branch={branch}", f"file://{self.bare}", clone)
        return clone

    def run_job(self, *, installing: bool) -> None:
        """Run the job, with what it installs or with what the tests have."""
        clone = self.clone(self.branch)
        if self.host == "gitlab":
            run("git", "checkout", "--quiet", "--detach", cwd=clone)
            config = yaml.safe_load((clone / ".gitlab-ci.yml").read_text(encoding="utf-8"))
            job = script(config, "template")
        else:
            workflow = yaml.safe_load((clone / ".github/workflows/template.yml").read_text(encoding="utf-8"))
            job = steps(workflow["jobs"]["template"])
        if installing:
            on_a_runner(job, clone, sys.executable)
            return
        path = f"{COPIER.parent}:{POETRY.parent}:{os.environ['PATH']}"
        for text, more in without_installing(job):
            run("bash", "-ec", text, cwd=clone, env={**os.environ, **ENVIRONMENT, **more, "PATH": path})

    def requests(self) -> str:
        """Return what was asked of the host."""
        file = self.folder / "requests"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def branches(self) -> set[str]:
        """Return the branches of the remote."""
        return set(run("git", "branch", "--format=%(refname:short)", cwd=self.bare).split())


def without_installing(job: Iterator[tuple[str, dict[str, str]]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the scripts of a job without what it installs, and runs in that, before the update."""
    for text, more in job:
        yield re.sub(r"(?m)^(pip|poetry) .*$", "", text), more


def project_of(host: str, folder: Path, template: Path, monkeypatch: pytest.MonkeyPatch, tag: str = NEXT) -> Remote:
    """Make a repository that was generated from a release of the template, and its remote."""
    answers = {
        "project_name": "data-tool",
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "repository_host": host,
        "dependency_updates": "none",
    }
    return Remote(host, copy(template, tag, answers, folder / "old"), folder, monkeypatch)


def with_a_newer_tool(source: Path) -> None:
    """Change what the template depends on, with its lock, and another of its files."""
    replace(source / "extensions/dependencies/dev-requirements.txt", "pytest>=9,", "pytest>=9.0,")
    replace(source / "template/.editorconfig", "root = true", "root = true\n# Newer.")
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    newer = Template(source)
    combination = next(one for one in newer.product(told=["python_version"]) if one.asked["python_version"] == here)
    pyproject = newer.rendering(combination).content("template/pyproject.toml.jinja").decode()
    store([fresh_lock(pyproject)], source / FOLDER.relative_to(ROOT))


@pytest.mark.parametrize("host", HOSTS)
def test_an_update_is_proposed_with_the_lock_refreshed(
    host: str, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = project_of(host, tmp_path, successor(template, tmp_path, with_a_newer_tool), monkeypatch)
    edit = edited(remote.project, "package", "dependency", "development-dependency", "readme", "ignored")
    remote.push()
    remote.run_job(installing=True)
    assert remote.branches() == {remote.branch, f"template-{AFTER}"}
    requests = remote.requests()
    assert f"Update to {AFTER} of the template\n" in requests
    assert ("merge_request.create" if host == "gitlab" else "pr\ncreate\n") in requests
    proposed = remote.clone(f"template-{AFTER}")
    files = read(proposed)
    assert b"# Newer." in files[".editorconfig"]
    assert b"pytest>=9.0," in files["pyproject.toml"]
    for path in set(edit.added) - {"poetry.lock"}:
        assert edit.added[path] <= set(files[path].decode().splitlines())
    run(POETRY, "check", "--lock", "--strict", cwd=proposed)


@pytest.mark.parametrize("host", HOSTS)
def test_conflicts_are_told_in_the_request(
    host: str, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, though the job goes on to run. A request that is refused leaves no branch behind, and is tried again."""

    def change(source: Path) -> None:
        replace(source / "template/.editorconfig", "root = true", "root = false")

    remote = project_of(host, tmp_path, successor(template, tmp_path, change), monkeypatch)
    replace(remote.project / ".editorconfig", "root = true", "root = maybe")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=remote.project)
    remote.push()
    if host == "github":
        monkeypatch.setenv("REFUSED", "1")
        with pytest.raises(AssertionError, match="gh auth setup-git"):
            remote.run_job(installing=False)
        assert remote.branches() == {remote.branch}
        monkeypatch.setenv("REFUSED", "0")
    remote.run_job(installing=False)
    requests = remote.requests()
    assert f"Update to {AFTER} of the template: conflicts to resolve\n" in requests
    assert ".editorconfig\n" in requests
    remote.run_job(installing=False)
    assert remote.requests() == requests
    assert MARKERS.search(read(remote.clone(f"template-{AFTER}"))[".editorconfig"])


def test_checks_that_fail_are_told_in_the_request(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(source: Path) -> None:
        replace(source / "template/.editorconfig", "root = true", "root = false")

    remote = project_of("gitlab", tmp_path, successor(template, tmp_path, change), monkeypatch)
    (remote.project / "src/data_tool/more.py").write_text("import os\n", encoding="utf-8")
    run("git", "add", "--all", cwd=remote.project)
    run("git", "commit", "--quiet", "--message=Edit", cwd=remote.project)
    remote.push()
    remote.run_job(installing=False)
    assert f"Update to {AFTER} of the template: checks fail\n" in remote.requests()


@pytest.mark.parametrize("host", HOSTS)
def test_nothing_is_proposed_where_nothing_is_newer(
    host: str, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = project_of(host, tmp_path, template, monkeypatch)
    remote.push()
    remote.run_job(installing=False)
    assert remote.branches() == {remote.branch}
    assert not remote.requests()
