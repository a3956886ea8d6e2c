"""The questions, the accepted answers, and the messages for refused ones."""

import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import date
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from copier._settings import SettingsModel

from tests.kit.answers import (
    FIXED,
    HOSTILE,
    IMAGE,
    KINDS,
    NEEDED,
    PROMISED,
    PUBLIC,
    REFUSED,
    combined,
    name_lists,
    working_tree,
)
from tests.kit.commands import COPIER, read, run
from tests.kit.pythons import interpreters, pythons
from tools.lock import names as locked_names
from tools.render.template import Answers


def choices(question: str) -> list[Any] | None:
    """Return the values of a question in all combinations, or None if it takes text."""
    details = working_tree().questions[question]
    if "choices" not in details and details["type"] != "bool":
        return None
    return list(dict.fromkeys(answers[question] for answers in combined(question) if question in answers))


def test_public_keys_and_values_are_as_promised() -> None:
    asked = {key for key, details in working_tree().questions.items() if details.get("when") is not False}
    assert {key: choices(key) for key in asked} == PUBLIC
    assert {key for key in PROMISED if working_tree().questions[key].get("when") is False} == FIXED


def test_every_combination_is_listed_once() -> None:
    kinds, licenses, indexes = 3, 5, 3
    oldest, images, images_on_distroless = 5, 5 + 4 + 3 + 2 + 1, 3
    slim, distroless = 2 * 2 * 2, 2 * 2
    found = combined(*IMAGE)
    assert len(found) == kinds * licenses * indexes * (oldest + images * slim + images_on_distroless * distroless)
    assert len({tuple(answers.items()) for answers in found}) == len(found)


def asked_when(question: str, answers: dict[str, Any]) -> bool:
    """Return whether a question should be asked together with these answers."""
    kind, host, docker = answers["project_type"], answers["repository_host"], answers["docker"]
    conditions = {
        "package_name": kind != "environment",
        "command_name": kind == "package",
        "repository_owner": host != "none",
        "dependency_updates": host != "none",
        "docs": kind != "environment",
        "template_owners": host != "none",
        "image_python": docker,
        "installer": docker,
        "base_image": docker,
        "base_registry": docker or host == "gitlab",
        "builder_packages": docker,
        "runtime_packages": answers.get("base_image") == "slim",
        "image_groups": docker,
        "image_extras": docker,
        "build_files": docker,
        "devcontainer": docker,
        "package_index_url": answers["package_index"] != "public",
    }
    return bool(conditions.get(question, True))


@pytest.mark.parametrize("question", PUBLIC)
def test_a_question_is_asked_when_it_matters(question: str) -> None:
    """In every combination of the answers that decide on it."""
    for answers in combined(question):
        assert (question in answers) == asked_when(question, answers), answers
        assert answers.get("base_image") != "distroless" or answers["image_python"] == "3.13"
        assert answers.get("dependency_updates") != "dependabot" or answers["repository_host"] == "github"


def test_every_condition_holds_for_some_and_not_for_others() -> None:
    conditions = {key for key, details in working_tree().questions.items() if details.get("when") not in (None, False)}
    assert conditions
    for question in conditions:
        assert {question in answers for answers in combined(question)} == {True, False}, question


NOT_ASKED: list[Answers] = [
    {
        "package_name": "other",
        "command_name": "other",
        "repository_owner": "octo-org",
        "dependency_updates": "renovate",
        "docs": True,
        "template_owners": "@octo-org/platform",
        "installer": "poetry",
        "base_image": "distroless",
        "base_registry": "registry.example.com",
        "builder_packages": "git",
        "runtime_packages": "curl",
        "image_groups": "prod",
        "image_extras": "cache",
        "build_files": "other",
        "devcontainer": True,
        "package_index_url": "https://other.example.com/simple",
    },
    {"image_python": "3.15"},
]
"""Answers to all questions with a condition. Those in one dictionary are accepted together."""


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_to_a_question_that_is_not_asked_changes_nothing(kind: str) -> None:
    """It can come from a preset, from `--data`, or from the answers of an earlier release."""
    conditional = {key for key in PUBLIC if "when" in working_tree().questions[key]}
    assert {question for answers in NOT_ASKED for question in answers} - FIXED == conditional
    never_given = set(conditional)
    for asked in combined("project_type", "repository_host", "docker", "base_image", "package_index"):
        if asked["project_type"] != kind or {asked["python_version"], asked.get("image_python", "3.13")} != {"3.13"}:
            continue
        files = working_tree().render(asked)
        for answers in NOT_ASKED:
            more = {question: answer for question, answer in answers.items() if question not in {*asked, *FIXED}}
            never_given -= more.keys()
            assert not more or working_tree().render({**asked, **more}) == files, (asked, more)
    assert never_given <= {"package_name", "command_name", "docs"}


def test_every_question_has_a_default() -> None:
    """Without one, no bot could update a repository of an earlier release."""
    assert all("default" in question for question in working_tree().questions.values())


def test_defaults_give_the_package_kind_on_the_python_before_the_newest() -> None:
    answers = yaml.safe_load(working_tree().render({})[".copier-answers.yml"])
    assert answers["project_type"] == "package"
    assert answers["package_name"] == "myproject"
    assert answers["command_name"] == "hello"
    assert answers["python_version"] == pythons()[-2]


def test_advanced_questions_are_remembered_and_not_asked() -> None:
    advanced = {key for key in PUBLIC if working_tree().questions[key].get("ask") is False}
    image = {
        "image_python",
        "installer",
        "base_image",
        "base_registry",
        "builder_packages",
        "runtime_packages",
        "image_groups",
        "image_extras",
        "build_files",
        "devcontainer",
    }
    expected = image | {"template_owners", "package_index", "package_index_url"}
    assert advanced == expected - FIXED
    files = working_tree().render({"package_index": "private"})
    assert advanced <= set(yaml.safe_load(files[".copier-answers.yml"]))


@pytest.mark.parametrize(("question", "answer"), REFUSED, ids=repr)
def test_refused_in_one_sentence(question: str, answer: str) -> None:
    with pytest.raises(ValueError, match=question) as error:
        working_tree().render({question: answer, **NEEDED.get(question, {})})
    assert REFUSED[question, answer] in str(error.value)
    assert "\n" not in str(error.value)
    if not str(error.value).startswith("Invalid choice for "):
        # A prompt shows one line, which the terminal cuts.
        remedy, end, _ = re.split(
            r"(: |[ ,]+(?:\(|such as|or nothing|not )|[.]$)", str(error.value).partition(": ")[2], maxsplit=1
        )
        assert end
        assert len(f"Validation error for question '{question}': {remedy}") <= 80


MISTYPED: dict[str, tuple[Answers, str]] = {
    "a word": ({"docker": "flase"}, 'Answer docker with yes or no, not "flase".'),
    "an empty word": ({"docs": ""}, 'Answer docs with yes or no, not "".'),
    "a number in place of a flag": ({"devcontainer": 2}, 'Answer devcontainer with yes or no, not "2".'),
    "nothing in place of a flag": ({"docker": None}, 'Answer docker with yes or no, not "None".'),
    "a number": ({"python_version": 3.10}, "Quote the answer to python_version: YAML made 3.1 of it."),
    "a boolean": ({"project_name": True}, "Quote the answer to project_name: YAML made True of it."),
    "nothing": ({"author_name": None}, "Quote the answer to author_name: YAML made None of it."),
    "a day": (
        {"project_description": date(2026, 11, 23)},
        "Quote the answer to project_description: YAML made 2026-11-23 of it.",
    ),
    "a list": ({"image_groups": ["a\nb"]}, "Quote the answer to image_groups: YAML made ['a\\nb'] of it."),
}
"""Answers of another type than their questions take, and the message for each."""


@pytest.mark.parametrize("case", MISTYPED)
def test_an_answer_of_another_type_is_refused(case: str) -> None:
    """Copier takes any word for yes, and any number for a text."""
    answers, message = MISTYPED[case]
    with pytest.raises(
        ValueError, match=re.escape(f"Validation error for question 'project_type': {message}")
    ) as error:
        working_tree().render(answers)
    assert "\n" not in str(error.value)
    assert working_tree().refused(answers) == dict.fromkeys(answers, message)


@pytest.mark.parametrize("word", ["Yes", "no", "on", "F", "1", " true"])
def test_a_word_for_yes_or_no_is_accepted(word: str) -> None:
    """`--data` gives nothing else."""
    assert ("Dockerfile" in working_tree().render({"docker": word})) == (word not in ("no", "F"))


@pytest.mark.parametrize("source", ["data", "answers file", "settings", "user_defaults"])
def test_an_answer_of_another_type_is_refused_from_every_source(source: str, tmp_path: Path) -> None:
    """`--data` and a data file are data for Copier."""
    mistyped: Answers = {"docker": "flase"}
    given: dict[str, Any] = {source: mistyped} if source in ("data", "user_defaults") else {}
    if source == "settings":
        given = {"settings": SettingsModel(defaults=mistyped)}
    if source == "answers file":
        (tmp_path / ".copier-answers.yml").write_text(yaml.safe_dump(mistyped), encoding="utf-8")
    before = read(tmp_path)
    copy = partial(run_copy, str(working_tree().folder), tmp_path, defaults=True, overwrite=True, quiet=True)
    with pytest.raises(ValueError, match='Answer docker with yes or no, not "flase"'):
        copy(**given)
    assert read(tmp_path) == before
    given["data"] = {"docker": "no"}
    copy(**given)
    assert not (tmp_path / "Dockerfile").exists()


@pytest.mark.cases("python", pythons)
def test_distroless_is_refused_with_a_python_that_it_does_not_have(python: str) -> None:
    answers = {"base_image": "distroless", "python_version": python}
    if python == "3.13":
        assert "distroless" in working_tree().render(answers)["Dockerfile"].decode()
        return
    remedy = "image_python" if pythons().index(python) < pythons().index("3.13") else "python_version"
    with pytest.raises(ValueError, match=rf"Answer {remedy} with 3\.13, the Python of the distroless image\."):
        working_tree().render(answers)
    assert "distroless" in working_tree().render({**answers, remedy: "3.13"})["Dockerfile"].decode()


def test_the_image_cannot_have_a_python_that_the_project_does_not_support() -> None:
    for oldest in pythons():
        for version in pythons():
            answers = {"python_version": oldest, "image_python": version}
            if pythons().index(version) >= pythons().index(oldest):
                assert f"python:{version}-slim" in working_tree().render(answers)["Dockerfile"].decode()
            else:
                with pytest.raises(ValueError, match=f": Answer {oldest} or newer: "):
                    working_tree().render(answers)


@pytest.mark.parametrize("owner", ["", "group", "group/sub.group/_x-1"])
def test_an_owner_on_gitlab_is_a_path(owner: str) -> None:
    files = working_tree().render({"repository_host": "gitlab", "repository_owner": owner})
    urls = tomllib.loads(files["pyproject.toml"].decode())["project"].get("urls", {})
    assert urls == ({"repository": f"https://gitlab.com/{owner}/myproject"} if owner else {})


@pytest.mark.parametrize("owner", ["/group", "group/", "a//b", "a b", "-a", "../a"])
def test_an_owner_on_gitlab_that_is_no_path_is_refused(owner: str) -> None:
    with pytest.raises(ValueError, match="Use a path on GitLab \\(group/subgroup\\), or nothing"):
        working_tree().render({"repository_host": "gitlab", "repository_owner": owner})


def test_dependabot_is_refused_where_there_is_none() -> None:
    with pytest.raises(ValueError, match="Answer renovate or none: Dependabot is part of GitHub"):
        working_tree().render({"repository_host": "gitlab", "dependency_updates": "dependabot"})


def test_a_refusal_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "new"
    command: list[str | Path] = [COPIER, "copy", "--defaults", "--data=builder_packages=git;"]
    result = subprocess.run([*command, working_tree().folder, target], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert REFUSED["builder_packages", "git; rm"] in result.stderr.splitlines()[-1]
    assert not target.exists()


@pytest.mark.parametrize(
    ("project", "distribution", "package"),
    [
        ("My Project", "my-project", "my_project"),
        ("Data.Tools_2", "data-tools-2", "data_tools_2"),
        ("a--b", "a-b", "a_b"),
        ("x", "x", "x"),
    ],
)
def test_names_follow_from_the_project_name(project: str, distribution: str, package: str) -> None:
    files = working_tree().render({"project_name": project})
    assert f'name = "{distribution}"\n' in files["pyproject.toml"].decode()
    assert f"src/{package}/cli.py" in files
    assert f"# {project}\n" in files["README.md"].decode()


def test_an_environment_may_start_with_a_digit() -> None:
    """It has no package that would have to be imported."""
    files = working_tree().render({"project_type": "environment", "project_name": "2026 analysis"})
    assert 'name = "2026-analysis"\n' in files["pyproject.toml"].decode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_description_comes_out_intact(kind: str) -> None:
    files = working_tree().render(
        {"project_type": kind, "project_description": HOSTILE, "author_name": 'Ada "L" \\ 日本'}
    )
    project = tomllib.loads(files["pyproject.toml"].decode())["project"]
    assert project["description"] == HOSTILE
    assert project["authors"] == [{"name": 'Ada "L" \\ 日本'}]
    assert f"\n{HOSTILE}\n" in files["README.md"].decode()
    assert yaml.safe_load(files[".copier-answers.yml"])["project_description"] == HOSTILE
    for path, content in files.items():
        if path.endswith(".py"):
            compile(content, path, "exec")


def test_the_questions_that_can_be_answered_are_all_known() -> None:
    assert name_lists().questions == list(PROMISED)
    assert name_lists().flags == [name for name in PROMISED if working_tree().questions[name]["type"] == "bool"]


@pytest.mark.parametrize("name", ["match", "case", "type", "lazy", "a__b", "x" * 64])
def test_odd_names_that_work_are_accepted(name: str) -> None:
    """Soft keywords can be imported."""
    files = working_tree().render({"package_name": name})
    assert f'{name}.cli:main"' in files["pyproject.toml"].decode()
    compile(files["tests/test_cli.py"], "test_cli.py", "exec")


@pytest.mark.parametrize(
    ("kind", "name"), [("service", "fastapi"), ("environment", "pandas"), ("environment", "Pandas-Stubs")]
)
def test_a_project_cannot_be_called_as_what_it_depends_on(kind: str, name: str) -> None:
    with pytest.raises(ValueError, match=r"Use \w+_project: the packages that it needs import"):
        working_tree().render({"project_type": kind, "project_name": name})
    working_tree().render({"project_name": name})


def test_the_names_of_the_language_are_all_known() -> None:
    """By every supported Python on this machine."""
    listed = "import sys, keyword; print(*keyword.kwlist); print(*sys.stdlib_module_names)"
    assert interpreters()
    for python in interpreters().values():
        keywords, modules = run(python, "-c", listed).splitlines()
        assert set(keywords.split()) == {*name_lists().keywords}
        public = {module for module in modules.split() if not module.startswith("_")}
        assert public <= {*name_lists().standard_library}


def test_the_names_of_the_locked_packages_are_all_known() -> None:
    assert locked_names.FILE.read_text(encoding="utf-8") == locked_names.text(working_tree()), "Run make lock."
    installed = name_lists().installed
    assert {"httptools", "uvloop", "websockets", "watchfiles"} <= {*installed["service"]}
    assert {*installed["package"]} <= {*installed["service"]}, "text_rules.py refuses these for both types."


def programs(command: str) -> Iterator[str]:
    """Yield the programs that a command line starts."""
    words = shlex.split(command)
    if words[:2] == ["sh", "-c"]:
        yield "sh"
        lexer = shlex.shlex(words[2], posix=True, punctuation_chars=True)
        for before, word in pairwise(["|", *lexer]):
            if before in ("|", "!") and word != "!":
                yield word
    else:
        yield words[0]
        yield from words[2:3] if words[:2] == ["poetry", "run"] else []


def programs_of_the_checks() -> set[str]:
    """Return the programs that the tasks, the hooks and the script of a project start."""
    files = working_tree().render({"docs": True})
    tasks = tomllib.loads(files["pyproject.toml"].decode())["tool"]["poe"]["tasks"].values()
    [repository] = yaml.safe_load(files[".pre-commit-config.yaml"])["repos"]
    hooks = [hook["entry"] for hook in repository["hooks"] if hook["language"] == "system"]
    commands = [*(task["cmd"] for task in tasks), *hooks]
    started = re.findall(r'\b(?:run|which)\("(\w+)"', files[".tools/template.py"].decode())
    return {*started, *(program for command in commands for program in programs(command))}


def test_the_programs_of_the_checks_are_all_known() -> None:
    """A command with such a name would be called instead, as the environment of the project comes first."""
    assert programs_of_the_checks() >= {"copier", "git", "grep", "mypy", "pytest", "sed", "sh"}
    assert programs_of_the_checks() - {"python"} <= {*name_lists().commands}, "A pattern refuses python."


def test_no_default_is_refused() -> None:
    """Copier stops with a traceback if the default of a question is refused."""
    reserved = {*name_lists().keywords, *name_lists().standard_library, *name_lists().folders}
    for word in reserved | {*name_lists().installed["all"]}:
        if word == word.lower():
            assert not working_tree().takes("project_name", word, {"project_type": "package"}), word
        else:
            assert not working_tree().refused({"project_name": word}), word
