"""What is rendered, in every combination of answers."""

import json
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from validate_pyproject import api as validate_pyproject

from extensions.template import ROOT, Answers, Files, Template, copy_parts
from tests.support import (
    COMBINATIONS,
    COPIER,
    EXAMPLES,
    HOSTILE,
    KINDS,
    NEEDED,
    PYTHONS,
    TEMPLATE,
    name,
    read,
    run,
    write,
)
from tests.test_answers import PUBLIC

PARTS_OF_THE_PRODUCT = {
    part: [answers for answers in COMBINATIONS if name(answers) == part]
    for part in dict.fromkeys(name(answers) for answers in COMBINATIONS)
}
"""All combinations, by project type and Python, so that they are rendered side by side."""

RESIDUE = re.compile(r"\{\{|\{%|\{#|(?<!-> )\bNone\b|Undefined|\.jinja\b")
BLANKS = re.compile(r"[ \t]\n|\A\n|\n\n\Z")


class StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping from keys that are all different."""
        keys = [self.construct_object(key) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice: {keys}"
        return super().construct_mapping(node, deep)


def parse_python(text: str) -> None:
    compile(text, "rendered.py", "exec")


def parse_toml(text: str) -> None:
    tomllib.loads(text)


def parse_yaml(text: str) -> None:
    yaml.load(text, StrictLoader)


PARSERS: dict[str, Callable[[str], None]] = {
    ".py": parse_python,
    ".toml": parse_toml,
    ".lock": parse_toml,
    ".yml": parse_yaml,
    ".yaml": parse_yaml,
    ".json": lambda text: json.loads(text),
}


def check(path: str, text: str) -> None:
    """Hold a rendered file to what is true for all of them, and parse it if its kind has a parser."""
    PARSERS.get(Path(path).suffix, str)(text)
    if path == "LICENSE" or not text:
        return
    assert text.endswith("\n"), "no line break at the end"
    assert not RESIDUE.search(text), f"residue of the template: {RESIDUE.search(text)}"
    assert not BLANKS.search(text), f"stray blanks: {BLANKS.search(text)}"
    assert ("\n" * (4 if path.endswith(".py") else 3)) not in text, "too many blank lines"
    assert "\r" not in text


@pytest.mark.parametrize("part", PARTS_OF_THE_PRODUCT)
def test_every_file_of_every_combination_parses(part: str, tmp_path: Path) -> None:
    seen = set()
    for answers in PARTS_OF_THE_PRODUCT[part]:
        files = TEMPLATE.render(answers)
        for path, content in files.items():
            if (path, content) not in seen:
                check(path, content.decode())
                seen.add((path, content))
    dockerfiles = [content for path, content in seen if path == "Dockerfile"]
    assert dockerfiles
    folder = write({f"{number}.Dockerfile": content for number, content in enumerate(dockerfiles)}, tmp_path)
    run(ROOT / ".venv/bin/hadolint", *folder.iterdir())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("author_name", ["", "Ada Lovelace"])
@pytest.mark.parametrize("author_email", ["", "ada@example.org"])
def test_texts_may_be_empty(kind: str, author_name: str, author_email: str) -> None:
    authors = {"author_name": author_name, "author_email": author_email}
    files = TEMPLATE.render({"project_type": kind, "project_description": "", **authors})
    for path, content in files.items():
        check(path, content.decode())
    assert files["README.md"].startswith(b"# myproject\n\n## Develop\n")
    author = {key.removeprefix("author_"): value for key, value in authors.items() if value}
    assert tomllib.loads(files["pyproject.toml"].decode())["project"].get("authors", [{}]) == [author]


@pytest.mark.parametrize("kind", KINDS)
def test_pyproject_is_valid(kind: str) -> None:
    """By the schemas of the packaging specifications and of the tools that have one."""
    validator = validate_pyproject.Validator()
    for answers in TEMPLATE.combinations():
        if answers["project_type"] == kind:
            validator(tomllib.loads(TEMPLATE.render(answers)["pyproject.toml"].decode()))


def test_files_exist_when_they_mean_something() -> None:
    common = {
        ".copier-answers.yml",
        ".gitignore",
        "LICENSE",
        "README.md",
        "poetry.lock",
        "pyproject.toml",
    }
    of_a_package = {"src/myproject/__init__.py", "src/myproject/py.typed"}
    own = {
        "package": of_a_package | {"src/myproject/cli.py", "tests/test_cli.py"},
        "service": of_a_package | {"src/myproject/app.py", "tests/test_app.py"},
        "environment": {"scripts/summary.py", "tests/test_summary.py"},
    }
    of_docker = {"Dockerfile", ".dockerignore"}
    for answers in TEMPLATE.combinations():
        expected = common | own[answers["project_type"]] | (of_docker if answers["docker"] else set())
        assert set(TEMPLATE.render(answers)) == expected


@pytest.mark.parametrize("question", PUBLIC)
def test_every_question_changes_something(question: str) -> None:
    """Each of its values gives files that none of its other values gives, besides the answers file."""
    values = {
        "project_name": ["one", "two"],
        "project_description": ["One.", "Two."],
        "package_name": ["one", "two"],
        "command_name": ["one", "two"],
        "author_name": ["", "Ada"],
        "author_email": ["", "ada@example.org"],
        "package_index_url": ["https://one.example.com/simple", "https://two.example.com/simple"],
    } | EXAMPLES
    tried = values.get(question) or PUBLIC[question]
    assert tried
    rendered = []
    for value in tried:
        files = TEMPLATE.render({question: value, **NEEDED.get(question, {})})
        del files[".copier-answers.yml"]
        rendered.append(files)
    assert len(tried) > 1
    for number, files in enumerate(rendered):
        assert all(files != other for other in rendered[:number])


def test_facts_agree_between_files() -> None:
    for version in PYTHONS:
        files = TEMPLATE.render({"python_version": version})
        pyproject = tomllib.loads(files["pyproject.toml"].decode())
        lock = tomllib.loads(files["poetry.lock"].decode())
        assert pyproject["project"]["requires-python"] == lock["metadata"]["python-versions"] == f">={version}"
        assert pyproject["tool"]["mypy"]["python_version"] == version
        assert f"python:{version}-slim" in files["Dockerfile"].decode()
        assert f"Python {version}" in files["README.md"].decode()


@pytest.mark.parametrize("choice", ["MIT", "Apache-2.0", "BSD-3-Clause", "GPL-3.0-or-later", "Proprietary"])
def test_the_licence_is_the_one_that_was_chosen(choice: str) -> None:
    first_words = {
        "MIT": "MIT License",
        "Apache-2.0": "Apache License Version 2.0",
        "BSD-3-Clause": "BSD 3-Clause License",
        "GPL-3.0-or-later": "GNU GENERAL PUBLIC LICENSE Version 3",
        "Proprietary": "Copyright (c) Ada Lovelace All rights reserved",
    }
    files = TEMPLATE.render({"license": choice, "author_name": "Ada Lovelace"})
    assert " ".join(files["LICENSE"].decode().split()).startswith(first_words[choice])
    project = tomllib.loads(files["pyproject.toml"].decode())["project"]
    assert project["license"] == ("LicenseRef-Proprietary" if choice == "Proprietary" else choice)


def test_debian_packages_go_to_their_own_stage() -> None:
    dockerfile = TEMPLATE.render({"builder_packages": "git g++", "runtime_packages": "curl"})["Dockerfile"].decode()
    stages = dockerfile.split("\nFROM ")
    assert [stage.split()[2] for stage in stages if "--no-install-recommends git g++\n" in stage] == ["dependencies"]
    assert [stage.split()[2] for stage in stages if "--no-install-recommends curl " in stage] == ["runtime"]


def copy(folder: Path, answers: Answers, **environment: str) -> Files:
    """Run `copier copy` and return the files, without the lines that tell where the template was."""
    data = [word for key, value in answers.items() for word in ("--data", f"{key}={value}")]
    run(COPIER, "copy", "--quiet", "--defaults", *data, TEMPLATE.folder, folder, env={**os.environ, **environment})
    return without_source(read(folder))


def without_source(files: Files) -> Files:
    """Drop from the answers file where the template was."""
    return {
        path: re.sub(rb"(?m)^_.*\n", b"", content) if path == ".copier-answers.yml" else content
        for path, content in files.items()
    }


@pytest.mark.parametrize("kind", KINDS)
def test_copier_itself_renders_the_same(kind: str, tmp_path: Path) -> None:
    answers = {"project_type": kind, "project_description": HOSTILE, "license": "BSD-3-Clause"}
    assert copy(tmp_path / "new", answers) == without_source(TEMPLATE.render(answers))


def test_same_answers_give_the_same_bytes_elsewhere(tmp_path: Path) -> None:
    """In another folder, time zone, locale and home."""
    answers = {"project_type": "service", "author_name": "Ada"}
    here = copy(tmp_path / "here", answers, TZ="UTC", LANG="C.UTF-8", PYTHONHASHSEED="1")
    there = copy(tmp_path / "a b" / "there", answers, TZ="Asia/Tokyo", LANG="C", HOME=str(tmp_path), PYTHONHASHSEED="2")
    assert here == there


def altered(folder: Path, file: str, old: str, new: str) -> Template:
    """Return the template with a change to one of its files."""
    copy_parts(ROOT, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return Template(folder)


def test_leftovers_of_running_the_template_are_not_rendered(tmp_path: Path) -> None:
    """Python and macOS leave files in the template's own folders, of which Git knows nothing."""
    copy_parts(ROOT, tmp_path)
    leftovers = ["scripts/__pycache__/summary.cpython-313.pyc", "summary.pyc", ".DS_Store"]
    write(dict.fromkeys(leftovers, b""), tmp_path / "template")
    run(COPIER, "copy", "--defaults", "--data=project_type=environment", tmp_path, tmp_path / "new")
    rendered = {path.name for path in (tmp_path / "new").rglob("*")}
    assert "summary.py" in rendered
    assert not rendered & {"__pycache__", "summary.pyc", ".DS_Store"}


def test_an_undefined_name_is_an_error(tmp_path: Path) -> None:
    template = altered(tmp_path, "template/README.md.jinja", "{{ project_name }}", "{{ projct_name }}")
    with pytest.raises(Exception, match="'projct_name' is undefined"):
        template.render({})


def test_a_constraint_without_its_lock_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    template = altered(tmp_path, "extensions/dependencies/dev-requirements.txt", "pytest>=9", "pytest>=8")
    with pytest.raises(Exception, match="make lock"):
        template.render({})


def test_a_new_question_joins_the_combinations_by_itself(tmp_path: Path) -> None:
    question = "docs:\n  type: bool\n  default: false\n  when: \"{{ project_type != 'environment' }}\"\n"
    template = altered(tmp_path, "copier.yml", "docker:\n  type: bool", question + "\ndocker:\n  type: bool")
    without_environment = sum(answers["project_type"] != "environment" for answers in TEMPLATE.combinations())
    assert len(template.combinations()) == len(TEMPLATE.combinations()) + without_environment
