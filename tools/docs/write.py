"""Writes what is data elsewhere, into docs/ and for catalogs: `make docs`."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from tools.docs.catalog import answers_schema, entities, presets
from tools.docs.tested import COMBINATIONS, PAGE, combinations_page
from tools.questions.model import FOLLOWED, Condition, Question, answer, questions, quoted
from tools.render.template import ROOT, Template

README = ROOT / "README.md"
UPDATES = ROOT / "docs/updates.md"
OPTIONS = ROOT / "docs/options.md"
SCHEMA = ROOT / "docs/answers.schema.json"
CATALOG = ROOT / "catalog-info.yaml"
OWNERSHIP = ROOT / "extensions/ownership.yml"
OWNERS = {"yours": "yours", "template": "the template's", "shared": "shared"}
"""What the docs call each owner of ownership.yml."""


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """Return a text with what is between the two markers of each block replaced.

    Raises:
        ValueError: The markers of a block are missing.
    """
    for name, block in blocks.items():
        start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
        before, found, rest = text.partition(start)
        _, found_too, after = rest.partition(end)
        if not (found and found_too):
            raise ValueError(f"The markers {start} and {end} are missing.")
        text = f"{before}{start}\n{block}\n{end}{after}"
    return text


def ownership_block() -> str:
    """Write whose each generated file is, and of shared files which parts are the template's."""
    owned = yaml.safe_load(OWNERSHIP.read_text(encoding="utf-8"))
    rows = [f"| {name} | {', '.join(map(quoted, owned[key]))} |" for key, name in OWNERS.items() if key != "shared"]
    shared = [f"{quoted(path)} ({', '.join(parts)})" for path, parts in owned["shared"].items()]
    return "\n".join(
        [
            "| whose | files |",
            "| --- | --- |",
            *rows,
            f"| {OWNERS['shared']}, with the template's parts | {', '.join(shared)} |",
        ]
    )


INTRODUCTION = """# Options

<!-- Written by `make docs` from copier.yml. -->

Every question of the template, in the order in which they are asked. One that is asked *when named* is left out
unless it is named with `--ask`; `--data` answers any. [A schema](catalog.md#check-a-file-of-answers) checks a file of
answers."""


def options_page(every: Sequence[Question]) -> str:
    """Write the reference of all questions."""
    return "\n\n".join([INTRODUCTION, *map(options_part, every)]) + "\n"


def options_part(each: Question) -> str:
    """Write what there is to know of one question."""
    lines = [
        f"- Answers:{answers_words(each)}",
        f"- Default: {default_words(each)}",
        f"- Asked: {asked_words(each)}",
        f"- Since: {each.since}",
    ]
    return "\n".join([f"## {each.name}", "", each.help, "", *lines])


def questions_block(every: Sequence[Question]) -> str:
    """Write a row for each question."""
    return "\n".join(
        ["| question | answers | default | asked |", "| --- | --- | --- | --- |", *map(questions_row, every)]
    )


def questions_row(each: Question) -> str:
    """Write what is asked, what can be answered in a few words, the default, and when it is asked."""
    asked = re.sub(r" [(].*[)]$", "", each.help)
    cells = [f"`{each.name}`<br>{asked}", short_answers(each), short_default(each), asked_words(each)]
    return f"| {' | '.join(cells)} |"


def short_answers(each: Question) -> str:
    """Write what can be answered, in a line."""
    if each.sentence:
        return each.sentence.removeprefix("Type ").removesuffix(".").replace(". Type ", "; ")
    return answers_words(each).replace("\n  - ", "; ").removeprefix("; ").strip()


def short_default(each: Question) -> str:
    """Write the default of a question, or by which answers it is another."""
    [(value, when), *others] = each.defaults
    return f"by {' and '.join(map(quoted, when))}" if others else answer(value)


def asked_words(each: Question) -> str:
    """Write when a question is asked."""
    asked = [
        *(["when named"] if each.advanced else []),
        *([f"when {' or '.join(map(words, each.when))}"] if each.when else []),
    ]
    return ", and ".join(asked) or "always"


def answers_words(each: Question) -> str:
    """Write what can be answered: a line for each choice, where it has a label."""
    if each.flag or all(one.label == one.value for one in each.choices):
        return f" {each.sentence or ', '.join(map(answer, each.values))}"
    lines = [
        f"  - `{one.value}`: {one.label}{f' (only when {words(one.when)})' if one.when else ''}" for one in each.choices
    ]
    return "\n".join(["", *lines])


def words(when: Condition) -> str:
    """Write a condition."""
    return " and ".join(f"`{name}` is {' or '.join(map(answer, values))}" for name, values in when.items())


def default_words(each: Question) -> str:
    """Write the default of a question, and with which answers it is another."""
    value, when = each.defaults[-1]
    if not when:
        return answer(value)
    if FOLLOWED.keys() & when.keys():
        return "; ".join(
            f"from `{name}`, such as {answer(value)} from {answer(values[0])}" for name, values in when.items()
        )
    return "; ".join(f"{answer(value)} when {words(when)}" for value, when in each.defaults)


def catalog(every: Sequence[Question]) -> str:
    """Write what Backstage reads: a document for each entity."""
    return yaml.safe_dump_all(entities(every, presets()), sort_keys=False, width=float("inf"))


def documents() -> dict[Path, str]:
    """Return the documents by their path, with what they quote."""
    template = Template()
    every = questions(template)
    return {
        README: filled(README.read_text(encoding="utf-8"), {"questions": questions_block(every)}),
        UPDATES: filled(UPDATES.read_text(encoding="utf-8"), {"ownership": ownership_block()}),
        OPTIONS: options_page(every),
        PAGE: combinations_page(json.loads(COMBINATIONS.read_text(encoding="utf-8")), every, template),
        SCHEMA: json.dumps(answers_schema(every), indent=2) + "\n",
        CATALOG: f"# Written by `make docs` from copier.yml and presets/.\n{catalog(every)}",
    }


def main() -> None:
    """Write the documents."""
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
