"""The template's entities in a Backstage catalog: one for the template, and one for each preset of a situation."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tools.docs.answers_schema import Defaults, asked, conditional_rule, defaults_of, holds, property_schema
from tools.questions.model import Condition, Question, Schema
from tools.repository import ROOT, address

LOCATION = ROOT / "catalog-info.yaml"
"""The file that users register. It lists the entities."""

FOLDER = ROOT / "docs/backstage"
"""The folder with a file for each entity."""

NAME = "copier-poetry-docker"
TITLE = "Python with Poetry and Docker"

HOSTS = {"github": "github.com", "gitlab": "gitlab.com"}
"""The hosts on which Backstage can publish, by the answer to repository_host."""

PAGES = {"project_type": "The project", "repository_host": "The repository and what is shipped"}
"""The pages of the form, by their first questions."""

ADVANCED = "Advanced"
"""The page of the advanced questions."""

REPLACED = "repository_owner"
"""The question that the repository picker of the form replaces."""

REPOSITORY: Schema = {
    "title": "Repository to create",
    "type": "string",
    "ui:field": "RepoUrlPicker",
    "ui:options": {"allowedHosts": list(HOSTS.values())},
}

OWNER: Schema = {"title": "Owner of the component", "type": "string", "ui:field": "OwnerPicker"}

TYPES = {"package": "library", "service": "service", "environment": "environment"}
"""The Backstage type of each project_type."""

COMPONENT = {
    "apiVersion": "backstage.io/v1alpha1",
    "kind": "Component",
    "metadata": {
        "name": "${{ parameters.repoUrl | parseRepoUrl | pick('repo') }}",
        "description": "${{ parameters.project_description }}",
    },
    "spec": {
        "type": "${{ 'library' if parameters.project_type === 'package' else parameters.project_type }}",
        "lifecycle": "experimental",
        "owner": "${{ parameters.owner }}",
    },
}
"""The component of a generated repository."""

DESCRIBE = {"id": "describe", "name": "Describe it", "action": "catalog:write", "input": {"entity": COMPONENT}}
"""The step that writes `catalog-info.yaml`. It is left out if the template has this file, as a fork may."""


@dataclass(frozen=True)
class Preset:
    """An answers file in presets/.

    Attributes:
        words: The parts of the file name.
        description: The comment at the top of the file.
        answers: The answers.
    """

    words: Sequence[str]
    description: str
    answers: Mapping[str, Any]


NO_PRESET = Preset(
    [], "A package, a service or an environment for scripts, locked, tested and shipped as an image.", {}
)


def presets() -> list[Preset]:
    """Read all presets."""
    return [preset(path) for path in sorted((ROOT / "presets").iterdir())]


def preset(path: Path) -> Preset:
    """Read a preset."""
    text = path.read_text(encoding="utf-8")
    description = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
    return Preset(path.stem.split("-"), " ".join(description), yaml.safe_load(text))


def catalog(questions: Sequence[Question], presets: Sequence[Preset]) -> dict[Path, str]:
    """Return the files of the catalog by their paths: the location and a file for each entity."""
    files = {FOLDER / f"{each['metadata']['name']}.yaml": written(each) for each in entities(questions, presets)}
    return {LOCATION: written(location(list(files))), **files}


def written(document: Mapping[str, Any]) -> str:
    """Write a YAML file."""
    text = yaml.safe_dump(document, sort_keys=False, width=float("inf"))
    return f"# Written by `make docs` from copier.yml and presets/.\n{text}"


def location(files: Sequence[Path]) -> dict[str, Any]:
    """Return the entity that lists the files of the others."""
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "metadata": {"name": NAME, "description": TITLE},
        "spec": {"targets": [f"./{file.relative_to(LOCATION.parent).as_posix()}" for file in files]},
    }


def entities(questions: Sequence[Question], presets: Sequence[Preset]) -> list[dict[str, Any]]:
    """Return the entities of the template."""
    offered = narrowed(questions, "repository_host", list(HOSTS))
    return [entity(offered, NO_PRESET), *(entity(offered, each) for each in presets if is_situation(offered, each))]


def is_situation(questions: Sequence[Question], preset: Preset) -> bool:
    """Return whether a preset has more answers than the project_type, and the form offers them all."""
    answers = preset.answers
    return len(answers) > 1 and all(
        answers.get(question.name) in [None, *question.values] for question in questions if question.values
    )


def with_answers(questions: Sequence[Question], answers: Mapping[str, Any]) -> list[Question]:
    """Return the questions with answers as their defaults. The form shows these questions and requires them."""
    return [
        replace(question, defaults=[(answers[question.name], {})], advanced=False)
        if question.name in answers
        else question
        for question in questions
    ]


def entity(offered: Sequence[Question], preset: Preset) -> dict[str, Any]:
    """Return an entity with its form, steps and links."""
    questions = with_answers(offered, preset.answers)
    return {
        "apiVersion": "scaffolder.backstage.io/v1beta3",
        "kind": "Template",
        "metadata": {
            "name": "-".join([NAME, *preset.words]),
            "title": f"{TITLE}: {' '.join(preset.words)}" if preset.words else TITLE,
            "description": preset.description,
            "tags": ["python", "poetry", "docker", "copier"],
            "links": [
                {"url": address(), "title": "Template"},
                {"url": f"{address()}/tree/HEAD/examples", "title": "Examples"},
            ],
        },
        "spec": {
            "owner": urlsplit(address()).path.split("/")[1],
            "type": TYPES[preset.answers.get("project_type", "service")],
            "parameters": pages(questions),
            "steps": steps(questions),
            "output": {
                "links": [
                    {
                        "title": "Repository",
                        "if": f"${{{{ parameters.repository_host === '{host}' }}}}",
                        "url": f"${{{{ steps.{host}.output.remoteUrl }}}}",
                    }
                    for host in HOSTS
                ]
                + [{"title": "Component", "entityRef": "${{ steps.register.output.entityRef }}"}]
            },
        },
    }


def narrowed(questions: Sequence[Question], name: str, values: Sequence[Any]) -> list[Question]:
    """Return the questions with some choices of one of them, without the conditions that then always hold."""

    def narrow(when: Condition) -> Condition:
        few = {other: [value for value in all_ if other != name or value in values] for other, all_ in when.items()}
        return {other: kept for other, kept in few.items() if other != name or len(kept) < len(values)}

    return [
        replace(
            question,
            when=[narrow(when) for when in question.when] if all(map(narrow, question.when)) else [],
            choices=[
                replace(choice, when=narrow(choice.when))
                for choice in question.choices
                if question.name != name or choice.value in values
            ],
        )
        for question in questions
    ]


def pages(questions: Sequence[Question]) -> list[Schema]:
    """Return the pages of the form. Backstage validates each page with the answers of all pages."""
    found: dict[str, list[Question]] = {}
    title = ""
    for question in questions:
        title = PAGES.get(question.name, title)
        found.setdefault(ADVANCED if question.advanced else title, []).append(question)
    defaults = defaults_of(questions)
    return [page(title, members, defaults) for title, members in found.items()]


def page(title: str, questions: Sequence[Question], defaults: Defaults) -> Schema:
    """Return a page with its unconditional fields and, in `allOf`, its conditional ones."""
    properties: Schema = {}
    required: list[str] = []
    conditional: list[Schema] = []
    for question in questions:
        shown = fields(question, defaults)
        if question.name == REPLACED:
            properties |= picked()
            required = [*required, *picked()]
            conditional += [{"if": holds({"repository_host": [host]}, defaults), "then": on(host)} for host in HOSTS]
        elif question.when or "if" in shown:
            conditional.append({"if": asked(question, defaults), "then": shown} if question.when else shown)
        else:
            properties |= shown["properties"]
            required += shown.get("required", [])
        if question.name != REPLACED:
            conditional += [conditional_rule(question.name, rule, defaults) for rule in question.rules if rule.when]
    order = [name for each in questions for name in (picked() if each.name == REPLACED else [each.name])]
    return {"title": title, "required": required, "properties": properties, "ui:order": [*order, "*"]} | (
        {"allOf": conditional} if conditional else {}
    )


def describes_itself() -> bool:
    """Return whether the template has a `catalog-info.yaml`."""
    return any((ROOT / "template").glob("catalog-info.yaml*"))


def picked() -> Schema:
    """Return the fields in place of the question that the form replaces."""
    return {"repoUrl": REPOSITORY} if describes_itself() else {"repoUrl": REPOSITORY, "owner": OWNER}


def on(host: str) -> Schema:
    """Return the schema of a repository on a host."""
    return {"properties": {"repoUrl": {"pattern": f"^{HOSTS[host].replace('.', '[.]')}[?]"}}}


def fields(question: Question, defaults: Defaults) -> Schema:
    """Return the field of a question, with the choices that depend on other answers in `if`, `then` and `else`."""
    # From the last one: if it is not offered, nor are those with a narrower condition.
    for choice in reversed(question.choices):
        if choice.when:
            free = [replace(each, when={}) if each is choice else each for each in question.choices]
            others = [each for each in question.choices if not narrower(each.when, choice.when)]
            return {
                "if": holds(choice.when, defaults),
                "then": fields(replace(question, choices=free), defaults),
                "else": fields(replace(question, choices=others), defaults),
            }
    # Copier would prompt for a missing answer, and stop without a terminal.
    # An answer of a preset is required too. Without a preset's registry, for example, images would come from public ones.
    needed = not question.advanced and bool(not question.may_be_empty or question.default)
    return {"properties": {question.name: field(question)}} | ({"required": [question.name]} if needed else {})


def narrower(when: Condition, other: Condition) -> bool:
    """Return whether a condition holds only where another one does."""
    return all(name in when and {*when[name]} <= {*values} for name, values in other.items())


def field(question: Question) -> Schema:
    """Return a field with the prompt as its title and the labels of the choices."""
    schema = property_schema(question)
    title = schema.pop("description")
    if any(choice.label != choice.value for choice in question.choices):
        del schema["enum"]
        schema["oneOf"] = [{"const": choice.value, "title": choice.label} for choice in question.choices]
    return {"title": title} | ({"description": question.sentence} if question.sentence else {}) | schema


def steps(questions: Sequence[Question]) -> list[dict[str, Any]]:
    """Return the steps: generate the repository, publish it on the chosen host, and register it as a component."""
    return [
        {
            "id": "generate",
            "name": "Generate the repository",
            "action": "fetch:copier",
            "input": {"url": address(), "values": {question.name: value(question) for question in questions}},
        },
        *([] if describes_itself() else [DESCRIBE]),
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
        {
            "id": "register",
            "name": "Register it",
            "action": "catalog:register",
            "input": {"repoContentsUrl": "${{ steps[parameters.repository_host].output.repoContentsUrl }}"},
        },
    ]


def value(question: Question) -> str:
    """Return the expression for an answer in the input of the action.

    The form keeps the answers to questions that have disappeared, so the expression repeats the question's condition.
    It turns a missing optional text into an empty one, for which Copier would prompt otherwise.
    """
    if question.name == REPLACED:
        return "${{ parameters.repoUrl | parseRepoUrl | pick('owner') }}"
    empty = " or ''" if question.may_be_empty and not question.advanced else ""
    when = " or ".join(
        " and ".join(f"parameters.{name} in {json.dumps(list(values))}" for name, values in one.items())
        for one in question.when
    )
    given = f"parameters.{question.name}{empty}"
    return f"${{{{ {given} if {when} else parameters.not_asked }}}}" if when else f"${{{{ {given} }}}}"
