"""The reference of all questions in docs/options.md, and their table in the README."""

import re
from collections.abc import Sequence

from tools.docs.markdown import code, table
from tools.docs.wording import answer, condition
from tools.questions.derive import SOURCE_EXAMPLES
from tools.questions.model import Question

INTRODUCTION = """# Options

<!-- Written by `make docs` from copier.yml. -->

Every question of the template, in the order in which Copier asks them. Copier asks a question marked *when named* only
with `--ask`. `--data` answers any question. [A schema](catalog.md#check-an-answers-file) checks an answers file."""


def options_page(questions: Sequence[Question]) -> str:
    """Write the reference of all questions."""
    return "\n\n".join([INTRODUCTION, *map(options_section, questions)]) + "\n"


def options_section(question: Question) -> str:
    """Write the reference of a question."""
    lines = [
        f"- Answers:{answers(question)}",
        f"- Default: {default(question)}",
        f"- Asked: {asked(question)}",
        f"- Since: {question.since}",
    ]
    return "\n".join([f"## {question.name}", "", question.help, "", *lines])


def questions_table(questions: Sequence[Question]) -> str:
    """Write a table with a row for each question."""
    return table(["question", "answers", "default", "asked"], map(questions_row, questions), 4)


def questions_row(question: Question) -> list[str]:
    """Write the prompt, the answers in a few words, the default and the condition of a question."""
    prompt = re.sub(r" [(].*[)]$", "", question.help)
    return [f"{code(question.name)}<br>{prompt}", short_answers(question), short_default(question), asked(question)]


def short_answers(question: Question) -> str:
    """Write the accepted answers in a line."""
    if question.sentence:
        return question.sentence.removeprefix("Use ").removesuffix(".").replace(". Use ", "; ")
    return answers(question).replace("\n  - ", "; ").removeprefix("; ").strip()


def short_default(question: Question) -> str:
    """Write the default, or the questions on which it depends."""
    [(value, when), *others] = question.defaults
    if question.default_question:
        return f"that of {code(question.default_question)}"
    return f"by {' and '.join(map(code, when))}" if others else answer(value)


def asked(question: Question) -> str:
    """Write when Copier asks a question."""
    found = [
        *(["when named"] if question.advanced else []),
        *([f"when {' or '.join(map(condition, question.when))}"] if question.when else []),
    ]
    return ", and ".join(found) or "always"


def answers(question: Question) -> str:
    """Write the accepted answers, with a line for each choice if the choices have labels."""
    if question.flag or not any(one.when or one.label != one.value for one in question.choices):
        return f" {question.sentence or ', '.join(map(answer, question.values))}"
    lines = [
        f"  - {code(one.value)}"
        f"{f': {one.label}' if one.label != one.value else ''}{f' (only when {condition(one.when)})' if one.when else ''}"
        for one in question.choices
    ]
    return "\n".join(["", *lines])


def default(question: Question) -> str:
    """Write the default, with the condition of each if there are several."""
    value, when = question.defaults[-1]
    if not when:
        return answer(value)
    if question.default_question:
        return f"the answer to {code(question.default_question)}"
    if SOURCE_EXAMPLES.keys() & when.keys():
        return "; ".join(
            f"from {code(name)}, such as {answer(value)} from {answer(values[0])}" for name, values in when.items()
        )
    return "; ".join(f"{answer(value)} when {condition(when)}" for value, when in question.defaults)
