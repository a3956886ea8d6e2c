"""The checks of sp-repo-review that fail are those that docs/practices.md declines."""

import re
from pathlib import Path

import pytest
from repo_review.processor import Result, collect_all, process

from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import write
from tools.repository import ROOT

ROW = re.compile(r"^\| ((?:[A-Z]+\d+(?:, )?)+): .* \| (all|(?:\w+(?:, )?)+) \| .+[.] \|$", re.MULTILINE)
"""A row of the table: the checks, the types for which they fail, and a reason."""


def declined() -> dict[str, set[str]]:
    """Return the declined checks of each type."""
    page = (ROOT / "docs/practices.md").read_text(encoding="utf-8")
    rows = [(set(checks.split(", ")), types) for checks, types in ROW.findall(page)]
    return {kind: set().union(*(checks for checks, types in rows if types == "all" or kind in types)) for kind in KINDS}


def results(repository: Path) -> list[Result]:
    """Return the results of all checks but that of validate-pyproject, which other tests run: it takes seconds."""
    collected = collect_all(repository)
    del collected.checks["VPP001"]
    return process(repository, collected=collected).results


@pytest.mark.parametrize("kind", KINDS)
def test_only_declined_checks_fail(kind: str, tmp_path: Path) -> None:
    found = results(write(working_tree().render({"project_type": kind}), tmp_path))
    assert {"GH100", "MY103", "PC100", "PP301", "PY001", "RF001", "SEC001"} <= {result.name for result in found}
    assert {result.name for result in found if result.result is False} == declined()[kind]
