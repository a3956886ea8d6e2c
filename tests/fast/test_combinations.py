"""The tested combinations: the reports of the test suite, and the page."""

import json
import os
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import run, write
from tools.docs import tested
from tools.docs.junit import collected
from tools.docs.tested import COMBINATIONS, STEPS, Data, results, written
from tools.docs.tested_page import combinations_page
from tools.questions.derive import questions
from tools.questions.model import Question

TESTS = b"""
import json
import pytest

@pytest.mark.parametrize("step", ["checked", "locked", "installed", "built"])
@pytest.mark.parametrize("python", ["3.13", "3.14"])
def test_tries(step, python, record_property):
    record_property(step, json.dumps({"python_version": python}))
    if (step, python) == ("built", "3.14"):
        pytest.skip("there is no 3.14")
    record_property("found", json.dumps({"bytes": 1}))

def test_renders(record_property):
    record_property("rendered", json.dumps({"file": "x", "variants": 2}))

def test_notes_nothing():
    pass
"""
"""Tests that record their combinations, as those of this repository do."""


@cache
def committed() -> Data:
    """Return the committed data."""
    return dict(json.loads(COMBINATIONS.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Ran:
    """A test run.

    Attributes:
        report: Its report.
        every: The names of all its tests.
        parts: A folder for reports of parts of it.
    """

    report: Path
    every: set[str]
    parts: Path

    def part(self, wanted: Callable[[str], bool]) -> Path:
        """Write a report of the tests with wanted names."""
        tree = ElementTree.parse(self.report)
        for suite in tree.iter("testsuite"):
            for case in list(suite):
                if not wanted(case.attrib["name"]):
                    suite.remove(case)
        file = self.parts / f"{len(list(self.parts.iterdir()))}.xml"
        tree.write(file)
        return file

    def results(self, *reports: Path) -> Data:
        """Return the tested combinations."""
        return results(
            reports, lambda: 7, lambda functions: {name for name in self.every if name.startswith(tuple(functions))}
        )


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Run tests in two processes."""
    folder = write({"tests/test_x.py": TESTS}, tmp_path_factory.mktemp("ran"))
    (folder / "parts").mkdir()
    options = ("-p", "xdist", "--numprocesses=2", "--junitxml=report.xml")
    run(sys.executable, "-m", "pytest", *options, cwd=folder, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    return Ran(folder / "report.xml", collected(["tests/test_x.py"], folder), folder / "parts")


def test_results_of_a_report(ran: Ran) -> None:
    data = ran.results(ran.report)
    tested = {"python_version": "3.13", "found": {"bytes": 1}}
    assert data["built"] == [tested, {"python_version": "3.14", "skipped": "there is no 3.14"}]
    assert data["installed"] == [tested, {**tested, "python_version": "3.14"}]
    assert data["rendered"] == [{"file": "x", "variants": 2}]
    assert (data["run"]["passed"], data["run"]["skipped"], data["run"]["combinations"]) == (9, 1, 7)
    assert json.loads(written(data)) == data


def test_reports_of_all_parts_equal_one_report(ran: Ran) -> None:
    parts = (ran.part(lambda name: "3.14" in name), ran.part(lambda name: "3.14" not in name))
    assert ran.results(*parts) == ran.results(ran.report)


def test_a_report_of_a_part_is_refused(ran: Ran) -> None:
    with pytest.raises(
        ValueError, match=r"^Run all tests, .* no result of tests/test_x.py::test_tries\[3.14-built\]\.$"
    ):
        ran.results(ran.part(lambda name: name != "test_tries[3.14-built]"))
    with pytest.raises(ValueError, match=r"^Run all tests, .* no result of \S+3.13-built\] and 3 more\.$"):
        ran.results(ran.part(lambda name: "3.13" not in name))


def test_an_unreadable_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text("hi", encoding="utf-8")
    for report in (tmp_path / "report.xml", tmp_path / "none.xml"):
        with pytest.raises(ValueError, match=r"^Name a report of `pytest --junitxml`: \S+\.xml: "):
            results([report], lambda: 1, collected)


def test_a_duplicate_report_is_refused(ran: Ran) -> None:
    with pytest.raises(ValueError, match=r"^Name each report once: duplicate results of tests/\S+ and 9 more\.$"):
        ran.results(ran.report, ran.report)


def test_a_report_with_a_failure_is_refused(ran: Ran) -> None:
    tree = ElementTree.parse(ran.report)
    ElementTree.SubElement(next(tree.iter("testcase")), "failure")
    tree.write(ran.parts / "failed.xml")
    with pytest.raises(ValueError, match=r"^Fix the failed tests first: tests/test_x.py::test_\S+\.$"):
        ran.results(ran.parts / "failed.xml")


def test_the_program_prints_an_error_in_one_line(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    """And writes nothing."""
    monkeypatch.setattr(sys, "argv", ["tested", str(ran.part(lambda name: "tries" in name))])
    before = COMBINATIONS.read_bytes()
    with pytest.raises(SystemExit, match=r"^Run all tests, as `make combinations` does: no test recorded rendered\.$"):
        tested.main()
    assert COMBINATIONS.read_bytes() == before


@cache
def all_questions() -> list[Question]:
    """Return the questions."""
    return questions(working_tree())


def page(change: Callable[[Data], object] = lambda data: None) -> str:
    """Write the page from the committed data with a change."""
    data = deepcopy(committed())
    change(data)
    return combinations_page(data, all_questions(), working_tree())


def without_python(data: Data) -> None:
    """Drop the records of one Python, as if it had been added after the run."""
    for step in STEPS:
        data[step] = [
            record for record in data[step] if "3.12" not in (record.get("python_version"), record.get("image_python"))
        ]


def test_an_answer_that_was_added_after_the_run_is_a_gap() -> None:
    """In all three tables and in the list, and nowhere else."""
    new = [line for line in page(without_python).splitlines() if line not in page().splitlines()]
    images = [line for line in new if line.startswith(tuple(f"| {kind}, " for kind in KINDS))]
    repositories = [line for line in new if line.startswith(tuple(f"| {kind} | " for kind in KINDS))]
    assert [line.count("not tested") for line in images] == [1] * 6
    assert [line.count("not tested") for line in repositories] == [1] * 3
    assert "|  | `3.12` | not tested | not tested | not tested |" in new
    listed = [line for line in new if line.startswith("- ")]
    assert listed[0] == "- the image of `package`, `pip`, `slim`, `3.12`: added after the run"
    assert listed[6:] == [
        f"- `{question}` answered with `3.12`: in no repository that was installed and checked"
        for question in ("python_version", "image_python")
    ]


def test_a_skipped_image_is_a_gap_with_its_reason() -> None:
    def leave_out(data: Data) -> None:
        record = next(record for record in data["built"] if record["project_type"] == "service")
        del record["found"]
        record["skipped"] = "there is no base"

    assert "\n**Not tested in that run:**\n\n- the image of `service`, " in page(leave_out)
    assert "`: there is no base\n" in page(leave_out)


def test_every_step_has_records() -> None:
    assert all(committed()[step] for step in STEPS)
