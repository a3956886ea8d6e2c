"""Tests of the command."""

import runpy
from importlib.metadata import version

import pytest

from myproject import cli


def test_greets(capsys: pytest.CaptureFixture[str]) -> None:
    """It prints a greeting and a line end."""
    cli.main([])
    assert capsys.readouterr().out == "Hello, World!\n"


def test_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is the one that is installed."""
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == version(cli.DISTRIBUTION) + "\n"


def test_runs_as_a_module(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`python -m` does what the command does."""
    package = "myproject"
    monkeypatch.setattr("sys.argv", [package])
    runpy.run_module(package, run_name="__main__")
    assert capsys.readouterr().out == "Hello, World!\n"
