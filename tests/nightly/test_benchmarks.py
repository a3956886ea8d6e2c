"""The benchmarks, run with one round of their smallest sets. Their figures are not checked."""

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.builds import REPOSITORY
from benchmarks.contestants import OURS
from benchmarks.projects import EDITS
from benchmarks.series import base_image
from tests.kit.commands import run
from tests.kit.docker import engine_is_missing, what_is
from tools.repository import ROOT

PYTHON = ROOT / ".venv/bin/python"


def benchmark_images() -> set[str]:
    """Return the names of all images of the benchmark."""
    return set(run("docker", "image", "ls", "--format={{.Repository}}:{{.Tag}}", REPOSITORY).split())


def test_images_are_compared_with_an_earlier_template(tmp_path: Path) -> None:
    if engine_is_missing() or not what_is(base_image()):
        pytest.skip(f"needs a Docker engine and {base_image()}")
    before, output = benchmark_images(), tmp_path / "results.json"
    options = ["--set", "small", "--rounds=1", "--only", OURS, "--against=HEAD", f"--output={output}"]
    command: list[str | Path] = [PYTHON, "-m", "benchmarks.images", *options]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert output.exists(), result.stderr
    small = json.loads(output.read_text(encoding="utf-8"))["sets"]["small"]
    assert len(small["contestants"]) == 2
    for results in small["contestants"].values():
        assert results["ships"].keys() == EDITS.keys()
        assert results["verifies_hashes"]
        assert results["size"] > 0
    assert "fastapi" in small["distributions"]
    assert f"| {EDITS['source']}, s | " in result.stdout
    assert benchmark_images() == before


def test_updates_of_a_few_repositories_are_measured() -> None:
    options = ["--repositories=4", "--rounds=1"]
    printed = run(PYTHON, "-m", "benchmarks.updates", *options, cwd=ROOT)
    results = json.loads(printed[printed.index("{\n") :])
    assert results["repositories"] == 4
    assert results["seconds"].keys() == {"command", "task", "in process", "copy"}
    assert all(len(times) == 4 for times in (results["sequential"], results["parallel"]))
