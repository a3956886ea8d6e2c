"""The template's own workflows: versions and permissions, the plan of the tests, the required check, and the site.

test_host_files.py lints it together with the generated workflows, and nightly/test_shards.py runs its shards.
"""

import json
import os
import re
import shlex
import shutil
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from tests.kit.answers import working_tree
from tests.kit.ci_runner import own_job, own_workflow, own_workflows, planned_shards, steps
from tests.kit.commands import run, write
from tests.kit.pythons import pythons
from tools.docs.markdown import code_blocks, section
from tools.history import current_version, releases
from tools.repository import ROOT

GH = b"""#!/bin/sh
echo "$@"
case $* in *--input=-*) cat ;; esac
"""
"""A command line of GitHub that prints its arguments and its input."""


def test_the_actions_are_those_of_the_generated_workflows() -> None:
    known = set(re.findall(r'"(\S+@[0-9a-f]{40} # v\S+)"', (ROOT / "extensions/actions.jinja").read_text("utf-8")))
    assert known
    used = {action for file in own_workflows() for action in re.findall(r"uses: (.*)", file.read_text("utf-8"))}
    assert used
    assert used <= known


def test_every_job_has_a_time_limit_and_the_least_permissions() -> None:
    assert own_workflow()["permissions"] == {}
    permissions = {name: job["permissions"] for name, job in own_workflow()["jobs"].items()}
    readers = {name: {"contents": "read"} for name in ("lint", "fast", "plan", "test")}
    assert permissions == {**readers, "passed": {}, "release": {"contents": "write"}}
    assert all(job["timeout-minutes"] <= 30 for job in own_workflow()["jobs"].values())


@pytest.mark.parametrize(("status", "has_site"), [(0, "true"), (1, "false")])
def test_the_site_is_published_if_the_repository_has_one(status: int, has_site: str, tmp_path: Path) -> None:
    """The first push to an empty host passes, and its log names the commands that create the site."""
    build, publish = own_workflow("site")["jobs"].values()
    assert build["permissions"] == {"contents": "read", "pages": "read"}
    assert publish["permissions"] == {"id-token": "write", "pages": "write"}
    assert publish["if"] == "needs.build.outputs.has-site == 'true'"
    assert [step["uses"].partition("@")[0] for step in publish["steps"]] == ["actions/deploy-pages"]
    (write({"gh": f"#!/bin/sh\nexit {status}\n".encode()}, tmp_path) / "gh").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(tmp_path / "output")}
    [(script, _), *_] = steps(build)
    output = run("bash", "-ec", script, cwd=tmp_path, env=environment)
    assert (tmp_path / "output").read_text("utf-8") == f"has-site={has_site}\n"
    assert ("Once on the host" in output) == bool(status)


def test_the_oldest_python_runs_the_tests_and_finds_all_others() -> None:
    """Commands get the Python that the step sets up last."""
    oldest = pythons()[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == f">={oldest}"
    installed = {
        name: step["with"]["python-version"].split()
        for name, job in own_workflow()["jobs"].items()
        for step in job["steps"]
        if "python-version" in step.get("with", {})
    }
    assert installed == {"lint": [oldest], "fast": [oldest], "test": pythons()[::-1]}


def test_the_runner_is_that_of_the_generated_workflows() -> None:
    generated = yaml.safe_load(working_tree().render({})[".github/workflows/ci.yml"])["jobs"]["test"]["runs-on"]
    assert {job["runs-on"] for job in own_workflow()["jobs"].values()} == {generated}


@pytest.mark.parametrize(
    ("event", "released", "target"),
    [
        ("pull_request", True, "test"),
        ("push", True, "test"),
        ("pull_request", False, "test-all"),
        ("push", False, "test-all"),
        ("schedule", True, "test-all"),
    ],
)
def test_every_test_runs_once_a_week_and_before_a_release(
    event: str, released: bool, target: str, tmp_path: Path
) -> None:
    """A version without a tag is about to be released."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=Start", cwd=tmp_path)
    if released:
        run("git", "tag", f"v{current_version()}", cwd=tmp_path)
    output = tmp_path / "output"
    [(script, _)] = steps(own_job("plan"))
    environment = {**os.environ, "GITHUB_EVENT_NAME": event, "GITHUB_OUTPUT": str(output)}
    run("bash", "-ec", script, cwd=tmp_path, env=environment)
    assert output.read_text("utf-8") == f"target={target}\nshards={planned_shards()[target]}\n"


def test_the_workflow_runs_each_shard_of_the_planned_target() -> None:
    job = own_job("test")
    assert planned_shards() == {"test": [1, 2], "test-all": [1, 2, 3, 4, 5, 6]}
    assert (job["needs"], job["strategy"]["matrix"]) == (
        "plan",
        {"shard": "${{ fromJSON(needs.plan.outputs.shards) }}"},
    )
    [*_, (script, environment)] = steps(job)
    assert script.endswith(' make "$TARGET" SHARD="$SHARD"')
    assert environment == {
        "TARGET": "${{ needs.plan.outputs.target }}",
        "SHARD": "${{ matrix.shard }}/${{ strategy.job-total }}",
    }


@pytest.mark.parametrize("target", ["test-fast", "test", "test-all"])
def test_make_passes_the_shard_to_pytest(target: str) -> None:
    """And names folders of tests that are there."""
    output = run("make", "--dry-run", "--old-file=.venv/ready", "--old-file=.node/ready", target, "SHARD=2/6", cwd=ROOT)
    [(program, *arguments)] = map(shlex.split, output.splitlines())
    assert (program, *arguments[:2]) == (".venv/bin/pytest", "--group=2", "--splits=6")
    assert arguments[2:]
    assert all((ROOT / folder).is_dir() for folder in arguments[2:])


@pytest.mark.parametrize("result", ["success", "failure", "cancelled", "skipped"])
def test_the_required_check_passes_only_when_all_jobs_pass(result: str) -> None:
    """It always runs, as the host counts a skipped job as passed."""
    job = own_job("passed")
    assert set(job["needs"]) == own_workflow()["jobs"].keys() - {"passed", "release"}
    assert (job["name"], job["if"], own_job("release")["needs"]) == ("passed", "always()", "passed")
    [(command, more)] = steps(job)
    assert more == {"RESULTS": "${{ join(needs.*.result, '') }}"}

    def passed(*results: str) -> None:
        run("bash", "-ec", command, env={**os.environ, "RESULTS": "".join(results)})

    for results in (("success", result), (result, "success")):
        if result == "success":
            passed(*results)
        else:
            with pytest.raises(AssertionError, match="failed"):
                passed(*results)


def test_the_settings_of_the_host_require_that_check_and_protect_the_tags(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    [commands] = code_blocks(section(page, "Once on the host"))
    (write({"gh": GH}, tmp_path / "bin") / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    output = run("bash", "-ec", commands, cwd=tmp_path)
    assert "repo edit --add-topic=copier-template\n" in output
    branch, release_tags = (json.loads(ruleset) for ruleset in re.findall(r"(?ms)^\{.*?^\}$", output))
    [required] = [rule["parameters"] for rule in branch["rules"] if "parameters" in rule]
    assert required["required_status_checks"] == [{"context": own_job("passed")["name"]}]
    [pattern] = release_tags["conditions"]["ref_name"]["include"]
    assert all(fnmatch(f"refs/tags/{tag}", pattern) for tag in releases())
