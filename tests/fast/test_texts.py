"""Texts that people type: all files have each text as typed, or it is refused in one sentence."""

import tomllib
from pathlib import Path

import pytest
import yaml

from tests.kit.answers import HOSTILE, KINDS, working_tree
from tests.kit.commands import COPIER, read, run
from tests.kit.texts import NAMES, Ask, check_free_text, check_name


@pytest.mark.parametrize("kind", KINDS)
def test_free_text_comes_out_as_typed_or_is_refused(kind: str, ask: Ask) -> None:
    assert min(check_free_text(kind, examples=30, ask=ask)) > 3


@pytest.mark.parametrize("question", NAMES)
def test_a_name_works_or_is_refused(question: str, ask: Ask) -> None:
    assert min(check_name(question, examples=30, ask=ask)) > 3


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
"""Descriptions that YAML would read as something else than a text."""


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:10])
def test_a_text_is_read_back_from_the_answers_file(text: str) -> None:
    files = working_tree().render({"project_description": text})
    assert tomllib.loads(files["pyproject.toml"].decode())["project"]["description"] == text
    answers = yaml.safe_load(files[".copier-answers.yml"])
    assert answers["project_description"] == text
    assert working_tree().render({key: answers[key] for key in answers if not key.startswith("_")}) == files


@pytest.mark.parametrize("text", ["0x1F", HOSTILE], ids=["number", "hostile"])
def test_a_text_survives_the_command_line_and_an_update(text: str, tmp_path: Path) -> None:
    command: list[str | Path] = [COPIER, "copy", "--quiet", "--defaults", f"--data=project_description={text}"]
    run(*command, working_tree().folder, tmp_path)
    once = read(tmp_path)
    assert tomllib.loads(once["pyproject.toml"].decode())["project"]["description"] == text
    run(COPIER, "recopy", "--quiet", "--defaults", "--overwrite", tmp_path)
    assert read(tmp_path) == once
