"""Faults of the network are told apart from failures of the product."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.commands import write
from tests.kit.faults import is_fault
from tools.repository import ROOT

LOST_LAYER = (
    "failed to prepare sha256:f8 as oz: open /var/lib/docker/overlay2/85/.tmp-committed4: no such file or directory"
)

MESSAGES = [
    "HTTPSConnectionPool(host='x', port=443): Max retries exceeded with url: /simple/ruff/",
    "[Errno 111] Connection refused",
    "All attempts to connect to packages.example.com failed.",
    "fatal: unable to access 'https://example.com/': Could not resolve host: example.com",
    "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?",
    "npm error code ECONNRESET",
    'failed to do request: Head "https://example.com": net/http: TLS handshake timeout',
    f"ERROR: failed to solve: {LOST_LAYER}",
    "write /out: no space left on device",
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
]

FAILURES = [
    "assert 'Hello, World!' == 'Howdy, World!'",
    "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
    "pyproject.toml changed significantly since poetry.lock was last generated",
    "HTTP Error 401: Unauthorized",
    "HTTP Error 404: Not Found",
    "the health check of the service timed out",
    "KeyError: 'user'",
]

TESTS = b"""
import pathlib


def attempts(name):
    file = pathlib.Path(name)
    with file.open("a") as notes:
        notes.write("x")
    return len(file.read_text())


def test_fault():
    assert attempts("fault") == 2, "Connection refused"


def test_engine():
    assert attempts("engine") == 2, "LOST_LAYER"


def test_product():
    assert attempts("product") == 2, "the command printed nothing"
"""


@pytest.mark.parametrize("message", MESSAGES)
def test_a_fault_is_recognised(message: str) -> None:
    assert is_fault(message)


@pytest.mark.parametrize("message", FAILURES)
def test_a_failure_of_the_product_is_no_fault(message: str) -> None:
    assert not is_fault(message)


def test_only_a_fault_of_the_network_or_the_engine_runs_a_test_again(tmp_path: Path) -> None:
    """With the settings of this repository, which also list each test that ran again."""
    conftest = b"from tests.conftest import pytest_configure as pytest_configure\n"
    write({"test_it.py": TESTS.replace(b"LOST_LAYER", LOST_LAYER.encode()), "conftest.py": conftest}, tmp_path)
    settings = [f"--config-file={ROOT}/pyproject.toml", f"--rootdir={tmp_path}", "--numprocesses=0", "--reruns-delay=0"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *settings, "-p", "no:hypothesispytest", tmp_path],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 failed, 2 passed, 2 rerun" in result.stdout, result.stdout
    for name in ("fault", "engine"):
        assert f"RERUN test_it.py::test_{name}" in result.stdout
    assert (tmp_path / "product").read_text(encoding="utf-8") == "x"
