"""The page docs/combinations.md: the tested combinations, and the gaps."""

from collections.abc import Sequence
from typing import Any

from tools.docs.markdown import code, table
from tools.docs.tested import STEPS, Data, Record
from tools.docs.wording import answer
from tools.questions.conditions import unique
from tools.questions.model import Question
from tools.render.template import Answers, Template

CLAIMS = {
    "rendered": (
        "files, which cover all {combinations:,} combinations of choices",
        "parsed; no residue of the template",
    ),
    "checked": ("projects with different input for Poetry", "`poetry check --lock --strict` passed"),
    "locked": ("lock files, one for each set of dependencies", "identical to Poetry's own, byte for byte"),
    "installed": (
        "repositories, which cover every pair of choices",
        "installed; the checks of the README passed; the program and the wheel ran; no file changed",
    ),
    "built": ("images that differ by more than the licence", "built, run, stopped and checked against the contract"),
}
"""The tested objects and the checks of each step."""

IMAGE = ("project_type", "installer", "base_image", "image_python")
"""The questions by which the table of images is keyed."""

GAP = "not tested"

INTRODUCTION = """# Tested combinations

<!-- Written by `make docs` from combinations.json, which `make combinations` writes from the report of a test run. -->
"""

IMAGES = """## Images

✓ means that the tests built, ran and stopped the image, and checked it against [its contract](../tests/kit/image_contract.py).
The container ran without network, without capabilities and with a read-only root. Images on slim were also tested with
an extra Debian package. The figure is the uncompressed size above the base in MB, without that package."""

BASES = """The tests used these base images. They used [a stand-in](decisions/0006-stand-in-images.md) made of Debian
packages if the machine could not pull the official image."""

PICTURES = """## Comparison

These charts compare a larger application with popular alternatives. See [the benchmarks](benchmarks.md) for the method.

![MB above the base, and seconds until the command has started, for each image](pictures/size.svg)

![Seconds that a build takes after an edit, and what it ships](pictures/rebuild.svg)"""

REPOSITORIES = """## Repositories

The number of repositories that were installed and checked. Each supports the given Python and newer versions."""

ANSWERS = """## Answers

The number of tests with each answer. A cell is empty if the step does not depend on the question.
[combinations.json](combinations.json) lists all tests."""


def combinations_page(data: Data, questions: Sequence[Question], template: Template) -> str:
    """Write the tested combinations, and the gaps."""
    gaps = [*image_gaps(data, template), *answer_gaps(data, questions)]
    gaps_list = "\n".join(["**Not tested in that run:**", "", *(f"- {gap}" for gap in gaps)])
    return (
        "\n\n".join(
            [
                f"{INTRODUCTION}\n{summary(data)}",
                *([gaps_list] if gaps else []),
                IMAGES,
                images_table(data, template),
                BASES,
                bases_table(data),
                PICTURES,
                REPOSITORIES,
                repositories_table(data, questions),
                ANSWERS,
                answers_table(data, questions),
            ]
        )
        + "\n"
    )


def passed(data: Data, step: str) -> list[Record]:
    """Return the records of a step without the skipped ones."""
    return [record for record in data[step] if "skipped" not in record]


def summary(data: Data) -> str:
    """Write the counts of each step, the date and the tool versions."""
    run, built = data["run"], passed(data, "built")
    counts = {step: len(passed(data, step)) for step in STEPS}
    counts["rendered"] = sum(record["variants"] for record in data["rendered"])
    rows = [(f"**{counts[step]:,}** {objects.format(**run)}", checks) for step, (objects, checks) in CLAIMS.items()]
    found = {
        "Docker Engine": unique(record["found"]["engine"] for record in built),
        "buildx": unique(record["found"]["buildx"] for record in built),
        "pip": unique(record["found"]["pip"] for record in built if record["found"]["pip"]),
    }
    versions = [f"Copier {run['Copier']}", f"Poetry {run['poetry']}"]
    versions += [f"{tool} {' and '.join(numbers)}" for tool, numbers in found.items() if numbers]
    return (
        f"{table(['tested', 'checks'], rows, 2)}\n\n"
        f"On {run['date']}, at commit {code(run['commit'])} after {run['release']}, {run['passed']} tests passed and "
        f"{run['skipped']} were skipped.\nVersions: {', '.join(versions)}."
    )


def fits(record: Record, answers: Answers) -> bool:
    """Return whether a record has some answers."""
    return answers.items() <= record.items()


def images(template: Template) -> list[Answers]:
    """Return the answers of each image in the table."""
    asked = [combination.asked for combination in template.product(vary=IMAGE)]
    docker = [tuple(answers[question] for question in IMAGE) for answers in asked if answers["docker"]]
    return [dict(zip(IMAGE, values, strict=True)) for values in unique(docker)]


def image_cell(data: Data, answers: Answers) -> str:
    """Write whether images were tested, and the size of the smallest."""
    records = [record for record in data["built"] if fits(record, answers)]
    if not records or any("skipped" in record for record in records):
        return GAP
    return f"✓ {min(record['found']['bytes'] for record in records) / 1e6:.0f}"


def images_table(data: Data, template: Template) -> str:
    """Write a table of the tested images, with a column for each base."""
    every = images(template)
    rows = unique((answers["project_type"], answers["installer"]) for answers in every)
    found = unique((answers["base_image"], answers["image_python"]) for answers in every)
    columns = [column for base in unique(base for base, _ in found) for column in found if column[0] == base]
    cells = {tuple(answers[question] for question in IMAGE): image_cell(data, answers) for answers in every}
    lines = [
        [f"{kind}, {installer}", *(cells.get((kind, installer, *column), "") for column in columns)]
        for kind, installer in rows
    ]
    return table(["", *(f"{version} {base}" for base, version in columns)], lines)


def image_gaps(data: Data, template: Template) -> list[str]:
    """List the images that were not tested, with the reasons."""
    found = []
    for answers in images(template):
        if image_cell(data, answers) == GAP:
            reasons = unique(one["skipped"] for one in data["built"] if fits(one, answers) and "skipped" in one)
            name = ", ".join(map(answer, answers.values()))
            found.append(f"the image of {name}: {'; '.join(reasons) or 'added after the run'}")
    return found


def bases_table(data: Data) -> str:
    """Write a table of the base images."""
    facts = [record["found"] for record in passed(data, "built")]
    known = {(one["base"], one["base_kind"]): one for one in facts}
    rows = []
    for (image, kind), one in known.items():
        pythons = unique(other["python"] for other in facts if other["base"] == image)
        rows.append([code(image), kind_of_base(kind), ", ".join(pythons), f"{one['base_bytes'] / 1e6:.0f}"])
    return table(["base", "kind", "Python", "MB"], rows, 3)


def kind_of_base(kind: str) -> str:
    """Write the kind of a base image."""
    return "official image" if kind == "real" else kind


def repositories_table(data: Data, questions: Sequence[Question]) -> str:
    """Write a table of the number of checked repositories, by project_type and Python."""
    values = {question.name: question.values for question in questions}
    records = passed(data, "installed")

    def cell(kind: str, python: str) -> str:
        number = sum(fits(record, {"project_type": kind, "python_version": python}) for record in records)
        return f"✓ {number}" if number else GAP

    pythons = values["python_version"]
    return table(
        ["", *pythons], [[kind, *(cell(kind, python) for python in pythons)] for kind in values["project_type"]]
    )


def answer_cell(data: Data, question: Question, value: Any, *steps: str) -> str:
    """Write the number of records with an answer; empty if no step depends on the question.

    The installed repositories depend on every choice.
    """
    recorded = any(question.name in record for step in steps for record in data[step])
    if not recorded and not (question.values and "installed" in steps):
        return ""
    count = sum(fits(record, {question.name: value}) for step in steps for record in passed(data, step))
    return f"{count or GAP}"


def answers(data: Data, questions: Sequence[Question]) -> list[tuple[Question, Any]]:
    """Return all choices, and the texts that were tested."""
    recorded = [record for step in STEPS for record in data[step]]
    return [
        (question, value)
        for question in questions
        for value in question.values or sorted({one[question.name] for one in recorded if question.name in one})
    ]


def answers_table(data: Data, questions: Sequence[Question]) -> str:
    """Write a table of the number of tests with each answer."""
    columns = {"lock": ("checked", "locked"), "repository": ("installed",), "image": ("built",)}
    rows, last = [], None
    for question, value in answers(data, questions):
        counts = [answer_cell(data, question, value, *steps) for steps in columns.values()]
        rows.append(["" if question is last else code(question.name), answer(value), *counts])
        last = question
    return table(["question", "answer", *columns], rows, 2)


def answer_gaps(data: Data, questions: Sequence[Question]) -> list[str]:
    """List the answers that no installed repository had."""
    return [
        f"{code(question.name)} answered with {answer(value)}: in no repository that was installed and checked"
        for question, value in answers(data, questions)
        if answer_cell(data, question, value, "installed") == GAP
    ]
