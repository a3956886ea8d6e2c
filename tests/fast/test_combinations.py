"""What was tried: what a report has to have, and what the page says of it."""

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
from tools.docs.tested import COMBINATIONS, STEPS, Data, collected, combinations_page, results, written
from tools.questions.model import Question, questions
from tools.render.template import ROOT

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
"""Tests that note what they try, as those of this repository do."""

COMMITTED: Data = json.loads(COMBINATIONS.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Ran:
    """Tests that were run.

    Attributes:
        report: What pytest wrote of them.
        every: By which names it finds them.
        parts: Where a report on a part of them can be written.
    """

    report: Path
    every: set[str]
    parts: Path

    def part(self, wanted: Callable[[str], bool]) -> Path:
        """Return the report as it would be had only those tests run whose names are wanted."""
        tree = ElementTree.parse(self.report)
        for suite in tree.iter("testsuite"):
            for case in list(suite):
                if not wanted(case.attrib["name"]):
                    suite.remove(case)
        file = self.parts / f"{len(list(self.parts.iterdir()))}.xml"
        tree.write(file)
        return file

    def results(self, *reports: Path) -> Data:
        """Return what reports tell."""
        return results(reports, 7, lambda functions: {name for name in self.every if name.startswith(tuple(functions))})


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Run tests in two processes."""
    folder = write({"tests/test_x.py": TESTS}, tmp_path_factory.mktemp("ran"))
    (folder / "parts").mkdir()
    options = ("-p", "xdist", "--numprocesses=2", "--junitxml=report.xml")
    run(sys.executable, "-m", "pytest", *options, cwd=folder, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    return Ran(folder / "report.xml", collected(["tests/test_x.py"], folder), folder / "parts")


def test_a_report_tells_what_was_tried_and_what_was_left_out(ran: Ran) -> None:
    data = ran.results(ran.report)
    tried = {"python_version": "3.13", "found": {"bytes": 1}}
    assert data["built"] == [tried, {"python_version": "3.14", "skipped": "there is no 3.14"}]
    assert data["installed"] == [tried, {**tried, "python_version": "3.14"}]
    assert data["rendered"] == [{"file": "x", "variants": 2}]
    assert (data["run"]["passed"], data["run"]["skipped"], data["run"]["combinations"]) == (9, 1, 7)
    assert json.loads(written(data)) == data


def test_the_reports_on_all_parts_are_as_good_as_one_on_all(ran: Ran) -> None:
    parts = (ran.part(lambda name: "3.14" in name), ran.part(lambda name: "3.14" not in name))
    assert ran.results(*parts) == ran.results(ran.report)


def test_a_report_on_a_part_is_refused(ran: Ran) -> None:
    with pytest.raises(ValueError, match=r"^tests/test_x.py::test_tries\[3.14-built\] is not in the report: run all"):
        ran.results(ran.part(lambda name: name != "test_tries[3.14-built]"))
    with pytest.raises(ValueError, match=r"3.13-built\] is not in the report, nor are 3 others: run all"):
        ran.results(ran.part(lambda name: "3.13" not in name))


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text("hi", encoding="utf-8")
    for report in (tmp_path / "report.xml", tmp_path / "none.xml"):
        with pytest.raises(ValueError, match=r"\.xml is no report that pytest wrote with --junitxml: .*\.$"):
            results([report], 1, collected)


def test_a_report_that_is_named_twice_is_refused(ran: Ran) -> None:
    with pytest.raises(ValueError, match=r"^tests/.* is there twice: name the report on each part of a run once\.$"):
        ran.results(ran.report, ran.report)


def test_a_report_with_a_failure_is_refused(ran: Ran) -> None:
    tree = ElementTree.parse(ran.report)
    ElementTree.SubElement(next(tree.iter("testcase")), "failure")
    tree.write(ran.parts / "failed.xml")
    with pytest.raises(ValueError, match=r"^tests/test_x.py::test_\S+ did not pass: mend that first\.$"):
        ran.results(ran.parts / "failed.xml")


def test_the_program_says_in_a_sentence_what_it_refuses(ran: Ran) -> None:
    part = ran.part(lambda name: "tries" in name)
    with pytest.raises(AssertionError, match=r"failed:\nNo test in the report tells what was rendered: run all tests"):
        run(sys.executable, "-m", "tools.docs.tested", part, cwd=ROOT)


@cache
def asked() -> list[Question]:
    """Return the questions."""
    return questions(working_tree())


def page(change: Callable[[Data], object] = lambda data: None) -> str:
    """Write the page from the data that is committed, after a change of it."""
    data = deepcopy(COMMITTED)
    change(data)
    return combinations_page(data, asked(), working_tree())


def without_python(data: Data) -> None:
    """Drop what was tried with one Python, as if it could be answered only since."""
    for step in STEPS:
        data[step] = [record for record in data[step] if record.get("python_version") != "3.12"]


def test_what_can_be_answered_only_since_is_a_gap() -> None:
    """In the matrix, on day one, and among the answers; nothing else is."""
    new = [line for line in page(without_python).splitlines() if line not in page().splitlines()]
    assert [line.count("not tried") for line in new if line.startswith(tuple(f"| {kind}, " for kind in KINDS))] == [
        1
    ] * 6
    assert [line.count("not tried") for line in new if line.startswith(tuple(f"| {kind} | " for kind in KINDS))] == [
        1
    ] * 3
    assert "|  | `3.12` | not tried | not tried | not tried |" in new
    listed = [line for line in new if line.startswith("- ")]
    assert listed[0] == "- the image of `package`, `pip`, `slim`, `3.12`: it can be answered only since"
    assert listed[-1] == "- `python_version` answered with `3.12`: in no repository that was installed and checked"
    assert len(listed) == 7


def test_an_image_that_was_left_out_is_a_gap_with_its_reason() -> None:
    def leave_out(data: Data) -> None:
        record = next(record for record in data["built"] if record["project_type"] == "service")
        del record["found"]
        record["skipped"] = "there is no base"

    assert "\n**Not tried in that run:**\n\n- the image of `service`, " in page(leave_out)
    assert "`: there is no base\n" in page(leave_out)


def test_every_step_was_taken() -> None:
    assert all(COMMITTED[step] for step in STEPS)
