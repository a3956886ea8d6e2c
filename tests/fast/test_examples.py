"""The repositories in examples/ are current, complete and intact in Git."""

import re
import shutil
from functools import cache
from pathlib import Path

import yaml

from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import read, run, write
from tests.kit.rendered_files import variants
from tools.docs.examples import ANSWERS, FOLDER, documents, examples, repositories
from tools.docs.files import stale
from tools.questions.derive import questions
from tools.render.template import Files
from tools.repository import ROOT

WITHOUT_EXAMPLES = ("license", "python_version", "image_python", "dependency_updates")
"""The questions of which some choices have no example."""


@cache
def rendered() -> dict[str, Files]:
    """Render all examples once."""
    return repositories(working_tree())


def shown() -> Files:
    """Return all files of all examples."""
    return {f"{folder}/{path}": content for folder, files in rendered().items() for path, content in files.items()}


def test_the_examples_are_current() -> None:
    paths = stale(documents(working_tree()), folders=[FOLDER], keep=[ANSWERS])
    names = [str(path.relative_to(ROOT)) for path in paths]
    assert not names, f"run `make examples` and add the files to Git: {', '.join(names)}"


def test_changed_missing_and_left_over_files_are_stale() -> None:
    changed, missing, left_over = (
        FOLDER / path for path in ("package/minimal/README.md", "new", "package/minimal/LICENSE")
    )
    current = {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file() and path != left_over}
    files = {**current, changed: b"", missing: b""}
    assert stale(files, folders=[FOLDER]) == sorted([changed, missing, left_over])
    assert stale(files) == sorted([changed, missing])
    assert stale(files, folders=[FOLDER], keep=[left_over]) == sorted([changed, missing])


def test_each_kind_has_a_minimal_a_default_and_a_maximal_example() -> None:
    assert list(examples()) == [f"{kind}/{name}" for kind in KINDS for name in ("minimal", "default", "maximal")]
    assert all(examples()[f"{kind}/default"]["answers"] == {"project_type": kind} for kind in KINDS)


def test_every_file_of_the_template_is_in_an_example() -> None:
    paths = {path.split("/", 2)[2] for path in shown()}
    names = {"{{ package_name }}": "myproject", "{{ _copier_conf.answers_file }}": ".copier-answers.yml"}
    for source in working_tree().sources:
        path = source.removeprefix("template/").removesuffix(".jinja")
        for expression, name in names.items():
            path = path.replace(expression, name)
        assert path in paths or not variants().paths(source), source


def test_every_choice_is_in_an_example() -> None:
    answers = [yaml.safe_load(files[".copier-answers.yml"]) for files in rendered().values()]
    choices = {
        (question.name, value)
        for question in questions(working_tree())
        for value in question.values
        if question.name not in WITHOUT_EXAMPLES
    }
    assert len(choices) > 10
    assert not choices - {(name, value) for each in answers for name, value in each.items()}


def test_git_keeps_every_byte(tmp_path: Path) -> None:
    """With the ignore rules of this repository and of the examples, and with `core.autocrlf`.

    No attribute hides an example in a review, except the lock files, as in the generated repositories.
    """
    repository = write({f"examples/{path}": content for path, content in shown().items()}, tmp_path / "here")
    for name in (".gitignore", ".gitattributes"):
        shutil.copy(ROOT / name, repository)
    start = "git init --quiet && git -c core.excludesFile= add --all && git commit --quiet --message=Start"
    run("sh", "-c", start, cwd=repository)
    run("git", "-c", "core.autocrlf=true", "clone", "--quiet", repository, tmp_path / "there")
    assert read(tmp_path / "there") == read(repository)
    attributes = run("sh", "-c", "git ls-files -z examples | git check-attr -z --stdin --all", cwd=repository).split(
        "\0"
    )
    found = [*zip(attributes[:-1:3], attributes[1::3], attributes[2::3], strict=True)]
    assert {(name, value) for _, name, value in found} >= {("text", "auto"), ("eol", "lf")}
    hidden = {path for path, name, _ in found if name not in ("text", "eol")}
    assert hidden == {path for path in read(repository) if re.search(r"/(poetry\.lock|\.tools/\w+\.txt)$", path)}


def test_the_linter_skips_the_examples() -> None:
    """They have their own settings."""
    files = run(ROOT / ".venv/bin/ruff", "check", "--no-cache", "--show-files", cwd=ROOT)
    assert str(ROOT / "tests/fast/test_examples.py") in files
    assert str(FOLDER) not in files
