"""Updates by `copier update` alone: the commands of docs/upstream.md, and the outcomes in docs/updates.md."""

import os
from pathlib import Path

import pytest

from tests.kit.commands import COPIER, run
from tests.kit.hazards import HAZARDS, PLAIN, Hazard, outcome, small_releases
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


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a small template with the real script."""
    return small_releases(tmp_path_factory.mktemp("small") / "template")


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.name)
def test_copier_alone_on_a_machine_with_a_hazard(hazard: Hazard, small: Path, tmp_path: Path) -> None:
    """tests/updates/test_guard.py has the outcomes of `poe update`, and compares the table."""
    assert outcome(hazard, PLAIN, small, tmp_path).name == hazard.plain
