"""Whatever text people type: either all files hold it as it was typed, or it is refused in one sentence."""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.kit.answers import HOSTILE, KINDS, working_tree
from tests.kit.commands import COPIER, POETRY, write
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
"""What breaks a format, a shell, a workflow, or somebody's assumption."""

TEXT = st.lists(st.sampled_from(NASTY) | st.text(max_size=20), max_size=6).map("".join) | st.text(max_size=500)
FREE = ["project_description", "author_name", "author_email"]
"""Questions whose answers name nothing that a tool looks up."""

MANY = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


def rendered(answers: Answers) -> Files | None:
    """Render, or hold the refusal to being one sentence and return None."""
    try:
        return working_tree().render(answers)
    except ValueError as error:
        message = str(error)
        sentence = message.partition(": ")[2]
        assert "\n" not in message
        assert re.search(r"\w.*[.)]\Z", sentence), message
        return None


@contextmanager
def poetry() -> Iterator[Any]:
    """Give what asks Poetry about a project, in one process for many of them."""
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


@pytest.mark.parametrize("kind", KINDS)
def test_free_text_comes_out_as_it_was_typed_or_is_refused(kind: str) -> None:
    usual = working_tree().render({"project_type": kind})
    accepted, refused = 0, 0

    @MANY
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
        holds_texts(files, texts)
        # Nothing else differs: no shell, workflow or Dockerfile has ever seen it.
        seen = {path for path in usual if files[path] != usual[path]}
        assert seen <= {"README.md", "pyproject.toml", "LICENSE", ".copier-answers.yml"}
        answer = ask(files)
        assert answer["says"] == "All set!"
        assert (answer["summary"] or "") == texts.get("project_description", usual_description)

    usual_description = tomllib.loads(usual["pyproject.toml"].decode())["project"]["description"]
    with poetry() as ask:
        each()
    assert accepted > 50
    assert refused > 50


def holds_texts(files: Files, texts: dict[str, str]) -> None:
    """Hold files to having texts exactly, where each belongs."""
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


NAMES = {
    "project_name": st.from_regex(r"[A-Za-z0-9 ._-]{1,70}", fullmatch=True),
    "package_name": st.from_regex(r"[a-z_][a-z0-9_]{0,70}", fullmatch=True),
    "command_name": st.from_regex(r"[A-Za-z0-9_.-]{1,70}", fullmatch=True),
    "base_registry": st.from_regex(r"[a-z0-9.-]{1,9}[.:][0-9]{1,4}(/[a-z0-9._-]{1,9}){0,3}", fullmatch=True),
    "builder_packages": st.lists(st.from_regex(r"[a-z0-9+.-]{1,9}", fullmatch=True), max_size=4).map(" ".join),
    "runtime_packages": st.lists(st.from_regex(r"[a-z0-9+.-]{1,9}", fullmatch=True), max_size=4).map(" ".join),
    "package_index_url": st.from_regex(r"https://[a-z0-9.:-]{1,20}(/[A-Za-z0-9._~%+-]{0,9}){0,4}", fullmatch=True),
}
"""For each question whose answer is looked up by a tool, text that is nearly always what is asked for."""


@pytest.mark.parametrize("question", NAMES)
def test_a_name_works_or_is_refused(question: str) -> None:
    kind = {"package_name": "service"}.get(question, "package")
    accepted, refused = 0, 0

    @MANY
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

    with poetry() as ask:
        each()
    assert accepted > 30
    assert refused > 30


ODD = [
    "no",
    "null",
    "1e3",
    "~",
    "0x1F",
    "2026-11-23",
    "[a]",
    "{a: b}",
    "- x",
    "---",
    "# x",
    "'x",
    "\\",
    "😀" * 500,
    HOSTILE,
]


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:10])
def test_what_yaml_would_read_as_something_else_survives_the_command_line_and_an_update(
    text: str, tmp_path: Path
) -> None:
    command: list[str | Path] = [COPIER, "copy", "--quiet", "--defaults", f"--data=project_description={text}"]
    subprocess.run([*command, working_tree().folder, tmp_path], check=True)
    once = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["project"]["description"] == text
    subprocess.run([COPIER, "recopy", "--quiet", "--defaults", "--overwrite", tmp_path], check=True)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == once
