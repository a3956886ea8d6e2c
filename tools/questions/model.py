"""The types of the questions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Condition = Mapping[str, Sequence[Any]]
"""Accepted answers by question. All questions must match; an empty condition always holds."""

Schema = dict[str, Any]
"""A JSON Schema."""


@dataclass(frozen=True)
class Choice:
    """A choice of a question.

    Attributes:
        value: The answer.
        label: The text in the prompt.
        when: The condition on other answers under which the question offers this choice.
    """

    value: Any
    label: str
    when: Condition


@dataclass(frozen=True)
class Rule:
    """A rule for a text answer.

    Attributes:
        schema: The rule as a JSON Schema.
        when: The condition on other answers under which the rule applies.
    """

    schema: Schema
    when: Condition


@dataclass(frozen=True)
class Question:
    """A question that users can answer.

    Attributes:
        name: The key in copier.yml.
        help: The prompt.
        flag: Whether the answer is yes or no.
        choices: The choices; empty for texts and flags.
        rules: The rules for a text.
        sentence: The error message for a refused text.
        defaults: Each default with the condition under which it applies.
        when: Conditions of which one must hold for the question to be asked; empty if it is always asked.
        advanced: Whether Copier asks only with `--ask`.
        since: The first release with this question.
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
        """The default if it does not depend on other answers, else None."""
        [(value, when), *_] = self.defaults
        return None if when else value

    @property
    def default_question(self) -> str:
        """The question whose answer is the default, or an empty text."""
        names = {name for value, when in self.defaults for name in (when if list(when.values()) == [[value]] else [""])}
        return names.pop() if len(names) == 1 else ""

    @property
    def values(self) -> list[Any]:
        """All answers of a flag or a choice; empty for a text."""
        return [True, False] if self.flag else [choice.value for choice in self.choices]

    @property
    def may_be_empty(self) -> bool:
        """Whether an empty text is accepted."""
        patterns = [rule.schema["pattern"] for rule in self.rules if "pattern" in rule.schema]
        return not self.values and all(re.search(pattern, "") for pattern in patterns)
