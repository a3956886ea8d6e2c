"""What of all that can be answered was tried: `make combinations`, or `python -m tools.docs.tested REPORT.xml`.

Tests note with pytest's `record_property` what they try and what they find. From the report of a whole run, or of all
its parts, that goes into docs/combinations.json. `make docs` writes docs/combinations.md from it, where what can be
answered by now and was not tried in that run is a gap.
"""

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tools.questions.model import Question, answer, git, quoted, releases, unique
from tools.render.template import ROOT, Answers, Template

COMBINATIONS = ROOT / "docs/combinations.json"
PAGE = ROOT / "docs/combinations.md"
PINS = ROOT / "extensions/dependencies/tools-requirements.txt"

STEPS = {
    "rendered": (
        "files, of which all {combinations:,} combinations of choices are made",
        "parsed; nothing of the template is left in it",
    ),
    "checked": ("projects: all that Poetry can tell apart", "`poetry check --lock --strict` has nothing to say"),
    "locked": ("locks: one for each set of dependencies", "the same bytes as Poetry itself writes"),
    "installed": (
        "repositories, in which every two choices meet",
        "installed; every check of its README passes, its program and its wheel run, and nothing is changed",
    ),
    "built": ("images: all that differ by more than the licence", "built, held to its contract, run and stopped"),
}
"""By the name under which tests note it: what is tried, and what holds for each."""

IMAGE = ("project_type", "installer", "base_image", "python_version")
"""What tells the images of the matrix apart."""

NONE = "not tried"
"""What stands where something was not tried."""

Data = dict[str, Any]
Record = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A test in a report.

    Attributes:
        name: By what pytest selects it.
        outcome: "passed", "skipped", "failure" or "error".
        reason: Why it was skipped.
        notes: What it has noted, by what it calls that.
    """

    name: str
    outcome: str
    reason: str
    notes: Mapping[str, Any]

    @property
    def function(self) -> str:
        """Its name without its parameters."""
        return self.name.partition("[")[0]


def root(report: Path) -> ElementTree.Element:
    """Read a report.

    Raises:
        ValueError: It is not there, or no XML.
    """
    try:
        return ElementTree.parse(report).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise ValueError(f"{report} is no report that pytest wrote with --junitxml: {error}.") from error


def case(element: ElementTree.Element) -> Case:
    """Read a test of a report."""
    [outcome, *_] = [one for one in ("failure", "error", "skipped") if element.find(one) is not None] or ["passed"]
    skipped = element.find("skipped")
    notes = {each.attrib["name"]: json.loads(each.attrib["value"]) for each in element.findall("properties/property")}
    name = f"{element.attrib['classname'].replace('.', '/')}.py::{element.attrib['name']}"
    return Case(name, outcome, "" if skipped is None else skipped.attrib["message"], notes)


def collected(functions: Collection[str], root: Path = ROOT) -> set[str]:
    """Return by which names pytest finds the tests of some functions."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "--numprocesses=0", *functions]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return {line for line in result.stdout.splitlines() if "::" in line}


def whole(cases: Sequence[Case], collect: Callable[[Collection[str]], set[str]]) -> None:
    """Refuse a report that is not of a whole run in which nothing failed.

    Args:
        cases: The tests in the report.
        collect: Returns all tests of some functions.

    Raises:
        ValueError: A test failed, or one of those that note something is not there.
    """
    if failed := sorted(case.name for case in cases if case.outcome in ("failure", "error")):
        raise ValueError(f"{failed[0]} did not pass{and_others(failed, 'did')}: mend that first.")
    if twice := sorted(name for name, times in Counter(case.name for case in cases).items() if times > 1):
        raise ValueError(f"{twice[0]} is there twice: name the report on each part of a run once.")
    noted = {step for case in cases for step in case.notes}
    if missing := sorted(STEPS.keys() - noted):
        raise ValueError(
            f"No test in the report tells what was {missing[0]}: run all tests, as `make combinations` does."
        )
    functions = sorted({case.function for case in cases if case.notes.keys() & STEPS.keys()})
    if missing := sorted(collect(functions) - {case.name for case in cases}):
        raise ValueError(f"{missing[0]} is not in the report{and_others(missing, 'are')}: run all tests.")


def and_others(names: Sequence[str], verb: str) -> str:
    """Say of how many more than the first that is so."""
    return f", nor {verb} {len(names) - 1} others" if len(names) > 1 else ""


def tried(cases: Sequence[Case], step: str) -> list[Record]:
    """Return what was tried in a step, always in the same order."""
    found = []
    for case in cases:
        if step in case.notes:
            skipped = {"skipped": case.reason} if case.outcome == "skipped" else {}
            found.append(case.notes[step] | {key: case.notes[key] for key in ("found",) if key in case.notes} | skipped)
    return sorted(found, key=json.dumps)


def results(reports: Sequence[Path], combinations: int, collect: Callable[[Collection[str]], set[str]]) -> Data:
    """Return what the reports of a run tell.

    Args:
        reports: What pytest wrote with --junitxml: for all tests, or for each part of them.
        combinations: How many combinations of choices there are.
        collect: Returns all tests of some functions.

    Raises:
        ValueError: They cannot be read, or are not of a whole run in which nothing failed.
    """
    roots = list(map(root, reports))
    cases = [case(element) for root in roots for element in root.iter("testcase")]
    whole(cases, collect)
    [*_, release] = releases()
    run = {
        "date": max(suite.attrib["timestamp"] for root in roots for suite in root.iter("testsuite"))[:10],
        "release": release,
        "commit": git("describe", "--always", "--dirty", "--exclude=*", "--abbrev=12").strip(),
        "combinations": combinations,
        "passed": sum(case.outcome == "passed" for case in cases),
        "skipped": sum(case.outcome == "skipped" for case in cases),
        "Copier": version("copier"),
        **dict(re.findall(r"(\S+)==(\S+)", PINS.read_text(encoding="utf-8"))),
    }
    return {"run": run, **{step: tried(cases, step) for step in STEPS}}


def written(data: Data) -> str:
    """Write the data, each record on a line of its own."""
    parts = [f'"run": {json.dumps(data["run"])}']
    parts += [f'"{step}": [\n' + ",\n".join(map(json.dumps, data[step])) + "\n]" for step in STEPS]
    return "{\n" + ",\n".join(parts) + "\n}\n"


INTRODUCTION = """# What was tried

<!-- Written by `make docs` from combinations.json, which `make combinations` writes from the report of a test run. -->
"""

MATRIX = """## Images

✓ was built, held to [its contract](../tests/kit/image_contract.py), run and stopped: without a network, without a capability, and
with nothing to write to; on slim once more with a package of Debian in it. The figure is the MB of files, uncompressed,
that it adds to its base without that."""

BASES = """These were the bases. [A stand-in](decisions/0006-stand-in-images.md) was made of Debian packages where the
official image could not be pulled."""

PICTURES = """## Beside the alternatives

A larger application, in the images that people copy today. [How it was measured](benchmarks.md).

![MB above the base, and seconds until the command has started, for each image](pictures/size.svg)

![Seconds that a build takes after an edit, and what it ships](pictures/rebuild.svg)"""

DAY_ONE = """## Repositories on day one

How many were installed and checked, of each kind with each Python, which is the oldest that they support."""

ANSWERS = """## Each answer

In how many tests it was tried. Nothing stands where it decides nothing: a lock does not depend on the host. Each of
them is in [combinations.json](combinations.json)."""


def combinations_page(data: Data, every: Sequence[Question], template: Template) -> str:
    """Write what was tried, and what of all that can be answered was not."""
    gaps = [*image_gaps(data, template), *answer_gaps(data, every)]
    listed = "\n".join(["**Not tried in that run:**", "", *(f"- {gap}" for gap in gaps)])
    return (
        "\n\n".join(
            [
                INTRODUCTION + "\n" + run_block(data),
                *([listed] if gaps else []),
                MATRIX,
                matrix(data, template),
                BASES,
                bases(data),
                PICTURES,
                DAY_ONE,
                day_one(data, every),
                ANSWERS,
                answers_table(data, every),
            ]
        )
        + "\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Write a Markdown table, whose first columns are texts and whose others are figures."""
    align = ["---"] * texts + ["--:"] * (len(heads) - texts)
    return "\n".join(f"| {' | '.join(line)} |" for line in [heads, align, *rows])


def passed(data: Data, step: str) -> list[Record]:
    """Return what was tried in a step and not left out."""
    return [record for record in data[step] if "skipped" not in record]


def run_block(data: Data) -> str:
    """Write what was tried in each step, when and with what."""
    run, built = data["run"], passed(data, "built")
    counts = {step: len(passed(data, step)) for step in STEPS}
    counts["rendered"] = sum(record["variants"] for record in data["rendered"])
    rows = [(f"**{counts[step]:,}** {tried.format(**run)}", holds) for step, (tried, holds) in STEPS.items()]
    tools = {
        "Docker Engine": unique(record["found"]["engine"] for record in built),
        "buildx": unique(record["found"]["buildx"] for record in built),
        "pip": unique(record["found"]["pip"] for record in built if record["found"]["pip"]),
    }
    with_what = [f"Copier {run['Copier']}", f"Poetry {run['poetry']}"]
    with_what += [f"{tool} {' and '.join(versions)}" for tool, versions in tools.items() if versions]
    text = (
        f"On {run['date']}, with {', '.join(with_what)}, at commit {quoted(run['commit'])} after {run['release']}: "
        f"{run['passed']} tests passed, {run['skipped']} were left out."
    )
    return f"{table(['tried', 'each of them'], rows, 2)}\n\n{text}"


def fits(record: Record, answers: Answers) -> bool:
    """Return whether a record is of some answers."""
    return answers.items() <= record.items()


def images(template: Template) -> list[Answers]:
    """Return the answers of each image of the matrix that there can be by now."""
    asked = [combination.asked for combination in template.product(vary=IMAGE)]
    return [{question: answers[question] for question in IMAGE} for answers in asked if answers["docker"]]


def cell(data: Data, answers: Answers) -> str:
    """Write whether the images of some answers were tried, and how large is that without Debian packages."""
    records = [record for record in data["built"] if fits(record, answers)]
    if not records or any("skipped" in record for record in records):
        return NONE
    return f"✓ {min(record['found']['bytes'] for record in records) / 1e6:.0f}"


def matrix(data: Data, template: Template) -> str:
    """Write which images were tried, with a column for each base."""
    every = images(template)
    rows = unique((answers["project_type"], answers["installer"]) for answers in every)
    found = unique((answers["base_image"], answers["python_version"]) for answers in every)
    columns = [column for base in unique(base for base, _ in found) for column in found if column[0] == base]
    cells = {tuple(answers[question] for question in IMAGE): cell(data, answers) for answers in every}
    lines = [
        [f"{kind}, {installer}", *(cells.get((kind, installer, *column), "") for column in columns)]
        for kind, installer in rows
    ]
    return table(["", *(f"{version} {base}" for base, version in columns)], lines)


def image_gaps(data: Data, template: Template) -> list[str]:
    """Say which images were not tried, and why."""
    found = []
    for answers in images(template):
        if cell(data, answers) == NONE:
            reasons = unique(one["skipped"] for one in data["built"] if fits(one, answers) and "skipped" in one)
            words = ", ".join(map(answer, answers.values()))
            found.append(f"the image of {words}: {'; '.join(reasons) or 'it can be answered only since'}")
    return found


def bases(data: Data) -> str:
    """Write on what the images were built."""
    facts = [record["found"] for record in passed(data, "built")]
    known = {(one["base"], one["base_kind"]): one for one in facts}
    rows = []
    for (image, kind), one in known.items():
        pythons = unique(other["python"] for other in facts if other["base"] == image)
        rows.append([quoted(image), what(kind), ", ".join(pythons), f"{one['base_bytes'] / 1e6:.0f}"])
    return table(["base", "which was", "Python", "MB"], rows, 3)


def what(kind: str) -> str:
    """Write what a base image was."""
    return "the official image" if kind == "real" else f"a {kind}"


def day_one(data: Data, every: Sequence[Question]) -> str:
    """Write how many repositories of each kind and Python were checked."""
    values = {each.name: each.values for each in every}
    records = passed(data, "installed")

    def count(kind: str, python: str) -> str:
        number = sum(fits(record, {"project_type": kind, "python_version": python}) for record in records)
        return f"✓ {number}" if number else NONE

    pythons = values["python_version"]
    return table(
        ["", *pythons], [[kind, *(count(kind, python) for python in pythons)] for kind in values["project_type"]]
    )


def times(data: Data, question: Question, value: Any, *steps: str) -> str:
    """Write how often an answer was tried in some steps; nothing where the question decides nothing in them.

    Every choice decides something on day one.
    """
    noted = any(question.name in record for step in steps for record in data[step])
    if not noted and not (question.values and "installed" in steps):
        return ""
    count = sum(fits(record, {question.name: value}) for step in steps for record in passed(data, step))
    return f"{count or NONE}"


def answers(data: Data, every: Sequence[Question]) -> list[tuple[Question, Any]]:
    """Return each answer that can be chosen, and those texts that were tried."""
    noted = [record for step in STEPS for record in data[step]]
    return [
        (each, value)
        for each in every
        for value in each.values or sorted({record[each.name] for record in noted if each.name in record})
    ]


def answers_table(data: Data, every: Sequence[Question]) -> str:
    """Write how often each answer was tried."""
    columns = {"lock": ("checked", "locked"), "day one": ("installed",), "image": ("built",)}
    rows, last = [], None
    for each, value in answers(data, every):
        counts = [times(data, each, value, *steps) for steps in columns.values()]
        rows.append(["" if each is last else quoted(each.name), answer(value), *counts])
        last = each
    return table(["question", "answer", *columns], rows, 2)


def answer_gaps(data: Data, every: Sequence[Question]) -> list[str]:
    """Say which answers no repository had that was checked."""
    return [
        f"{quoted(each.name)} answered with {answer(value)}: in no repository that was installed and checked"
        for each, value in answers(data, every)
        if times(data, each, value, "installed") == NONE
    ]


def main() -> None:
    """Note what a run of the tests has tried."""
    parser = argparse.ArgumentParser(prog="tools.docs.tested", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "report", type=Path, nargs="+", help="what pytest wrote with --junitxml, of all tests or a part"
    )
    options = parser.parse_args()
    try:
        data = results(options.report, len(Template().product()), collected)
    except ValueError as error:
        sys.exit(str(error))
    COMBINATIONS.write_text(written(data), encoding="utf-8")


if __name__ == "__main__":
    main()
