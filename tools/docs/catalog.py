"""What catalogs and portals read: a JSON Schema of the answers, and the template as an entity of Backstage."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tools.questions.model import Condition, Question, Rule, Schema
from tools.render.template import ADDRESS, ROOT

OWNER = urlsplit(ADDRESS).path.split("/")[1]
"""Whom the catalog names as the owner of the template."""

NAME = "copier-poetry-docker"
TITLE = "Python with Poetry and Docker"

HOSTS = {"github": "github.com", "gitlab": "gitlab.com"}
"""Where a portal can publish, by the answer to repository_host."""

PAGES = {"project_type": "The project", "repository_host": "The repository and what is shipped"}
"""The pages of the form, by their first questions."""

ADVANCED = "More, where the defaults do not do"
"""The page of the questions that Copier asks only when they are named."""


REPLACED = "repository_owner"
"""The question that the form does not ask: the repository that is picked has the answer."""

REPOSITORY: Schema = {
    "title": "Which repository is made for it?",
    "type": "string",
    "ui:field": "RepoUrlPicker",
    "ui:options": {"allowedHosts": list(HOSTS.values())},
}

TYPES = {"package": "library", "service": "service", "environment": "environment"}
"""What a catalog calls each kind."""


@dataclass(frozen=True)
class Preset:
    """Answers for a situation.

    Attributes:
        words: Its name.
        description: What it is for.
        answers: Those that it gives.
    """

    words: Sequence[str]
    description: str
    answers: Mapping[str, Any]


ALL = Preset([], "A package, a service or an environment for scripts, locked, tested and shipped as an image.", {})
"""No situation: the template as it is."""


def presets() -> list[Preset]:
    """Return what presets/ has: each file says what it is for in its first lines."""
    return [preset(path) for path in sorted((ROOT / "presets").iterdir())]


def preset(path: Path) -> Preset:
    """Read a preset."""
    text = path.read_text(encoding="utf-8")
    description = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
    return Preset(path.stem.split("-"), " ".join(description), yaml.safe_load(text))


def answers_schema(every: Sequence[Question]) -> Schema:
    """Write the schema of a file of answers: what is left out in it gets its default.

    Args:
        every: All questions.
    """
    defaults = {each.name: each.default for each in every}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Answers to copier-poetry-docker",
        "description": "A file for --data-file, or .copier-answers.yml. Written by `make docs` from copier.yml.",
        "type": "object",
        "properties": {each.name: property_schema(each) for each in every},
        "patternProperties": {"^_": {}},
        "additionalProperties": False,
        "allOf": [
            *({"if": asked(each, defaults), "else": {"properties": {each.name: False}}} for each in every if each.when),
            *(
                {"if": chosen(each.name, choice.value, defaults), "then": holds(choice.when, defaults)}
                for each in every
                for choice in each.choices
                if choice.when
            ),
            *(conditional_rule(each.name, rule, defaults) for each in every for rule in each.rules if rule.when),
        ],
    }


def property_schema(each: Question) -> Schema:
    """Write the schema of one answer, whatever else is answered."""
    schema: Schema = {"description": each.help, "type": "boolean" if each.flag else "string"}
    if each.default is not None:
        schema["default"] = each.default
    if each.choices:
        schema["enum"] = each.values
    return schema | joined([rule.schema for rule in each.rules if not rule.when])


def joined(rules: Sequence[Schema]) -> Schema:
    """Write several rules as one: each of them has to hold."""
    first, *others = rules or [{}]
    return first | ({"allOf": others} if others else {})


def holds(when: Condition, defaults: Mapping[str, Any]) -> Schema:
    """Write a condition on answers, of which each can be left out where its default does."""
    required = [name for name, values in when.items() if defaults[name] not in values]
    schema: Schema = {"properties": {name: {"enum": list(values)} for name, values in when.items()}}
    return schema | ({"required": required} if required else {})


def asked(each: Question, defaults: Mapping[str, Any]) -> Schema:
    """Write when a question is asked, which it is not always."""
    found = [holds(when, defaults) for when in each.when]
    return found[0] if len(found) == 1 else {"anyOf": found}


def chosen(name: str, value: Any, defaults: Mapping[str, Any]) -> Schema:
    """Write that a choice was made."""
    return holds({name: [value]}, defaults)


def conditional_rule(name: str, rule: Rule, defaults: Mapping[str, Any]) -> Schema:
    """Write a rule that holds with some other answers only."""
    return {"if": holds(rule.when, defaults), "then": {"properties": {name: rule.schema}}}


def entities(every: Sequence[Question], presets: Sequence[Preset]) -> list[dict[str, Any]]:
    """Write the template as Backstage lists it: as it is, and once more for each situation, with its answers filled in.

    Args:
        every: All questions.
        presets: Answers for the usual situations.
    """
    offered = narrowed(every, "repository_host", list(HOSTS))
    return [entity(offered, ALL), *(entity(offered, preset) for preset in presets if situation(offered, preset))]


def situation(every: Sequence[Question], preset: Preset) -> bool:
    """Return whether a preset answers more than the kind, and nothing that a portal does not offer."""
    answers = preset.answers
    return len(answers) > 1 and all(answers.get(each.name) in [None, *each.values] for each in every if each.values)


def filled_in(every: Sequence[Question], answers: Mapping[str, Any]) -> list[Question]:
    """Return the questions with some answers as their defaults, and these in the way: they cannot be left out then."""
    return [
        replace(each, defaults=[(answers[each.name], {})], advanced=False) if each.name in answers else each
        for each in every
    ]


def entity(offered: Sequence[Question], preset: Preset) -> dict[str, Any]:
    """Write one entry: a form, what is done with its answers, and where that is to be found."""
    every = filled_in(offered, preset.answers)
    return {
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": {
            "name": "-".join([NAME, *preset.words]),
            "title": f"{TITLE}: {' '.join(preset.words)}" if preset.words else TITLE,
            "description": preset.description,
            "tags": ["python", "poetry", "docker", "copier"],
            "links": [
                {"url": ADDRESS, "title": "The template"},
                {"url": f"{ADDRESS}/tree/HEAD/examples", "title": "What comes out"},
            ],
        },
        "spec": {
            "owner": OWNER,
            "type": TYPES[preset.answers.get("project_type", "service")],
            "parameters": pages(every),
            "steps": steps(every),
            "output": {
                "links": [
                    {
                        "title": "The repository",
                        "if": f"${{{{ parameters.repository_host === '{host}' }}}}",
                        "url": f"${{{{ steps.{host}.output.remoteUrl }}}}",
                    }
                    for host in HOSTS
                ]
            },
        },
    }


def narrowed(every: Sequence[Question], name: str, values: Sequence[Any]) -> list[Question]:
    """Return the questions with some choices of one of them left, and without the conditions that then always hold."""

    def left(when: Condition) -> Condition:
        few = {other: [value for value in those if other != name or value in values] for other, those in when.items()}
        return {other: those for other, those in few.items() if other != name or len(those) < len(values)}

    return [
        replace(
            each,
            when=[left(when) for when in each.when] if all(map(left, each.when)) else [],
            choices=[
                replace(choice, when=left(choice.when))
                for choice in each.choices
                if each.name != name or choice.value in values
            ],
        )
        for each in every
    ]


def pages(every: Sequence[Question]) -> list[Schema]:
    """Write the pages of the form. Each is held to the answers of all of them."""
    found: dict[str, list[Question]] = {}
    title = ""
    for each in every:
        title = PAGES.get(each.name, title)
        found.setdefault(ADVANCED if each.advanced else title, []).append(each)
    defaults = {each.name: each.default for each in every}
    return [page(title, those, defaults) for title, those in found.items()]


def page(title: str, every: Sequence[Question], defaults: Mapping[str, Any]) -> Schema:
    """Write one page: the fields that are always there, and under which answers there are more."""
    properties: Schema = {}
    required: list[str] = []
    more: list[Schema] = []
    for each in every:
        shown = fields(each, defaults)
        if each.name == REPLACED:
            properties["repoUrl"], required = REPOSITORY, [*required, "repoUrl"]
            more += [{"if": holds({"repository_host": [host]}, defaults), "then": at(host)} for host in HOSTS]
        elif each.when or "if" in shown:
            more.append({"if": asked(each, defaults), "then": shown} if each.when else shown)
        else:
            properties |= shown["properties"]
            required += shown.get("required", [])
        if each.name != REPLACED:
            more += [conditional_rule(each.name, rule, defaults) for rule in each.rules if rule.when]
    order = ["repoUrl" if each.name == REPLACED else each.name for each in every]
    return {"title": title, "required": required, "properties": properties, "ui:order": [*order, "*"]} | (
        {"allOf": more} if more else {}
    )


def at(host: str) -> Schema:
    """Demand a repository on a host."""
    return {"properties": {"repoUrl": {"pattern": f"^{HOSTS[host].replace('.', '[.]')}[?]"}}}


def fields(each: Question, defaults: Mapping[str, Any]) -> Schema:
    """Write the field of a question, with those choices that other answers leave."""
    for number, choice in enumerate(each.choices):
        if choice.when:
            others = [*each.choices[:number], *each.choices[number + 1 :]]
            free = [*each.choices[:number], replace(choice, when={}), *each.choices[number + 1 :]]
            return {
                "if": holds(choice.when, defaults),
                "then": fields(replace(each, choices=free), defaults),
                "else": fields(replace(each, choices=others), defaults),
            }
    # Copier would ask what it is not told, and stops where nobody can answer.
    # Nor can be left out what a preset fills in: without its registry, images would come from the public ones.
    needed = not each.advanced and bool(not each.may_be_empty or each.default)
    return {"properties": {each.name: field(each)}} | ({"required": [each.name]} if needed else {})


def field(each: Question) -> Schema:
    """Write a question as a field of a form: what is asked is its title, and a choice shows its label."""
    schema = property_schema(each)
    title = schema.pop("description")
    if any(choice.label != choice.value for choice in each.choices):
        del schema["enum"]
        schema["oneOf"] = [{"const": choice.value, "title": choice.label} for choice in each.choices]
    return {"title": title} | ({"description": each.sentence} if each.sentence else {}) | schema


def steps(every: Sequence[Question]) -> list[dict[str, Any]]:
    """Write what is done with the answers: the repository is generated and then published."""
    return [
        {
            "id": "generate",
            "name": "Generate the repository",
            "action": "fetch:copier",
            "input": {"url": ADDRESS, "values": {each.name: value(each) for each in every}},
        },
        *(
            {
                "id": host,
                "name": f"Publish it on {domain}",
                "if": f"${{{{ parameters.repository_host === '{host}' }}}}",
                "action": f"publish:{host}",
                "input": {
                    "repoUrl": "${{ parameters.repoUrl }}",
                    "defaultBranch": "main",
                    "gitCommitMessage": "Start from copier-poetry-docker",
                },
            }
            for host, domain in HOSTS.items()
        ),
    ]


def value(each: Question) -> str:
    """Write where the action has an answer from.

    What is left out is not handed over, and an empty text would be asked for. A form keeps what was typed before its
    question went away: that is not handed over either.
    """
    if each.name == REPLACED:
        return "${{ parameters.repoUrl | parseRepoUrl | pick('owner') }}"
    empty = " or ''" if each.may_be_empty and not each.advanced else ""
    when = " or ".join(
        " and ".join(f"parameters.{name} in {json.dumps(list(values))}" for name, values in one.items())
        for one in each.when
    )
    given = f"parameters.{each.name}{empty}"
    return f"${{{{ {given} if {when} else parameters.not_asked }}}}" if when else f"${{{{ {given} }}}}"
