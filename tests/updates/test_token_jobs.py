"""A package of the project cannot reach the token that pushes an update."""

from pathlib import Path

import pytest

from tests.kit.attacks import earlier_source, infected
from tests.kit.commands import COPIER, run
from tests.kit.pipeline import Pipeline, stand_ins
from tests.kit.rehearsal import generated, small_template
from tests.kit.update_jobs import HOSTS, UPDATE_FILE, Remote
from tools.repository import ROOT

TOKEN = "glpat-of-the-template"


def loot(host: str, source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the update jobs of a repository with a package that steals, and return its notes."""
    answers = {"repository_host": host, "dependency_updates": "none", "docker": False}
    template = small_template(folder / "template", source)
    remote = Remote(host, generated(template, "v0.1.0", answers, folder / "old"), folder, monkeypatch)
    remote.push()
    pipeline = Pipeline(host, remote.bare, remote.branch, folder / "pipeline")
    programs = stand_ins(folder / "programs", "gh")
    pipeline.variables = {
        "CALLS": str(folder / "calls"),
        "CI_PROJECT_URL": f"file://{folder}/remote",
        "LOOT": str(folder / "loot"),
        "PATH": f"{programs}:{folder}/bin:{COPIER.parent}:/usr/bin:/bin",
        "TESTS": f"{infected(folder)} -c pass",
    }
    pipeline.secrets = {"TEMPLATE_TOKEN": TOKEN}
    # Earlier READMEs did not say how to limit the variable.
    pipeline.scopes = pipeline.scopes if source == ROOT else {}
    pipeline.run("schedule", UPDATE_FILE[host], "template", "update", "propose")
    proposed = "template-update/v0.2.0" if source == ROOT else "template-v0.2.0"
    assert remote.branches() == {remote.branch, proposed}, pipeline.used
    return (folder / "loot").read_text(encoding="utf-8")


@pytest.mark.parametrize("host", HOSTS)
def test_a_package_cannot_steal_the_token(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs, and leaves a hook for the push. The push happens in another job, in a new clone."""
    found = loot(host, ROOT, tmp_path, monkeypatch)
    assert found.startswith("ran with None\n")
    assert TOKEN not in found


@pytest.mark.parametrize("host", HOSTS)
def test_a_package_stole_the_token_before(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same package, with the jobs of an earlier template."""
    assert f"pushed with {TOKEN}" in loot(host, earlier_source(), tmp_path, monkeypatch)


def test_only_one_branch_of_the_bundle_is_pushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job that makes the bundle runs other people's code, so the bundle can have anything."""
    template = small_template(tmp_path / "template")
    answers = {"repository_host": "github", "dependency_updates": "none", "docker": False}
    remote = Remote("github", generated(template, "v0.1.0", answers, tmp_path / "old"), tmp_path, monkeypatch)
    remote.push()
    pipeline = Pipeline("github", remote.bare, remote.branch, tmp_path / "pipeline")
    pipeline.outputs["update"] = {"bundle": "1"}
    for branch, result in (("template-update/v0.2.0", "success"), ("template-update/v0.3.0", "failure")):
        run(
            "sh",
            "-ec",
            f"git branch {branch}; git tag --force v9; git bundle create update.bundle --all",
            cwd=remote.project,
        )
        pipeline.keep("update", remote.project / "update.bundle")
        ended = pipeline.run("schedule", UPDATE_FILE["github"], "propose").results
        assert list(ended.values()) == [result], pipeline.used
        assert remote.branches() == {remote.branch, "template-update/v0.2.0"}
        assert run("git", "tag", cwd=remote.bare) == ""
