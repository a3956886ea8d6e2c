"""The template's own CI: what its workflow shares with those that it generates, and its steps, run as a runner does.

The linters hold it in test_hosts.py, together with what is generated.
"""

import json
import os
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from tests.kit.answers import working_tree
from tests.kit.ci_runner import CI, JOBS, OURS, steps
from tests.kit.commands import run, write
from tests.kit.pythons import pythons
from tools.docs.markdown import code_blocks, section
from tools.history import releases
from tools.repository import ROOT

SHARDS = JOBS["test"]["strategy"]["matrix"]["shard"]

SUDO = b'#!/bin/sh\nexec "$@"\n'
"""A runner's sudo, on a machine where whoever runs the tests need not change."""

GH = b"""#!/bin/sh
echo "$@"
case $* in *--input=-*) cat ;; esac
"""
"""The command line of GitHub, which says what it was asked for."""

NOTED = """import os, pathlib, pytest

@pytest.mark.parametrize("number", range({number}))
def test_{name}(number):
    with pathlib.Path(os.environ["NOTES"]).open("a") as notes:
        notes.write(f"{name} {{number}}\\n")
"""
"""Tests that note that they have run."""

QUICK = "--numprocesses=0 -p no:hypothesispytest -p no:pytest_copier"
"""Leaves out what these tests do not need, and takes seconds to start."""


def test_the_actions_are_those_of_the_workflows_that_are_generated() -> None:
    known = set(re.findall(r'"(\S+@[0-9a-f]{40} # v\S+)"', (ROOT / "extensions/actions.jinja").read_text("utf-8")))
    assert known
    used = {action for file in OURS for action in re.findall(r"uses: (.*)", file.read_text("utf-8"))}
    assert used
    assert used <= known


def test_every_job_has_a_limit_and_the_least_permissions() -> None:
    assert CI["permissions"] == {}
    allowed = {"lint": {"contents": "read"}, "test": {"contents": "read"}, "release": {"contents": "write"}}
    for name, job in JOBS.items():
        assert job["permissions"] == allowed.get(name, {})
        assert job["timeout-minutes"] <= 30


def test_the_tests_have_every_python_and_run_on_the_oldest() -> None:
    """By which all others are found; the last one that is set up is the one that commands get."""
    oldest = pythons()[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["requires-python"] == f">={oldest}"
    told = {
        name: step["with"]["python-version"].split()
        for name in ("lint", "test")
        for step in JOBS[name]["steps"]
        if "python-version" in step.get("with", {})
    }
    assert told == {"lint": [oldest], "test": pythons()[::-1]}


def test_the_machine_is_that_of_the_workflows_that_are_generated() -> None:
    generated = yaml.safe_load(working_tree().render({})[".github/workflows/ci.yml"])["jobs"]["test"]["runs-on"]
    assert {job["runs-on"] for job in JOBS.values()} == {generated}


def test_every_test_is_in_one_shard_and_each_shard_has_some_of_every_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the command of CI, with this repository's settings, for tests that are there instead of its own."""
    tests = {f"tests/test_{name}.py": NOTED.format(name=name, number=len(SHARDS) + 1).encode() for name in "abc"}
    settings = {
        path: (ROOT / path).read_bytes()
        for path in (
            "Makefile",
            "pyproject.toml",
            "poetry.lock",
            "tests/package.json",
            "extensions/dependencies/tools-requirements.txt",
        )
    }
    write({**settings, **tests, ".sudo/sudo": SUDO}, tmp_path)
    (tmp_path / ".sudo/sudo").chmod(0o755)
    for tools in (".poetry", ".venv", ".node"):
        write({f"{tools}/ready": b""}, tmp_path)
    (tmp_path / ".venv/bin").symlink_to(ROOT / ".venv/bin")
    monkeypatch.setenv("PATH", f"{tmp_path}/.sudo:{os.environ['PATH']}")
    [(command, more)] = [(text, env) for text, env in steps(JOBS["test"]) if "make test" in text]
    assert more == {"SHARD": "${{ matrix.shard }}/${{ strategy.job-total }}"}
    ran = []
    for shard in SHARDS:
        notes = tmp_path / f"notes-{shard}"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MAKE"))},
            "PYTEST_ADDOPTS": QUICK,
            "NOTES": str(notes),
            "SHARD": f"{shard}/{len(SHARDS)}",
        }
        run("bash", "-ec", command, cwd=tmp_path, env=environment)
        ran.append(notes.read_text("utf-8").splitlines())
    every = [f"{name} {number}" for name in "abc" for number in range(len(SHARDS) + 1)]
    assert sorted(line for lines in ran for line in lines) == sorted(every)
    assert all({line[0] for line in lines} == set("abc") for lines in ran)


@pytest.mark.parametrize("result", ["success", "failure", "cancelled", "skipped"])
def test_what_the_main_branch_asks_for_has_passed_only_when_all_else_has(result: str) -> None:
    """And is said whatever happens, as the host takes a job that was skipped for one that has passed."""
    job = JOBS["passed"]
    assert set(job["needs"]) == JOBS.keys() - {"passed", "release"}
    assert (job["name"], job["if"], JOBS["release"]["needs"]) == ("passed", "always()", "passed")
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


def test_what_is_set_once_on_the_host_asks_for_that_job_and_tags_every_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    [commands] = code_blocks(section(page, "Once on the host"))
    clone, remote = tmp_path / "clone", tmp_path / "remote.git"
    run("git", "clone", "--quiet", "--no-tags", ROOT, clone)
    run("git", "init", "--quiet", "--bare", remote)
    run("git", "remote", "set-url", "origin", remote, cwd=clone)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    (write({"gh": GH}, tmp_path / "bin") / "gh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    said = run("bash", "-ec", commands, cwd=clone)
    assert "repo edit --add-topic=copier-template\n" in said
    main, kept = (json.loads(ruleset) for ruleset in re.findall(r"(?ms)^\{.*?^\}$", said))
    [asked] = [rule["parameters"] for rule in main["rules"] if "parameters" in rule]
    assert asked["required_status_checks"] == [{"context": JOBS["passed"]["name"]}]
    [pattern] = kept["conditions"]["ref_name"]["include"]
    listed = ("for-each-ref", "--sort=version:refname", "--format=%(refname) %(objectname)", "refs/tags")
    tags = run("git", *listed, cwd=remote).splitlines()
    assert tags == [f"refs/tags/{tag} {commit}" for tag, commit in releases().items()]
    assert all(fnmatch(tag.split()[0], pattern) for tag in tags)
