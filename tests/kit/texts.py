"""Properties of the texts that people type: all files have each text as typed, or it is refused in one sentence."""

import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.kit.answers import HOSTILE, working_tree
from tests.kit.commands import POETRY, write
from tests.kit.rendered_files import check
from tools.render.template import Answers, Files
from tools.repository import ROOT

NASTY = [
    *(
        "",
        " ",
        '"',
        '"""',
        "'",
        "'''",
        "\\",
        "\\n",
        "\n",
        "\r",
        "\t",
        "\0",
        "\x1b[31m",
        "\x7f",
        "\u2028",
        "\ufeff",
        "\udcff",
    ),
    *("#", "%", "$", "$(id)", "`id`", "${HOME}", "${{ github.token }}", "{{ project_name }}", "{% if %}", "{#", "}}"),
    *(
        "<b>",
        "<!--",
        "</title>",
        "&amp;",
        "]",
        "](x)",
        "- ",
        "---",
        "-",
        "--help",
        "# ",
        "```",
        "|",
        ">",
        "!",
        "*",
        "&a",
    ),
    *("no", "null", "1e3", "~", "true", "0x1F", "2026-11-23", "[a]", "{a: b}", ": ", " #", "@", "=", ";", "|| true"),
    *(
        "\u200f",
        "\u202e",
        "\u2066",
        "e\u0301",
        "\u00e9",
        "日本",
        "😀",
        "\ud83d",
        "ß",
        "İ",
        "None",
        "Undefined",
        "x" * 500,
    ),
]
"""Text that breaks a format, a shell, a workflow, or a common assumption."""

TEXT = st.lists(st.sampled_from(NASTY) | st.text(max_size=20), max_size=6).map("".join) | st.text(max_size=500)
FREE = ["project_description", "author_name", "author_email"]
"""Questions whose answers no tool looks up."""

NAMES = {
    "project_name": st.from_regex(r"[A-Za-z0-9 ._-]{1,70}", fullmatch=True),
    "package_name": st.from_regex(r"[a-z_][a-z0-9_]{0,70}", fullmatch=True),
    "command_name": st.from_regex(r"[A-Za-z0-9_.-]{1,70}", fullmatch=True),
    "base_registry": st.from_regex(r"[a-z0-9.-]{1,9}[.:][0-9]{1,4}(/[a-z0-9._-]{1,9}){0,3}", fullmatch=True),
    "builder_packages": st.lists(st.from_regex(r"[a-z0-9+.-]{1,9}", fullmatch=True), max_size=4).map(" ".join),
    "runtime_packages": st.lists(st.from_regex(r"[a-z0-9+.-]{1,9}", fullmatch=True), max_size=4).map(" ".join),
    "image_groups": st.lists(st.from_regex(r"[A-Za-z0-9._-]{1,9}", fullmatch=True), max_size=4).map(" ".join),
    "image_extras": st.lists(st.from_regex(r"[A-Za-z0-9._-]{1,9}", fullmatch=True), max_size=4).map(" ".join),
    "build_files": st.lists(st.from_regex(r"[A-Za-z0-9._/-]{1,9}", fullmatch=True), max_size=4).map(" ".join),
    "package_index_url": st.from_regex(r"https://[a-z0-9.:-]{1,20}(/[A-Za-z0-9._~%+-]{0,9}){0,4}", fullmatch=True),
}
"""For each question whose answer a tool looks up, text that is nearly always acceptable."""


Ask = Callable[[Files], Any]
"""Returns Poetry's report on a project, see poetry_check.py."""


def profile(examples: int) -> settings:
    """Return the settings of a deterministic test."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def rendered(answers: Answers) -> Files | None:
    """Render the files; if the answers are refused, check that the message is one sentence and return None."""
    try:
        return working_tree().render(answers)
    except ValueError as error:
        message = str(error)
        sentence = message.partition(": ")[2]
        assert "\n" not in message
        assert re.search(r"\w.*[.)]\Z", sentence), message
        return None


@contextmanager
def poetry() -> Iterator[Ask]:
    """Give a function that asks Poetry about a project, in one process for all projects."""
    command = [str(POETRY.with_name("python")), str(ROOT / "tests/kit/poetry_check.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        stdin: IO[str] = process.stdin
        stdout: IO[str] = process.stdout

        def ask(files: Files) -> Any:
            with TemporaryDirectory() as folder:
                write({path: files[path] for path in ("pyproject.toml", "README.md", "LICENSE")}, Path(folder))
                print(folder, file=stdin, flush=True)
                return json.loads(stdout.readline())

        yield ask
        stdin.close()


def check_free_text(kind: str, examples: int, ask: Ask) -> tuple[int, int]:
    """Check texts in a type of project, and return how many were accepted and refused."""
    usual = working_tree().render({"project_type": kind})
    usual_description = tomllib.loads(usual["pyproject.toml"].decode())["project"]["description"]
    accepted, refused = 0, 0

    @profile(examples)
    @given(st.fixed_dictionaries({}, optional=dict.fromkeys(FREE, TEXT)))
    @example({"project_description": HOSTILE, "author_name": "日本"})
    def each(texts: dict[str, str]) -> None:
        nonlocal accepted, refused
        files = rendered({"project_type": kind, **texts})
        if files is None:
            refused += 1
            return
        accepted += 1
        for path, content in files.items():
            check(path, content, tuple(texts.values()))
        check_texts(files, texts)
        # All other files are the same: no shell, workflow or Dockerfile has the text.
        seen = {path for path in usual if files[path] != usual[path]}
        assert seen <= {"README.md", "pyproject.toml", "LICENSE", ".copier-answers.yml"}
        answer = ask(files)
        assert answer["says"] == "All set!"
        assert (answer["summary"] or "") == texts.get("project_description", usual_description)

    each()
    return accepted, refused


def check_texts(files: Files, texts: dict[str, str]) -> None:
    """Check that files have each text exactly, in its places."""
    project = tomllib.loads(files["pyproject.toml"].decode())["project"]
    answers = yaml.safe_load(files[".copier-answers.yml"])
    assert {question: answers[question] for question in texts} == texts
    if "project_description" in texts:
        assert project["description"] == texts["project_description"]
        if texts["project_description"]:
            assert f"\n\n{texts['project_description']}\n\n" in files["README.md"].decode()
    author = {key: texts[f"author_{key}"] for key in ("name", "email") if texts.get(f"author_{key}")}
    assert project.get("authors", []) == ([author] if author else [])
    if texts.get("author_name"):
        assert texts["author_name"] in files["LICENSE"].decode() or "GNU" in files["LICENSE"].decode()


def check_name(question: str, examples: int, ask: Ask) -> tuple[int, int]:
    """Check names for a question, and return how many were accepted and refused."""
    kind = {"package_name": "service"}.get(question, "package")
    accepted, refused = 0, 0

    @profile(examples)
    @given(NAMES[question] | TEXT)
    def each(text: str) -> None:
        nonlocal accepted, refused
        files = rendered({"project_type": kind, "package_index": "private", question: text})
        if files is None:
            refused += 1
            return
        accepted += 1
        for path, content in files.items():
            check(path, content, (text,))
        if question.endswith("_packages") and text.split():
            assert f"--no-install-recommends {' '.join(dict.fromkeys(text.split()))}" in files["Dockerfile"].decode()
        assert yaml.safe_load(files[".copier-answers.yml"])[question] == text
        answer = ask(files)
        assert answer["says"] == "All set!"

    each()
    return accepted, refused
