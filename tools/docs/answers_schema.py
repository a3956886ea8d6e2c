"""The JSON Schema of answers files. A missing answer gets its default."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tools.questions.model import Condition, Question, Rule, Schema


@dataclass(frozen=True)
class AnswerTo:
    """A default that is the answer to another question.

    Attributes:
        name: The other question.
    """

    name: str


Defaults = Mapping[str, Any]
"""The default of each question; None if it depends on other answers in another way than `AnswerTo` says."""


def defaults_of(questions: Sequence[Question]) -> Defaults:
    """Return the default of each question."""
    return {
        question.name: AnswerTo(question.default_question) if question.default_question else question.default
        for question in questions
    }


def answers_schema(questions: Sequence[Question]) -> Schema:
    """Return the schema of an answers file."""
    defaults = defaults_of(questions)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Answers to copier-poetry-docker",
        "description": "A file for --data-file, or .copier-answers.yml. Written by `make docs` from copier.yml.",
        "type": "object",
        "properties": {question.name: property_schema(question) for question in questions},
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
        "allOf": [
            *(
                {"if": asked(question, defaults), "else": {"properties": {question.name: False}}}
                for question in questions
                if question.when
            ),
            *(
                {"if": chosen(question.name, choice.value, defaults), "then": holds(choice.when, defaults)}
                for question in questions
                for choice in question.choices
                if choice.when
            ),
            *(
                conditional_rule(question.name, rule, defaults)
                for question in questions
                for rule in question.rules
                if rule.when
            ),
        ],
    }


def property_schema(question: Question) -> Schema:
    """Return the schema of an answer that does not depend on other answers."""
    schema: Schema = {"description": question.help, "type": "boolean" if question.flag else "string"}
    if question.default is not None:
        schema["default"] = question.default
    if question.choices:
        schema["enum"] = question.values
    return schema | joined([rule.schema for rule in question.rules if not rule.when])


def joined(rules: Sequence[Schema]) -> Schema:
    """Return a schema that requires all rules."""
    first, *others = rules or [{}]
    return first | ({"allOf": others} if others else {})


def holds(when: Condition, defaults: Defaults) -> Schema:
    """Return the schema of a condition. Answers may be missing if their defaults meet it."""
    for name in when:
        if isinstance(source := defaults[name], AnswerTo):
            by_default = {source.name if other == name else other: values for other, values in when.items()}
            missing = holds(by_default, defaults)
            return {"anyOf": [given(when, defaults), missing | {"properties": {**missing["properties"], name: False}}]}
    return given(when, defaults)


def given(when: Condition, defaults: Defaults) -> Schema:
    """Return the schema of a condition whose answers may be missing if their defaults are values that meet it."""
    required = [name for name, values in when.items() if defaults[name] not in values]
    schema: Schema = {"properties": {name: {"enum": list(values)} for name, values in when.items()}}
    return schema | ({"required": required} if required else {})


def asked(question: Question, defaults: Defaults) -> Schema:
    """Return the schema of the answers with which a conditional question is asked."""
    found = [holds(when, defaults) for when in question.when]
    return found[0] if len(found) == 1 else {"anyOf": found}


def chosen(name: str, value: Any, defaults: Defaults) -> Schema:
    """Return the schema of the answers with a choice."""
    return holds({name: [value]}, defaults)


def conditional_rule(name: str, rule: Rule, defaults: Defaults) -> Schema:
    """Return the schema of a rule with a condition."""
    return {"if": holds(rule.when, defaults), "then": {"properties": {name: rule.schema}}}
