"""The shards of the template's own workflow, run by its own command."""

import os
from pathlib import Path

import pytest

from tests.kit.ci_runner import own_job, planned_shards, steps
from tests.kit.commands import run, write
from tools.repository import ROOT

SUDO = b'#!/bin/sh\nexec "$@"\n'
"""A runner's sudo that does not change the user."""

MODULE = """import os, pathlib, pytest

@pytest.mark.parametrize("number", range({number}))
def test_{name}(number):
    with pathlib.Path(os.environ["LOG"]).open("a") as log:
        log.write(f"{name} {{number}}\\n")
"""
"""Tests that log each run."""

QUICK = "--numprocesses=0 -p no:hypothesispytest -p no:pytest_copier"
"""Options without which each start of pytest takes seconds."""

FOLDERS = {"test": ["fast", "poetry", "images", "updates"], "test-all": ["fast", "images", "updates", "nightly"]}


@pytest.mark.cases("target", planned_shards)
def test_every_test_runs_in_one_shard_and_each_shard_has_tests_of_each_module(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With this repository's settings, for other tests in place of its own."""
    shards, folders = planned_shards()[target], FOLDERS[target]
    tests = {
        f"tests/{name}/test_{name}.py": MODULE.format(name=name, number=len(shards) + 1).encode() for name in folders
    }
    settings = {
        path: (ROOT / path).read_bytes()
        for path in (
            "Makefile",
            "pyproject.toml",
            "poetry.lock",
            "tests/nightly/package.json",
            "extensions/dependencies/tools-requirements.txt",
        )
    }
    write({**settings, **tests, ".sudo/sudo": SUDO}, tmp_path)
    (tmp_path / ".sudo/sudo").chmod(0o755)
    for tools in (".poetry", ".venv", ".node"):
        write({f"{tools}/ready": b""}, tmp_path)
    (tmp_path / ".venv/bin").symlink_to(ROOT / ".venv/bin")
    monkeypatch.setenv("PATH", f"{tmp_path}/.sudo:{os.environ['PATH']}")
    [*_, (command, _)] = steps(own_job("test"))
    logs = []
    for shard in shards:
        log = tmp_path / f"log-{shard}"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MAKE"))},
            "PYTEST_ADDOPTS": QUICK,
            "LOG": str(log),
            "TARGET": target,
            "SHARD": f"{shard}/{len(shards)}",
        }
        run("bash", "-ec", command, cwd=tmp_path, env=environment)
        logs.append(log.read_text("utf-8").splitlines())
    every = [f"{name} {number}" for name in folders for number in range(len(shards) + 1)]
    assert sorted(line for lines in logs for line in lines) == sorted(every)
    assert all({line.split()[0] for line in lines} == set(folders) for lines in logs)
