"""Record the tested combinations in docs/combinations.json: `python -m tools.docs.tested REPORT.xml...`.

Tests record their combination and their findings with pytest's `record_property`.
`make docs` writes docs/combinations.md from this file. Combinations that were added after the run appear as gaps.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tools.docs.junit import Case, Collect, Report, collected, read, require_complete
from tools.history import releases
from tools.render.template import Template
from tools.repository import ROOT, git

COMBINATIONS = ROOT / "docs/combinations.json"
PINS = ROOT / "extensions/dependencies/tools-requirements.txt"

STEPS = ("rendered", "checked", "locked", "installed", "built")
"""The properties under which tests record a combination."""

Record = dict[str, Any]
"""The answers of a tested combination, with the findings in `found` or the reason in `skipped`."""

Data = dict[str, Any]
"""The facts of the `run`, and the records of each step."""


def results(files: Sequence[Path], combinations: Callable[[], int], collect: Collect) -> Data:
    """Return the tested combinations of a run.

    Args:
        files: The report of all tests, or those of its parts.
        combinations: Returns the number of combinations of choices.
        collect: Returns the names of all tests of some test functions.

    Raises:
        ValueError: A report is unreadable, or the run is incomplete or failed.
    """
    report = read(files)
    require_complete(report, STEPS, collect)
    return {
        "run": facts(report) | {"combinations": combinations()},
        **{step: records(report.cases, step) for step in STEPS},
    }


def facts(report: Report) -> dict[str, Any]:
    """Return the date, the commit, the counts and the tool versions of a run."""
    [*_, release] = releases()
    return {
        "date": report.date,
        "release": release,
        "commit": git("describe", "--always", "--dirty", "--exclude=*", "--abbrev=12").strip(),
        "passed": report.count("passed"),
        "skipped": report.count("skipped"),
        "Copier": version("copier"),
        **dict(re.findall(r"(\S+)==(\S+)", PINS.read_text(encoding="utf-8"))),
    }


def records(cases: Sequence[Case], step: str) -> list[Record]:
    """Return the records of a step, sorted."""
    found = []
    for case in cases:
        if step in case.properties:
            findings = {key: case.properties[key] for key in ("found",) if key in case.properties}
            skipped = {"skipped": case.reason} if case.outcome == "skipped" else {}
            found.append(case.properties[step] | findings | skipped)
    return sorted(found, key=json.dumps)


def written(data: Data) -> str:
    """Write the data as JSON, with a line for each record."""
    parts = [f'"run": {json.dumps(data["run"])}']
    parts += [f'"{step}": [\n' + ",\n".join(map(json.dumps, data[step])) + "\n]" for step in STEPS]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    """Record the tested combinations of a run."""
    parser = argparse.ArgumentParser(prog="tools.docs.tested", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("report", type=Path, nargs="+", help="JUnit report of all tests, or of a part of them")
    options = parser.parse_args()
    try:
        data = results(options.report, lambda: len(Template().product()), collected)
    except ValueError as error:
        sys.exit(str(error))
    COMBINATIONS.write_text(written(data), encoding="utf-8")


if __name__ == "__main__":
    main()
