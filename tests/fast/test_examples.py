"""The repositories in examples/: as they are rendered, in Git as everywhere, and together all that there is."""

import shutil
from pathlib import Path

import yaml

from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import read, run, write
from tests.kit.rendered_files import variants
from tools.docs.examples import FOLDER, examples, repositories, stale, written
from tools.render.template import ROOT, Files

LIKE = ("license", "python_version", "dependency_updates")
"""Of these questions not every choice has an example of its own."""


def shown() -> Files:
    """Return all files of all examples."""
    return {
        f"{folder}/{path}": content
        for folder, files in repositories(working_tree()).items()
        for path, content in files.items()
    }


def test_the_examples_are_what_the_template_makes() -> None:
    names = [str(path.relative_to(ROOT)) for path in stale(written(working_tree()))]
    assert not names, f"run make examples and add what it writes: {', '.join(names)}"


def test_what_is_stale_is_changed_missing_or_left_over() -> None:
    files = written(working_tree())
    changed, missing, left_over = (
        FOLDER / path for path in ("package/minimal/README.md", "new", "package/minimal/LICENSE")
    )
    others = {path: content for path, content in files.items() if path != left_over}
    assert stale({**others, changed: b"", missing: b""}) == sorted([changed, missing, left_over])


def test_each_kind_has_a_minimal_a_default_and_a_maximal_one() -> None:
    assert list(examples()) == [f"{kind}/{name}" for kind in KINDS for name in ("minimal", "default", "maximal")]
    assert all(examples()[f"{kind}/default"]["answers"] == {"project_type": kind} for kind in KINDS)


def test_every_file_of_the_template_is_in_one() -> None:
    paths = {path.split("/", 2)[2] for path in shown()}
    names = {"{{ package_name }}": "myproject", "{{ _copier_conf.answers_file }}": ".copier-answers.yml"}
    for source in working_tree().sources:
        path = source.removeprefix("template/").removesuffix(".jinja")
        for expression, name in names.items():
            path = path.replace(expression, name)
        assert path in paths or not variants().paths(source), source


def test_every_choice_is_in_one() -> None:
    answers = [yaml.safe_load(files[".copier-answers.yml"]) for files in repositories(working_tree()).values()]
    choices = {
        (name, choice)
        for combination in working_tree().product()
        for name, choice in combination.asked.items()
        if name not in LIKE
        and (working_tree().questions[name]["type"] == "bool" or "choices" in working_tree().questions[name])
    }
    assert not choices - {(name, choice) for each in answers for name, choice in each.items()}


def test_git_takes_each_file_and_gives_it_back_to_the_byte(tmp_path: Path) -> None:
    """Whatever this repository's and their own .gitignore say, and where Git is set to write other line breaks.

    Nor has an attribute a review leave them out.
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
    assert {*zip(attributes[1::3], attributes[2::3], strict=True)} == {("text", "auto"), ("eol", "lf")}


def test_the_linter_leaves_them_alone() -> None:
    """They have settings of their own, to which others hold what is rendered."""
    files = run(ROOT / ".venv/bin/ruff", "check", "--no-cache", "--show-files", cwd=ROOT)
    assert str(ROOT / "tests/fast/test_examples.py") in files
    assert str(FOLDER) not in files
