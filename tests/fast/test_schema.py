"""The schema of the answers says the same as Copier of every file of answers, not of examples.

A file is right if each answer in it is to a question that is asked with the others, and is taken there. What is said of
one answer depends on nothing but that answer and what was read to say it: the group of its question, which has with each
question also those that are read for it. So a file is right if what it has of each group is.

The schema is a list of parts, all of which have to hold, and each part depends on nothing but the answers that it names.
If each part names questions of one group only, it is enough to try every file of each group: a right file is right in
every group, so that no part fails. A wrong one is wrong in some group, where a part fails, as it does in the whole.

Left out is what an answer can be as well. Of texts, whose number has no end, those are tried that are told apart by other
answers, with one that is taken and some that are not; more are tried in test_catalog.py.
"""

import json
from collections.abc import Iterator
from functools import cache, partial
from itertools import product
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.kit.answers import working_tree
from tools.questions.derive import REFUSED_TEXT
from tools.render.template import Answers, Combination
from tools.render.tracking import Once
from tools.repository import ROOT

SCHEMA = json.loads((ROOT / "docs/answers.schema.json").read_text(encoding="utf-8"))
DESCRIBED = {
    "$schema",
    "title",
    "description",
    "type",
    "properties",
    "patternProperties",
    "additionalProperties",
    "allOf",
}
PUBLIC = [name for name, details in working_tree().questions.items() if details.get("when") is not False]

WRONG = ["nonesuch", 1, None]
"""No choice, and of another type."""

TEXTS = {
    "project_name": ["9lives", "fastapi", "pandas"],
    "package_name": ["9lives", "fastapi", "pandas"],
    "repository_owner": ["group/subgroup"],
    "author_email": ["ada@example.org"],
    "base_registry": ["registry.example.com/mirror"],
    "package_index_url": ["https://packages.example.com/simple"],
}
"""Texts that are taken, some of them with some other answers only, where a letter does not do."""

LEFT_OUT = object()


class Part:
    """A part of the schema, which is asked once about files that agree in what it names.

    Args:
        title: What it says, for the one who reads that it failed.
        schema: The part.
    """

    def __init__(self, title: str, schema: Any) -> None:
        """Take a part."""
        self.title = title
        self.names = named(schema)
        self._validator = jsonschema.Draft7Validator(schema)
        self._results: dict[str, bool] = {}

    def holds(self, answers: Answers) -> bool:
        """Return whether it holds for a file."""
        seen = {name: answers[name] for name in sorted(self.names & answers.keys())}
        key = repr(seen)
        if key not in self._results:
            self._results[key] = self._validator.is_valid(seen)
        return self._results[key]


def named(schema: Any) -> set[str]:
    """Return the answers that a part of the schema names: it depends on no others."""
    if not isinstance(schema, dict):
        return set()
    assert schema.keys() <= {"if", "then", "else", "anyOf", "properties", "required"}, schema
    inside = set().union(*(named(schema[key]) for key in ("if", "then", "else") if key in schema))
    inside |= set().union(*map(named, schema.get("anyOf", [])))
    return {*inside, *schema.get("properties", {}), *schema.get("required", [])}


PARTS = [
    *(Part(name, {"properties": {name: rule}}) for name, rule in SCHEMA["properties"].items()),
    *(Part(f"allOf/{number}: {json.dumps(rule)[:120]}", rule) for number, rule in enumerate(SCHEMA["allOf"])),
]


def tries(name: str) -> list[Any]:
    """Return what is tried as an answer to a question."""
    details = working_tree().questions[name]
    if details["type"] == "bool":
        return [LEFT_OUT, True, False, *WRONG]
    if "choices" in details:
        every = {one.known[name]: None for one in working_tree().product(told=[name]) if name in one.asked}
        return [LEFT_OUT, *every, *WRONG]
    return [LEFT_OUT, "x", "", REFUSED_TEXT, *TEXTS.get(name, []), *WRONG[1:]]


@cache
def verdict(name: str, answer: str) -> Once[bool]:
    """Return the function that tells of other answers whether one is taken with them; it notes what it reads."""
    return Once(partial(working_tree().takes, name, answer))


def right(answers: Answers) -> bool:
    """Return whether a file is right: each question is held to what is known when it is reached."""
    before = Combination()
    for name, details in working_tree().questions.items():
        _, default, _ = working_tree().question(name, before)
        if name in answers:
            answer = answers[name]
            if not isinstance(answer, bool if details["type"] == "bool" else str):
                return False
            if not verdict(name, answer)(before.words, before.known):
                return False
        before = before.not_asked(name, answers.get(name, default))
    return True


def files(names: set[str]) -> Iterator[Answers]:
    """Yield every file of answers to some questions."""
    for answers in product(*(tries(name) for name in sorted(names))):
        yield {name: answer for name, answer in zip(sorted(names), answers, strict=True) if answer is not LEFT_OUT}


def read_for(name: str) -> set[str]:
    """Return what was read for a question: whether it is asked, its default, and whether it takes an answer."""
    verdicts = [verdict(name, answer).reads for answer in tries(name) if isinstance(answer, str | bool)]
    return working_tree().deciding(name).union(*verdicts)


def closed(names: set[str]) -> set[str]:
    """Return some questions with all that was read for them, and for what was read."""
    more = names.union(*map(read_for, names))
    return closed(more) if more > names else names


@cache
def group(name: str) -> tuple[set[str], list[tuple[Answers, bool]]]:
    """Return the group of a question, and every file of it with whether it is right."""
    names = {name}
    while True:
        found = [(answers, right(answers)) for answers in files(names)]
        more = closed(names) & {*PUBLIC}
        if more == names:
            return names, found
        names = more


def parts_of(names: set[str]) -> list[Part]:
    """Return the parts of the schema that name none but some questions."""
    return [part for part in PARTS if part.names <= names]


@pytest.mark.parametrize("name", PUBLIC)
def test_the_schema_says_what_copier_says_of_every_file_of_a_group(name: str) -> None:
    names, found = group(name)
    parts = parts_of(names)
    for answers, is_right in found:
        failed = [part.title for part in parts if not part.holds(answers)]
        assert (not failed) == is_right, f"{answers}: {failed}"


def test_each_part_is_of_a_group() -> None:
    """And the schema is nothing but its parts, and a list of its keys."""
    assert SCHEMA.keys() == DESCRIBED
    for part in PARTS:
        assert any(part.names <= group(name)[0] for name in PUBLIC), part.title


def test_no_part_can_be_taken_out() -> None:
    """Of each there is a file that no other refuses."""
    needed = set()
    for name in PUBLIC:
        names, found = group(name)
        parts = parts_of(names)
        for answers, is_right in found:
            failed = [] if is_right else [part.title for part in parts if not part.holds(answers)]
            needed |= {*failed} if len(failed) == 1 else set()
    assert needed == {part.title for part in PARTS}


def test_a_key_that_is_no_question_is_refused() -> None:
    """Of what Copier computes as well, whatever else the file has; what begins with _ is its own."""
    assert [*SCHEMA["properties"]] == PUBLIC
    whole = jsonschema.Draft7Validator(SCHEMA)
    for key in ("projectname", *(working_tree().questions.keys() - {*PUBLIC})):
        assert not whole.is_valid({key: "x"})
    assert whole.is_valid({"_commit": "v1.0.0"})
