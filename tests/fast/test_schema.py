"""The schema of the answers agrees with Copier on every answers file, not only on examples.

Copier's verdict on one answer depends on that answer and on the answers that its question reads. A question and all
that it reads, directly or not, are a group. A file is valid if its part of each group is.

The schema is a list of parts that must all hold, and each part depends on the answers that it names. If each part names
questions of one group only, it is enough to try every file of each group. A valid file is valid in each group, so that
all parts hold. An invalid one is invalid in some group, where a part fails, as it does for the whole file.

Not all texts are tried, as there are endlessly many: one that is accepted, some that are not, and those that other
answers decide on. test_catalog.py tries more.
"""

import json
from collections.abc import Iterator
from functools import cache, partial
from itertools import product
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from tests.kit.answers import PUBLIC, working_tree
from tools.questions.derive import REFUSED_TEXT
from tools.render.template import Answers, Combination
from tools.render.tracking import MemoizedByReads
from tools.repository import ROOT

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
WRONG = ["nonesuch", 1, None]
"""Values that are no choice, or have the wrong type."""

TEXTS = {
    "project_name": ["9lives", "fastapi", "orjson", "pandas", "uvloop"],
    "package_name": ["9lives", "fastapi", "orjson", "pandas", "uvloop"],
    "repository_owner": ["group/subgroup"],
    "author_email": ["ada@example.org"],
    "base_registry": ["registry.example.com/mirror"],
    "package_index_url": ["https://packages.example.com/simple"],
}
"""Accepted texts for questions that refuse a single letter; some depend on other answers."""

LEFT_OUT = object()


class Part:
    """A part of the schema, memoized by the answers that it names.

    Args:
        title: Its name in failures.
        schema: The part.
    """

    def __init__(self, title: str, schema: Any) -> None:
        """Compile a part."""
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
    """Return the answers that a part of the schema names; it depends on no others."""
    if not isinstance(schema, dict):
        return set()
    assert schema.keys() <= {"if", "then", "else", "anyOf", "properties", "required"}, schema
    inside = set().union(*(named(schema[key]) for key in ("if", "then", "else") if key in schema))
    inside |= set().union(*map(named, schema.get("anyOf", [])))
    return {*inside, *schema.get("properties", {}), *schema.get("required", [])}


@cache
def schema() -> dict[str, Any]:
    """Return the schema."""
    found: dict[str, Any] = json.loads((ROOT / "docs/answers.schema.json").read_text(encoding="utf-8"))
    return found


@cache
def parts() -> list[Part]:
    """Return the parts of the schema."""
    return [
        *(Part(name, {"properties": {name: rule}}) for name, rule in schema()["properties"].items()),
        *(Part(f"allOf/{number}: {json.dumps(rule)[:120]}", rule) for number, rule in enumerate(schema()["allOf"])),
    ]


def tries(name: str) -> list[Any]:
    """Return the answers to try for a question."""
    details = working_tree().questions[name]
    if details["type"] == "bool":
        return [LEFT_OUT, True, False, *WRONG]
    if "choices" in details:
        every = {one.known[name]: None for one in working_tree().product(vary=[name]) if name in one.asked}
        return [LEFT_OUT, *every, *WRONG]
    return [LEFT_OUT, "x", "", REFUSED_TEXT, *TEXTS.get(name, []), *WRONG[1:]]


@cache
def verdict(name: str, answer: str) -> MemoizedByReads[bool]:
    """Return the function that tells whether an answer is accepted together with others."""
    return MemoizedByReads(partial(working_tree().takes, name, answer))


def valid(answers: Answers) -> bool:
    """Return whether a file is valid: each answer must be accepted with those before it.

    Copier takes words such as "yes" for a boolean, as `--data` gives nothing else. A file has no need of them.
    """
    if working_tree().of_another_type(answers):
        return False
    before = Combination()
    for name, details in working_tree().questions.items():
        _, default, _ = working_tree().question(name, before)
        if name in answers:
            answer = answers[name]
            if details["type"] == "bool" and not isinstance(answer, bool):
                return False
            if not verdict(name, answer)(before.fingerprint, before.known):
                return False
        before.add(name, answers.get(name, default), asked=False)
    return True


def files(names: set[str]) -> Iterator[Answers]:
    """Yield every file of answers to some questions."""
    for answers in product(*(tries(name) for name in sorted(names))):
        yield {name: answer for name, answer in zip(sorted(names), answers, strict=True) if answer is not LEFT_OUT}


def read_for(name: str) -> set[str]:
    """Return the answers that were read to ask a question, for its default, and to accept an answer."""
    verdicts = [verdict(name, answer).reads for answer in tries(name) if isinstance(answer, str | bool)]
    return working_tree().deciding(name).union(*verdicts)


def closed(names: set[str]) -> set[str]:
    """Return some questions and all that they read, directly or not."""
    more = names.union(*map(read_for, names))
    return closed(more) if more > names else names


@cache
def group(name: str) -> tuple[set[str], list[tuple[Answers, bool]]]:
    """Return the group of a question, and each of its files with whether it is valid."""
    names = {name}
    while True:
        found = [(answers, valid(answers)) for answers in files(names)]
        more = closed(names) & PUBLIC.keys()
        if more == names:
            return names, found
        names = more


def parts_of(names: set[str]) -> list[Part]:
    """Return the parts of the schema that name only these questions."""
    return [part for part in parts() if part.names <= names]


@pytest.mark.parametrize("name", PUBLIC)
def test_the_schema_agrees_with_copier_on_every_file_of_a_group(name: str) -> None:
    names, found = group(name)
    for answers, is_valid in found:
        failed = [part.title for part in parts_of(names) if not part.holds(answers)]
        assert (not failed) == is_valid, f"{answers}: {failed}"


def test_each_part_is_of_a_group() -> None:
    """The schema has no rules outside of its parts and its list of keys."""
    assert schema().keys() == DESCRIBED
    for part in parts():
        assert any(part.names <= group(name)[0] for name in PUBLIC), part.title


def test_no_part_can_be_taken_out() -> None:
    """Each part refuses a file that no other part refuses."""
    needed = set()
    for name in PUBLIC:
        names, found = group(name)
        for answers, is_valid in found:
            failed = [] if is_valid else [part.title for part in parts_of(names) if not part.holds(answers)]
            needed |= {*failed} if len(failed) == 1 else set()
    assert needed == {part.title for part in parts()}


def test_a_key_that_is_no_question_is_refused() -> None:
    """Computed answers are refused too. Keys with an underscore belong to Copier."""
    assert [*schema()["properties"]] == [*PUBLIC]
    whole = jsonschema.Draft7Validator(schema())
    for key in ("projectname", *(working_tree().questions.keys() - PUBLIC.keys())):
        assert not whole.is_valid({key: "x"})
    assert whole.is_valid({"_commit": "v1.0.0"})
