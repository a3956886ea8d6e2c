"""CI runs on the default branch of a repository, whatever its name. Whole pipelines run here, with stand-ins."""

from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.attacks import TESTS, hosted
from tests.kit.ci_jobs import GITLAB_FILE
from tests.kit.ci_runner import WORKFLOWS
from tests.kit.commands import run
from tests.kit.pipeline import Pipeline, stand_ins
from tests.kit.rendered_files import distinct, shapes

CI, DOCS, RELEASE = (f".github/workflows/{name}.yml" for name in ("ci", "docs", "release"))

DEFAULTS = ["master", "trunk"]


def repository(host: str, default: str, folder: Path) -> Path:
    """Return a repository on a host, with a site, and with the branches `other` and `renovate/all`."""
    files = working_tree().render({"repository_host": host, "docs": True})
    remote = hosted(files, folder, default)
    run("git", "branch", "renovate/all", default, cwd=remote)
    stand_ins(folder / "programs")
    return remote


def results(host: str, remote: Path, ref: str, path: str, folder: Path) -> dict[str, str]:
    """Push a branch or a tag, and return the results of the jobs of a file by their name."""
    pipeline = Pipeline(host, remote, ref, folder / f"pipeline-{ref.replace('/', '-')}")
    pipeline.variables = {"CALLS": str(folder / "calls"), "PATH": f"{folder}/programs:/usr/bin:/bin", "TESTS": TESTS}
    found = pipeline.run("push", path).results
    return {name.removeprefix(f"{path} "): result for name, result in found.items()}


@pytest.mark.parametrize("default", DEFAULTS)
def test_github_runs_ci_on_the_default_branch(default: str, tmp_path: Path) -> None:
    """It alone writes layers and publishes the site. Branches of bots run as pull requests alone."""
    remote = repository("github", default, tmp_path)
    tests = {"test": "success", "image": "success"}
    assert results("github", remote, default, CI, tmp_path) == {**tests, "layers": "success"}
    assert results("github", remote, default, DOCS, tmp_path) == {"build": "success", "publish": "success"}
    assert results("github", remote, "other", CI, tmp_path) == {**tests, "layers": "skipped"}
    assert results("github", remote, "other", DOCS, tmp_path) == {"build": "skipped", "publish": "skipped"}
    assert results("github", remote, "renovate/all", CI, tmp_path) == {}
    assert results("github", remote, "renovate/all", DOCS, tmp_path) == {}


@pytest.mark.parametrize("default", DEFAULTS)
def test_github_releases_commits_of_the_default_branch_alone(default: str, tmp_path: Path) -> None:
    """The tag v0.1.1 is on another branch."""
    remote = repository("github", default, tmp_path)
    run("git", "branch", "main", "other", cwd=remote)
    assert results("github", remote, "v0.1.0", RELEASE, tmp_path)["release"] == "success"
    refused = results("github", remote, "v0.1.1", RELEASE, tmp_path)
    assert (refused["check"], refused["release"]) == ("failure", "skipped")


@pytest.mark.parametrize("default", DEFAULTS)
def test_gitlab_runs_ci_on_the_default_branch(default: str, tmp_path: Path) -> None:
    remote = repository("gitlab", default, tmp_path)
    for ref, expected in ((default, "success"), ("other", "skipped")):
        found = results("gitlab", remote, ref, GITLAB_FILE, tmp_path)
        assert (found["test"], found["layers"], found["pages"]) == ("success", expected, expected)
    assert results("gitlab", remote, "v0.1.0", GITLAB_FILE, tmp_path)["release"] == "success"
    assert results("gitlab", remote, "v0.1.1", GITLAB_FILE, tmp_path)["check tag"] == "failure"


def test_no_workflow_names_a_branch() -> None:
    for variant in distinct(*WORKFLOWS, every=shapes()):
        text = variant.content.decode()
        assert "/main" not in text
        assert "[main]" not in text
