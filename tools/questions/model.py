"""The questions as data: what copier.yml says of them, and what only the enumeration of their answers tells.

Which answers decide whether a question is asked is computed from all combinations of answers, and not read in Jinja.
"""

import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import yaml

from tools.render.template import ROOT, Answers, Combination, Template

Condition = Mapping[str, Sequence[Any]]
"""For each of some questions the answers with which something is so: all of them together. Without any it is always so."""

Schema = dict[str, Any]

FOLLOWED = {"project_name": ["myproject", "My Project"]}
"""Two answers in text, to see which defaults follow from it."""

BAD = "<\n"
"""What no question takes that takes text."""

END = r"$(?!\n)"
"""The end of a text for a pattern in Python and in JavaScript: in Python $ is before a last newline as well."""


@dataclass(frozen=True)
class Choice:
    """One of the answers that can be chosen.

    Attributes:
        value: The answer.
        label: What a person reads.
        when: With which other answers it can be chosen, where its question is asked.
    """

    value: Any
    label: str
    when: Condition


@dataclass(frozen=True)
class Rule:
    """What an answer in text has to be.

    Attributes:
        schema: The same as a JSON Schema.
        when: With which other answers it has to be that.
    """

    schema: Schema
    when: Condition


@dataclass(frozen=True)
class Question:
    """A question that can be answered.

    Attributes:
        name: Its key.
        help: What is asked.
        flag: Whether it is answered with yes or no.
        choices: What can be chosen; none for a text or a flag.
        rules: What a text has to be.
        sentence: What is said to texts that are refused.
        defaults: Its defaults, each with the answers with which it is the one.
        when: With which other answers it is asked: with any of these. Without any it always is.
        advanced: Whether it is asked only when it is named.
        since: The first release that has it.
    """

    name: str
    help: str
    flag: bool
    choices: Sequence[Choice]
    rules: Sequence[Rule]
    sentence: str
    defaults: Sequence[tuple[Any, Condition]]
    when: Sequence[Condition]
    advanced: bool
    since: str

    @property
    def default(self) -> Any:
        """Its default where that does not depend on other answers; else nothing."""
        [(value, when), *_] = self.defaults
        return None if when else value

    @property
    def values(self) -> list[Any]:
        """All that can be chosen."""
        return [True, False] if self.flag else [choice.value for choice in self.choices]

    @property
    def may_be_empty(self) -> bool:
        """Whether an empty text is an answer."""
        patterns = [rule.schema["pattern"] for rule in self.rules if "pattern" in rule.schema]
        return not self.values and all(re.search(pattern, "") for pattern in patterns)


def questions(template: Template) -> list[Question]:
    """Return all questions that can be answered, in the order in which they are asked."""
    public = [name for name, details in template.questions.items() if details.get("when") is not False]
    since, rules = first_releases(), text_rules(template)
    return [question(template, name, public, since.get(name, "next"), rules.get(name, ())) for name in public]


def question(template: Template, name: str, public: Sequence[str], since: str, rules: Sequence[Rule]) -> Question:
    """Return what is known of a question."""
    details = template.questions[name]
    before = public[: public.index(name)]
    all_of_them = [
        (known_before(combination, before), *template.question(name, combination))
        for combination in template.product(FOLLOWED, [name])
    ]
    asked = [(known, default, choices) for known, is_asked, default, choices in all_of_them if is_asked]
    when = conditions([(known, is_asked) for known, is_asked, _, _ in all_of_them])
    values = [] if details["type"] == "bool" else unique(one for _, _, choices in asked for one in choices)
    labels = choice_labels(details.get("choices", ()))
    return Question(
        name=name,
        help=details["help"],
        flag=details["type"] == "bool",
        choices=[
            Choice(value, labels.get(value, value), condition([(known, value in each) for known, _, each in asked]))
            for value in sorted(values, key=list(labels or values).index)
        ],
        rules=rules,
        sentence="" if values or details["type"] == "bool" else refusals(template, name, when),
        defaults=[
            (value, condition([(known, default == value) for known, default, _ in asked]))
            for value in unique(default for _, default, _ in asked)
        ],
        when=when,
        advanced=details.get("ask") is False,
        since=since,
    )


def known_before(combination: Combination, before: Sequence[str]) -> Answers:
    """Return what is known of a combination when a question is reached, but for what no answer decides."""
    return {name: combination.known[name] for name in before}


def conditions(cases: Sequence[tuple[Answers, bool]]) -> list[Condition]:
    """Find with which answers something is so, where any of several conditions may do; none when it always is.

    Raises:
        ValueError: It takes more than that.
    """
    try:
        found = condition(cases)
    except ValueError:
        for name in cases[0][0]:
            those = [value for value in unique(known[name] for known, _ in cases) if enough(name, value, cases)]
            if those:
                return [{name: those}, *conditions([each for each in cases if each[0][name] not in those])]
        raise
    return [found] if found else []


def enough(name: str, value: Any, cases: Iterable[tuple[Answers, bool]]) -> bool:
    """Return whether something is so with an answer, whatever the others are."""
    return all(holds for known, holds in cases if known[name] == value)


def condition(cases: Sequence[tuple[Answers, bool]]) -> Condition:
    """Find with which answers something is so.

    Args:
        cases: All combinations of answers, and whether it is so with each.

    Raises:
        ValueError: It takes more than an answer out of some to each of some questions.
    """
    found = {name: unique(known[name] for known, holds in cases if holds) for name in cases[0][0]}
    found = {
        name: values for name, values in found.items() if len(values) < len(unique(each[name] for each, _ in cases))
    }
    for name in reversed(list(found)):
        rest = {other: values for other, values in found.items() if other != name}
        if explains(rest, cases):
            found = rest
    if not explains(found, cases):
        raise ValueError(f"{', '.join(found)} decide together: this has no words yet.")
    return found


def explains(when: Condition, cases: Iterable[tuple[Answers, bool]]) -> bool:
    """Return whether a condition holds in the cases in which something is so, and in no others."""
    return all(met(when, known) == holds for known, holds in cases)


def met(when: Condition, known: Answers) -> bool:
    """Return whether a condition holds for answers."""
    return all(known[name] in values for name, values in when.items())


def quoted(text: str) -> str:
    """Write a word of a file as code."""
    return f"`{text}`"


def answer(value: Any) -> str:
    """Write an answer as a person gives it."""
    return {True: "yes", False: "no", "": "nothing"}.get(value) or quoted(value)


def unique(values: Iterable[Any]) -> list[Any]:
    """Return values without those that were there before."""
    return list(dict.fromkeys(values))


def choice_labels(choices: Any) -> dict[Any, str]:
    """Return what a person reads by the value of each choice that is written down in copier.yml."""
    if not isinstance(choices, Mapping):
        return {} if isinstance(choices, str) else {value: value for value in choices}
    return {each["value"] if isinstance(each, Mapping) else each: label for label, each in choices.items()}


def refusals(template: Template, name: str, when: Sequence[Condition]) -> str:
    """Return the sentences that say what a text has to be: with other answers it can be another."""
    those = [dict(zip(one, each, strict=True)) for one in when or [{}] for each in product(*one.values())]
    return " ".join(unique(refusal(template, name, each) for each in those))


def refusal(template: Template, name: str, answers: Answers) -> str:
    """Return the sentence that says what a text has to be with some other answers."""
    try:
        template.render({**answers, name: BAD})
    except ValueError as error:
        return str(error).partition(": ")[2]
    raise ValueError(f"{name} takes anything: {BAD!r} was not refused.")


@cache
def releases() -> dict[str, str]:
    """Return the commit of each release by its tag: the commits that changed the version, the oldest first."""
    commits = git("log", "--reverse", "--format=%H", "-G^version = ", "--", "pyproject.toml").split()
    return {f"v{version(git('show', f'{commit}:pyproject.toml'))}": commit for commit in commits}


def first_releases() -> dict[str, str]:
    """Return the first release of each question that is in one, with that which is about to be committed."""
    found: dict[str, str] = {}
    for tag, commit in releases().items():
        for name in yaml.safe_load(git("show", f"{commit}:copier.yml")):
            found.setdefault(name, tag.removeprefix("v"))
    here = version((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if f"v{here}" not in releases():
        for name in yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8")):
            found.setdefault(name, here)
    return found


def version(pyproject: str) -> str:
    """Return the version that a pyproject.toml states."""
    return str(tomllib.loads(pyproject)["project"]["version"])


def git(*arguments: str) -> str:
    """Return what Git says of this repository."""
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def text_rules(template: Template) -> dict[str, list[Rule]]:
    """Return what each text has to be, from the patterns and lists by which the template refuses it."""
    names: Any = template.environment.get_template("extensions/names.jinja").module
    text: Any = template.environment.get_template("extensions/text.jinja").module
    patterns, installed = names.patterns, names.installed
    everywhere = [*names.keywords, *names.standard_library, *names.folders, *installed["all"], *installed["docs"]]
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
        "package_index_url": [always(pattern(patterns["index_url"]))],
    }


def always(schema: Schema) -> Rule:
    """Return a rule that holds whatever else is answered."""
    return Rule(schema, {})


def portable(expression: str) -> str:
    r"""Write a pattern that ends with \Z so that JavaScript reads it as well."""
    return expression.removesuffix(r"\Z") + END


def pattern(expression: str) -> Schema:
    """Demand a pattern."""
    return {"pattern": portable(expression)}


def empty_or(expression: str) -> Schema:
    """Demand a pattern, or nothing at all."""
    return {"pattern": f"^({inner(expression)})?{END}"}


def several(expression: str) -> str:
    """Write a pattern for any number of words, with spaces between."""
    word = inner(expression)
    return f"^ *({word}( +{word})* *)?{END}"


def line(without: str) -> str:
    """Write a pattern for a text without some characters, and without a space at its beginning or end."""
    return rf"^(?!\s)([^{without}]*[^{without}\s])?{END}"


def inner(expression: str) -> str:
    """Return what is between the ends of a pattern."""
    return expression.removeprefix("^").removesuffix(r"\Z")


def none_of(*expressions: str) -> Schema:
    """Refuse some patterns."""
    refused = [pattern(expression) for expression in expressions]
    return {"not": {"anyOf": refused} if len(refused) > 1 else refused[0]}


def one_of(words: Iterable[str]) -> str:
    """Write a pattern for some words."""
    return rf"^({'|'.join(unique(words))})\Z"


def any_spelling(expression: str) -> str:
    """Write a pattern of import names for the project names that become one of them."""
    return any_case(expression).replace("_", "[ ._-]+")


def any_case(expression: str) -> str:
    """Write a pattern for lower and upper case: JSON Schema has no flag for that."""
    letters = r"\[[^]]*\]|\\.|([a-z])"
    return re.sub(letters, lambda found: f"[{found[1]}{found[1].upper()}]" if found[1] else found[0], expression)
