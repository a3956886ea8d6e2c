"""The rules for text answers as JSON Schemas, from the patterns and lists with which the template refuses texts."""

import re
from collections.abc import Iterable
from typing import Any

from tools.questions.conditions import unique
from tools.questions.model import Rule, Schema
from tools.render.template import Template

END = r"$(?!\n)"
"""The end of a text in Python and JavaScript patterns. A plain `$` in Python also matches before a final newline."""


def text_rules(template: Template) -> dict[str, list[Rule]]:
    """Return the rules of each text question by its name."""
    names: Any = template.environment.get_template("extensions/names.jinja").module
    text: Any = template.environment.get_template("extensions/text.jinja").module
    patterns, installed = names.patterns, names.installed
    everywhere = [*names.keywords, *names.standard_library, *names.folders]
    everywhere += [*installed["all"], *installed["package"], *installed["docs"]]
    reserved = one_of(word for word in everywhere if word.islower())
    service, environment = one_of(installed["service"]), one_of([*installed["all"], *installed["environment"]])
    commands = [patterns["interpreter"], names.devices, one_of(names.commands)]
    imported = {"project_type": ["package", "service"]}
    longest = {"maxLength": names.longest}
    return {
        "project_name": [
            always(pattern(patterns["project_name"]) | longest),
            Rule({"pattern": "^[A-Za-z]"} | none_of(any_spelling(names.devices), any_spelling(reserved)), imported),
            Rule(none_of(any_spelling(service)), {"project_type": ["service"]}),
            Rule(none_of(any_spelling(environment)), {"project_type": ["environment"]}),
        ],
        "project_description": [always({"pattern": line(text.control)})],
        "package_name": [
            always(pattern(patterns["package_name"]) | longest | none_of(names.devices, reserved)),
            Rule(none_of(service), {"project_type": ["service"]}),
        ],
        "command_name": [
            always(pattern(patterns["command_name"]) | longest | none_of(*map(any_case, commands))),
        ],
        "author_name": [always({"pattern": line(text.control + text.no_author)})],
        "author_email": [always(empty_or(text.email))],
        "repository_owner": [
            Rule(empty_or(patterns["github"]), {"repository_host": ["github"]}),
            Rule(empty_or(patterns["gitlab"]), {"repository_host": ["gitlab"]}),
        ],
        "template_owners": [always(empty_or(patterns["reviewers"]))],
        "base_registry": [always(empty_or(patterns["registry"]))],
        "builder_packages": [always({"pattern": several(patterns["debian_package"])})],
        "runtime_packages": [always({"pattern": several(patterns["debian_package"])})],
        "image_groups": [always({"pattern": several(patterns["dependency_set"])})],
        "image_extras": [always({"pattern": several(patterns["dependency_set"])})],
        "build_files": [always({"pattern": several(patterns["build_file"], minimum=1)})],
        "package_index_url": [always(pattern(patterns["index_url"]))],
    }


def always(schema: Schema) -> Rule:
    """Return a rule without a condition."""
    return Rule(schema, {})


def portable(expression: str) -> str:
    r"""Replace the final \Z, which JavaScript lacks."""
    return expression.removesuffix(r"\Z") + END


def pattern(expression: str) -> Schema:
    """Return the schema of a pattern."""
    return {"pattern": portable(expression)}


def empty_or(expression: str) -> Schema:
    """Return the schema of a pattern or an empty text."""
    return {"pattern": f"^({inner(expression)})?{END}"}


def several(expression: str, minimum: int = 0) -> str:
    """Return a pattern of words, separated by spaces, of which there is at least a minimum of 0 or 1."""
    word = inner(expression)
    return f"^ *({word}( +{word})* *){'' if minimum else '?'}{END}"


def line(without: str) -> str:
    """Return a pattern of a text without some characters and without surrounding spaces."""
    return rf"^(?!\s)([^{without}]*[^{without}\s])?{END}"


def inner(expression: str) -> str:
    """Return a pattern without its anchors."""
    return expression.removeprefix("^").removesuffix(r"\Z")


def none_of(*expressions: str) -> Schema:
    """Return a schema that refuses patterns."""
    refused = [pattern(expression) for expression in expressions]
    return {"not": {"anyOf": refused} if len(refused) > 1 else refused[0]}


def one_of(words: Iterable[str]) -> str:
    """Return a pattern of some words."""
    return rf"^({'|'.join(unique(words))})\Z"


def any_spelling(expression: str) -> str:
    """Return a pattern of the project names that give one of some import names."""
    return any_case(expression).replace("_", "[ ._-]+")


def any_case(expression: str) -> str:
    """Return a case-insensitive pattern. JSON Schema has no flag for it."""
    letters = r"\[[^]]*\]|\\.|([a-z])"
    return re.sub(letters, lambda found: f"[{found[1]}{found[1].upper()}]" if found[1] else found[0], expression)
