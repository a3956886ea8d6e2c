"""Answers and conditions in words."""

from typing import Any

from tools.docs.markdown import code
from tools.questions.model import Condition


def answer(value: Any) -> str:
    """Write an answer as users give it."""
    return {True: "yes", False: "no", "": "nothing"}.get(value) or code(value)


def condition(when: Condition) -> str:
    """Write a condition."""
    return " and ".join(f"{code(name)} is {' or '.join(map(answer, values))}" for name, values in when.items())
