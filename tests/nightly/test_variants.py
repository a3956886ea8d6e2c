"""All variants of all files: every combination of answers that the files tell apart, with each set of texts."""

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from tests.kit.answers import EXAMPLES, HOSTILE, IMAGE, KINDS, working_tree
from tests.kit.batches import check_commands, check_dockerfiles, check_poetry, check_pyprojects, check_python
from tests.kit.commands import read, run
from tests.kit.consistency import check_source
from tests.kit.host_files import HOST_FILE_CHECKS, HostFileCheck
from tests.kit.pythons import HERE, interpreters
from tests.kit.rendered_files import (
    ANSWERS,
    DOCKERFILE,
    PYPROJECT,
    README,
    check,
    distinct,
    every_two_answers,
    shapes,
    sources,
    variants,
    without_source,
)
from tests.kit.texts import NAMES, Ask, check_free_text, check_name


@pytest.mark.cases("source", sources)
def test_every_variant_of_every_file_is_whole_and_agrees_with_the_answers(
    source: str, record_property: Callable[[str, str], None]
) -> None:
    number = check_source(variants(), source)
    record_property("rendered", json.dumps({"file": source, "variants": number}))


def test_the_answers_file_has_an_entry_for_each_answer() -> None:
    """It reads all answers, but the entry of one does not depend on the others: every two are enough."""
    entry = working_tree().environment.filters["to_nice_yaml"]
    for combination in every_two_answers():
        asked = combination.asked
        content = variants().content(ANSWERS, combination)
        check(".copier-answers.yml", content, tuple(map(str, asked.values())))
        _, _, entries = content.decode().partition("\n_src_path: ")[2].partition("\n")
        assert entries == "".join(entry({question: asked[question]}) for question in sorted(asked))
        assert yaml.safe_load(entries) == asked


@pytest.mark.parametrize("kind", KINDS)
def test_variants_are_what_copier_renders(kind: str) -> None:
    """Every combination of the questions that decide on the image, and every two answers with each set of texts."""
    image = [question for question in IMAGE if question not in ("license", "python_version")]
    found = [*working_tree().product(EXAMPLES, image), *every_two_answers()]
    of_kind = [one for one in found if one.asked["project_type"] == kind]
    assert len(of_kind) > 100
    for combination in of_kind:
        whole = working_tree().render(combination.asked)
        assert without_source(variants().files(combination)) == without_source(whole), combination.asked


def test_hadolint_accepts_every_dockerfile(tmp_path: Path) -> None:
    """One of each shape: hadolint takes a minute and a half for all variants."""
    check_dockerfiles(distinct(DOCKERFILE, every=shapes()), tmp_path)


def test_every_pyproject_is_valid() -> None:
    check_pyprojects(distinct(PYPROJECT))


def test_poetry_accepts_every_pyproject(tmp_path: Path) -> None:
    check_poetry(variants(), distinct(PYPROJECT), tmp_path)


def test_all_python_is_formatted_and_linted(tmp_path: Path) -> None:
    check_python(variants(), tmp_path)


def test_shellcheck_accepts_the_commands_of_every_readme(tmp_path: Path) -> None:
    check_commands(distinct(README), tmp_path)


@pytest.mark.parametrize("check", HOST_FILE_CHECKS)
def test_every_file_for_a_host_is_correct(check: HostFileCheck, tmp_path: Path) -> None:
    check(variants(), tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_free_text_comes_out_as_typed_or_is_refused(kind: str, ask: Ask) -> None:
    assert min(check_free_text(kind, examples=400, ask=ask)) > 50


@pytest.mark.parametrize("question", NAMES)
def test_a_name_works_or_is_refused(question: str, ask: Ask) -> None:
    assert min(check_name(question, examples=400, ask=ask)) > 30


def test_the_same_answers_give_the_same_bytes_with_another_python(tmp_path: Path) -> None:
    others = [other for other in interpreters() if other != HERE]
    if not others:
        pytest.skip(f"there is no Python but {HERE}: install another supported one")
    run(interpreters()[others[-1]], "-m", "venv", tmp_path / "venv")
    run(tmp_path / "venv/bin/pip", "install", "--quiet", f"copier=={version('copier')}")
    there, answers = tmp_path / "there", {"project_type": "environment", "project_description": HOSTILE}
    data = [f"--data={key}={value}" for key, value in answers.items()]
    run(tmp_path / "venv/bin/copier", "copy", "--quiet", "--defaults", *data, working_tree().folder, there)
    assert without_source(read(there)) == without_source(working_tree().render(answers))
