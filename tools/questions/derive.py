"""The questions, derived from the enumeration of all combinations of their answers.

Nothing parses Jinja, so a condition in copier.yml can be written in any way.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from tools.questions.conditions import condition, conditions, unique
from tools.questions.model import Choice, Condition, Question, Rule
from tools.questions.since import first_releases
from tools.questions.text_rules import text_rules
from tools.render.template import Answers, Template

SOURCE_EXAMPLES = {"project_name": ["myproject", "My Project"]}
"""Two answers for each text from which other defaults are derived."""

REFUSED_TEXT = "<\n"
"""A text that every text question refuses."""


def questions(template: Template) -> list[Question]:
    """Return all questions that users can answer, in the order of copier.yml."""
    public = [name for name, details in template.questions.items() if details.get("when") is not False]
    since, rules = first_releases(), text_rules(template)
    return [question(template, name, public, since.get(name, "next"), rules.get(name, ())) for name in public]


def question(template: Template, name: str, public: Sequence[str], since: str, rules: Sequence[Rule]) -> Question:
    """Return a question.

    Args:
        template: The template.
        name: The key of the question.
        public: The keys of all questions that users can answer, in their order.
        since: The first release with this question.
        rules: The rules for a text.
    """
    details = template.questions[name]
    earlier = public[: public.index(name)]
    cases = [
        ({other: combination.known[other] for other in earlier}, *template.question(name, combination))
        for combination in template.product(SOURCE_EXAMPLES, [name])
    ]
    asked = [(known, default, choices) for known, is_asked, default, choices in cases if is_asked]
    when = conditions([(known, is_asked) for known, is_asked, _, _ in cases])
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
        sentence="" if values or details["type"] == "bool" else error_messages(template, name, when),
        defaults=[
            (value, condition([(known, default == value) for known, default, _ in asked]))
            for value in unique(default for _, default, _ in asked)
        ],
        when=when,
        advanced=details.get("ask") is False,
        since=since,
    )


def choice_labels(choices: Any) -> dict[Any, str]:
    """Return the labels of the static choices in copier.yml by their values."""
    if not isinstance(choices, Mapping):
        return {} if isinstance(choices, str) else {value: value for value in choices}
    return {each["value"] if isinstance(each, Mapping) else each: label for label, each in choices.items()}


def error_messages(template: Template, name: str, when: Sequence[Condition]) -> str:
    """Return the error messages for a refused text. They can depend on other answers."""
    answers = [dict(zip(one, each, strict=True)) for one in when or [{}] for each in product(*one.values())]
    return " ".join(unique(error_message(template, name, each) for each in answers))


def error_message(template: Template, name: str, answers: Answers) -> str:
    """Return the error message for a refused text with some other answers."""
    try:
        template.render({**answers, name: REFUSED_TEXT})
    except ValueError as error:
        return str(error).partition(": ")[2]
    raise ValueError(f"{name} accepts {REFUSED_TEXT!r}: add a validator.")
