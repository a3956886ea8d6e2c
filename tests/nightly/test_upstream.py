"""docs/upstream.md: the commands of each section, and their output."""

import os
from pathlib import Path

import pytest

from tests.kit.commands import COPIER, run
from tools.docs.markdown import FENCED
from tools.repository import ROOT


def reproductions() -> list[tuple[str, str, str]]:
    """Return the set-up, the commands and the output of each reproduction."""
    blocks = FENCED.findall((ROOT / "docs/upstream.md").read_text(encoding="utf-8"))
    (_, setup), *rest = blocks
    kinds = [kind for kind, _ in rest]
    assert kinds == ["sh", "text"] * (len(rest) // 2)
    return [(setup, commands, output) for (_, commands), (_, output) in zip(rest[::2], rest[1::2], strict=True)]


@pytest.mark.cases(("setup", "commands", "output"), reproductions)
def test_a_reproduction_for_copier(setup: str, commands: str, output: str, tmp_path: Path) -> None:
    environment = {
        "HOME": str(tmp_path),
        "PATH": f"{COPIER.parent}:{os.environ['PATH']}",
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "Ada",
        "GIT_CONFIG_KEY_1": "user.email",
        "GIT_CONFIG_VALUE_1": "ada@example.org",
    }
    run("bash", "-euc", setup, cwd=tmp_path, env=environment)
    assert run("bash", "-euc", commands, cwd=tmp_path / "project", env=environment) == output
