"""The JUnit reports of the test suite: read them, and reject incomplete or failed runs."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tools.repository import ROOT

Collect = Callable[[Collection[str]], set[str]]
"""Returns the names of all tests of some test functions."""


@dataclass(frozen=True)
class Case:
    """A test in a report.

    Attributes:
        name: The node ID of pytest.
        outcome: "passed", "skipped", "failure" or "error".
        reason: Why pytest skipped it; empty otherwise.
        properties: The values that it recorded with `record_property`, by their keys.
    """

    name: str
    outcome: str
    reason: str
    properties: Mapping[str, Any]

    @property
    def function(self) -> str:
        """The node ID without parameters."""
        return self.name.partition("[")[0]


@dataclass(frozen=True)
class Report:
    """The report of a run, in one or several files.

    Attributes:
        date: The date of the last part, as YYYY-MM-DD.
        cases: The tests.
    """

    date: str
    cases: Sequence[Case]

    def count(self, outcome: str) -> int:
        """Return the number of tests with an outcome."""
        return sum(case.outcome == outcome for case in self.cases)


def read(files: Sequence[Path]) -> Report:
    """Read the files of a report.

    Raises:
        ValueError: A file is missing or is not XML.
    """
    roots = list(map(parse, files))
    dates = [suite.attrib["timestamp"][:10] for root in roots for suite in root.iter("testsuite")]
    return Report(max(dates, default=""), [case(element) for root in roots for element in root.iter("testcase")])


def parse(file: Path) -> ElementTree.Element:
    """Parse a file of a report.

    Raises:
        ValueError: The file is missing or is not XML.
    """
    try:
        return ElementTree.parse(file).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise ValueError(f"Name a report of `pytest --junitxml`: {file}: {error}") from error


def case(element: ElementTree.Element) -> Case:
    """Convert the element of a test."""
    [outcome, *_] = [one for one in ("failure", "error", "skipped") if element.find(one) is not None] or ["passed"]
    skipped = element.find("skipped")
    properties = {
        each.attrib["name"]: json.loads(each.attrib["value"]) for each in element.findall("properties/property")
    }
    name = f"{element.attrib['classname'].replace('.', '/')}.py::{element.attrib['name']}"
    return Case(name, outcome, "" if skipped is None else skipped.attrib["message"], properties)


def collected(functions: Collection[str], folder: Path = ROOT) -> set[str]:
    """Return the node IDs of all tests of some test functions, as pytest collects them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "--numprocesses=0", *functions]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return {line for line in result.stdout.splitlines() if "::" in line}


def require_complete(report: Report, keys: Collection[str], collect: Collect) -> None:
    """Reject the report of an incomplete or failed run.

    Args:
        report: The report.
        keys: The properties that tests must have recorded.
        collect: Returns the names of all tests of some test functions.

    Raises:
        ValueError: A test failed, is there twice, or is missing.
    """
    if failed := sorted(case.name for case in report.cases if case.outcome in ("failure", "error")):
        raise ValueError(f"Fix the failed tests first: {listed(failed)}.")
    if twice := sorted(name for name, times in Counter(case.name for case in report.cases).items() if times > 1):
        raise ValueError(f"Name each report once: duplicate results of {listed(twice)}.")
    recording = [case for case in report.cases if case.properties.keys() & set(keys)]
    if missing := sorted(set(keys) - {key for case in recording for key in case.properties}):
        raise ValueError(f"Run all tests, as `make combinations` does: no test recorded {listed(missing)}.")
    functions = sorted({case.function for case in recording})
    if missing := sorted(collect(functions) - {case.name for case in report.cases}):
        raise ValueError(f"Run all tests, as `make combinations` does: no result of {listed(missing)}.")


def listed(names: Sequence[str]) -> str:
    """Write the first name and the number of the others."""
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else names[0]
