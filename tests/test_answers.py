"""Which answers there are, which are accepted, and what is said about the others."""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import COPIER, FIXED, HOSTILE, INTERPRETERS, KINDS, NEEDED, PYTHONS, TEMPLATE, combined, run

PROMISED = {
    "project_type": ["package", "service", "environment"],
    "project_name": None,
    "project_description": None,
    "package_name": None,
    "command_name": None,
    "author_name": None,
    "author_email": None,
    "license": ["MIT", "Apache-2.0", "BSD-3-Clause", "GPL-3.0-or-later", "Proprietary"],
    "python_version": ["3.11", "3.12", "3.13", "3.14", "3.15"],
    "repository_host": ["github", "gitlab", "none"],
    "repository_owner": None,
    "docker": [True, False],
    "dependency_updates": ["renovate", "dependabot", "none"],
    "docs": [True, False],
    "template_owners": None,
    "installer": ["pip", "poetry"],
    "base_image": ["slim", "distroless"],
    "base_registry": None,
    "builder_packages": None,
    "runtime_packages": None,
    "devcontainer": [True, False],
    "package_index": ["public", "private"],
    "package_index_url": None,
}
"""Keys and values that answers files in other people's repositories hold: only ever added to."""

PUBLIC = {question: values for question, values in PROMISED.items() if question not in FIXED}
"""Those that can be answered."""

REFUSED = {
    ("project_name", ""): "such as my-project",
    ("project_name", "日本"): "Type ASCII letters",
    ("project_name", "../elsewhere"): "Type ASCII letters",
    ("project_name", "name\n"): "Type ASCII letters",
    ("project_name", "my project "): "Start and end with a letter or a digit",
    ("project_name", "2fast"): "Start with a letter, such as my-project",
    ("project_name", "Class"): "class is a keyword of Python: type another name, such as class_project",
    ("project_name", "json"): "json is in Python's standard library",
    ("project_name", "Test"): "test is a folder of the repository",
    ("project_name", "Sphinx"): "sphinx is among the packages that are installed",
    ("project_name", "docs"): "docs is a folder of the repository",
    ("command_name", "sphinx-build"): "sphinx-build is in every environment of the project",
    ("project_name", "Ruff"): "ruff is among the packages that are installed",
    ("project_name", "NUL"): "nul is a device on Windows",
    ("project_name", "-x"): "Start and end with a letter or a digit",
    ("project_name", "x" * 65): "Type at most 64 characters",
    ("package_name", ""): "such as my_project",
    ("package_name", "class"): "class is a keyword of Python: type another name, such as class_project",
    ("package_name", "json"): "json is in Python's standard library: type another name, such as json_project",
    ("package_name", "tests"): "tests is a folder of the repository",
    ("package_name", "scripts"): "scripts is a folder of the repository",
    (
        "package_name",
        "pytest",
    ): "pytest is among the packages that are installed: type another name, such as pytest_project",
    ("package_name", "aux"): "aux is a device on Windows: type another name, such as aux_project",
    ("package_name", "__main__"): "after a first letter",
    ("package_name", "_private"): "after a first letter",
    ("package_name", "a" * 65): "Type at most 64 characters",
    ("package_name", "2fast"): "after a first letter",
    ("package_name", "my-project"): "Type lower-case ASCII letters",
    ("package_name", "a/b"): "Type lower-case ASCII letters",
    ("package_name", "../a"): "Type lower-case ASCII letters",
    ("package_name", "größe"): "Type lower-case ASCII letters",
    ("package_name", "name\n"): "Type lower-case ASCII letters",
    ("command_name", "rm -rf"): "Type ASCII letters",
    ("command_name", "../hello"): "Type ASCII letters",
    ("command_name", "-hello"): "starting with a letter or a digit",
    ("command_name", ""): "such as hello",
    ("command_name", "python3"): "python3 is in every environment of the project: type another name",
    ("command_name", "Pytest"): "Pytest is in every environment of the project: type another name",
    ("command_name", "con"): "con is a device on Windows: type another name",
    ("command_name", "a" * 65): "Type at most 64 characters",
    ("project_description", "two\nlines"): "Type one line",
    ("project_description", "\0"): "Type one line",
    ("project_description", "\udcff"): "Type one line",
    ("author_name", "Doe, Jo"): "Type a name without commas",
    ("author_name", "Jo <jo@example.org>"): "Type a name without commas, < and >",
    ("author_email", "nobody"): "Type an e-mail address such as ada@example.org",
    ("template_owners", "octo-org"): "Type names in one line, with a space between, such as @octo-org/platform",
    ("template_owners", "@a  @b"): "Type names in one line",
    ("template_owners", "@a\n@b"): "Type names in one line",
    ("template_owners", "@a #b"): "Type names in one line",
    ("base_registry", "mirror"): "Type a registry in lower case, without https:// and a slash at the end, such as",
    ("base_registry", "mirror/python"): "Type a registry",
    ("base_registry", "https://registry.example.com"): "Type a registry",
    ("base_registry", "registry.example.com/"): "Type a registry",
    ("base_registry", "registry.example.com//mirror"): "Type a registry",
    ("base_registry", "registry.example.com/Mirror"): "Type a registry",
    ("base_registry", "registry.example.com/python:3"): "Type a registry",
    ("base_registry", "registry.example.com/python@sha256"): "Type a registry",
    ("base_registry", "registry..example.com"): "Type a registry",
    ("base_registry", "registry.example.com:/mirror"): "Type a registry",
    ("base_registry", "registry.example.com/a b"): "Type a registry",
    ("base_registry", "registry.example.com/$CI"): "Type a registry",
    ("base_registry", "registry.example.com/'"): "Type a registry",
    ("base_registry", "registry.example.com\n"): "Type a registry",
    ("builder_packages", "git; rm"): "git; cannot be a Debian package: type names with spaces between",
    ("builder_packages", "git $(id)"): "$(id) cannot be a Debian package",
    ("runtime_packages", "Curl"): "Curl cannot be a Debian package",
    ("runtime_packages", "curl --fix-broken"): "--fix-broken cannot be a Debian package",
    ("builder_packages", "git\ncurl"): "Type the names in one line, with spaces between",
    ("runtime_packages", "git\u2028curl"): "Type the names in one line, with spaces between",
    ("package_index_url", ""): "Type an address such as https://packages.example.com/simple",
    ("package_index_url", "packages.example.com/simple"): "Type an address such as",
    ("package_index_url", "HTTPS://packages.example.com/simple"): "Type an address such as",
    ("package_index_url", "file:///srv/simple"): "Type an address such as",
    ("package_index_url", "https:///simple"): "Type an address such as",
    ("package_index_url", "https://-/simple"): "Type an address such as",
    ("package_index_url", "https://ada:secret@packages.example.com/simple"): "Leave the user and the password out",
    ("package_index_url", "https://packages.example.com/simple?token=secret"): "Type an address such as",
    ("package_index_url", 'https://packages.example.com/"'): "Type an address such as",
    ("package_index_url", "https://packages.example.com/'"): "Type an address such as",
    ("package_index_url", "https://packages.example.com/$HOME"): "Type an address such as",
    ("package_index_url", "https://packages.example.com/`id`"): "Type an address such as",
    ("package_index_url", "https://packages.example.com/\\"): "Type an address such as",
    ("package_index_url", "https://packages.example.com/{{ x }}"): "Type an address such as",
    ("package_index_url", "https://packages.example.com/a b"): "Type an address such as",
    ("package_index_url", "https://packages.example.com/simple;id"): "Type an address such as",
    ("package_index_url", "https://packages.example.com/simple\n"): "Type an address such as",
    ("package_index_url", "https://packages.example.com/日本"): "Type an address such as",
    ("base_image", "alpine"): "is not in",
    ("package_index", "pypi"): "is not in",
    ("license", "WTFPL"): "is not in",
    ("python_version", "3.10"): "is not in",
    ("project_type", "library"): "is not in",
}

IMAGE = (
    "project_type",
    "license",
    "python_version",
    "base_image",
    "installer",
    "builder_packages",
    "runtime_packages",
    "package_index",
)
"""Questions whose answers decide about the image."""

QUESTIONS = [question for question in PUBLIC if question not in ("license", "installer")]
"""All but those whose answers nothing depends on."""

NAMES: Any = TEMPLATE.environment.get_template("extensions/names.jinja").module
"""The lists of names that are refused."""


def choices(question: str) -> list[Any] | None:
    """Return the values that were asked for in some combination, when there is more than text to choose from."""
    details = TEMPLATE.questions[question]
    if "choices" not in details and details["type"] != "bool":
        return None
    return list(dict.fromkeys(answers[question] for answers in combined(question) if question in answers))


def test_public_keys_and_values_are_those_that_were_promised() -> None:
    asked = {key for key, details in TEMPLATE.questions.items() if details.get("when") is not False}
    assert {key: choices(key) for key in asked} == PUBLIC
    assert {key for key in PROMISED if TEMPLATE.questions[key].get("when") is False} == FIXED


def test_every_combination_is_listed_once() -> None:
    kinds, licenses, pythons = 3, 5, 5
    slim, distroless, indexes = 2 * 2 * 2, 2 * 2, 2
    found = combined(*IMAGE)
    assert len(found) == kinds * licenses * (pythons * (1 + slim) + distroless) * indexes
    assert len({tuple(answers.items()) for answers in found}) == len(found)


def test_conditional_questions_are_asked_when_they_mean_something() -> None:
    for answers in combined(*QUESTIONS):
        kind, host, docker = answers["project_type"], answers["repository_host"], answers["docker"]
        asked = {
            "package_name": kind != "environment",
            "command_name": kind == "package",
            "repository_owner": host != "none",
            "dependency_updates": host != "none",
            "docs": kind != "environment",
            "template_owners": host != "none",
            "installer": docker,
            "base_image": docker,
            "base_registry": docker or host == "gitlab",
            "builder_packages": docker,
            "runtime_packages": answers.get("base_image") == "slim",
            "devcontainer": docker,
            "package_index_url": answers["package_index"] == "private",
        }
        assert answers.keys() == {question for question in PUBLIC if asked.get(question, True)}
        assert answers.get("base_image") != "distroless" or answers["python_version"] == "3.13"
        assert answers.get("dependency_updates") != "dependabot" or host == "github"


def test_every_condition_holds_for_some_and_not_for_others() -> None:
    conditions = {key for key, details in TEMPLATE.questions.items() if details.get("when") not in (None, False)}
    assert conditions
    for question in conditions:
        assert {question in answers for answers in combined(question)} == {True, False}, question


def test_every_question_has_a_default() -> None:
    """Without one, no bot could update a repository of an earlier release."""
    assert all("default" in question for question in TEMPLATE.questions.values())


def test_defaults_give_the_package_kind_on_the_python_before_the_newest() -> None:
    answers = yaml.safe_load(TEMPLATE.render({})[".copier-answers.yml"])
    assert answers["project_type"] == "package"
    assert answers["package_name"] == "myproject"
    assert answers["command_name"] == "hello"
    assert answers["python_version"] == PYTHONS[-2]


def test_advanced_questions_are_remembered_and_not_asked() -> None:
    advanced = {key for key in PUBLIC if TEMPLATE.questions[key].get("ask") is False}
    image = {"installer", "base_image", "base_registry", "builder_packages", "runtime_packages", "devcontainer"}
    expected = image | {"template_owners", "package_index", "package_index_url"}
    assert advanced == expected - FIXED
    files = TEMPLATE.render({"package_index": "private"})
    assert advanced <= set(yaml.safe_load(files[".copier-answers.yml"]))


@pytest.mark.parametrize(("question", "answer"), REFUSED, ids=repr)
def test_refused_in_one_sentence(question: str, answer: str) -> None:
    with pytest.raises(ValueError, match=question) as error:
        TEMPLATE.render({question: answer, **NEEDED.get(question, {})})
    assert REFUSED[question, answer] in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("python", PYTHONS)
def test_distroless_is_refused_with_a_python_that_it_does_not_have(python: str) -> None:
    answers = {"base_image": "distroless", "python_version": python}
    if python == "3.13":
        assert "distroless" in TEMPLATE.render(answers)["Dockerfile"].decode()
    else:
        with pytest.raises(ValueError, match=r"has Python 3\.13: answer python_version with 3\.13\."):
            TEMPLATE.render(answers)


@pytest.mark.parametrize("owner", ["", "group", "group/sub.group/_x-1"])
def test_an_owner_on_gitlab_is_a_path(owner: str) -> None:
    files = TEMPLATE.render({"repository_host": "gitlab", "repository_owner": owner})
    urls = tomllib.loads(files["pyproject.toml"].decode())["project"].get("urls", {})
    assert urls == ({"repository": f"https://gitlab.com/{owner}/myproject"} if owner else {})


@pytest.mark.parametrize("owner", ["/group", "group/", "a//b", "a b", "-a", "../a"])
def test_an_owner_on_gitlab_that_is_no_path_is_refused(owner: str) -> None:
    with pytest.raises(ValueError, match="such as group/subgroup, or nothing"):
        TEMPLATE.render({"repository_host": "gitlab", "repository_owner": owner})


def test_dependabot_is_refused_where_there_is_none() -> None:
    with pytest.raises(ValueError, match="Dependabot is part of GitHub: answer renovate or none"):
        TEMPLATE.render({"repository_host": "gitlab", "dependency_updates": "dependabot"})


@pytest.mark.parametrize(
    ("question", "answer"), [("project_name", "class"), ("package_name", "json"), ("builder_packages", "git;")]
)
def test_a_refusal_leaves_nothing_behind(question: str, answer: str, tmp_path: Path) -> None:
    command: list[str | Path] = [
        COPIER,
        "copy",
        "--defaults",
        "--data",
        f"{question}={answer}",
        TEMPLATE.folder,
        tmp_path / "new",
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "type" in result.stderr.splitlines()[-1]
    assert not (tmp_path / "new").exists()


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
    files = TEMPLATE.render({"project_name": project})
    assert f'name = "{distribution}"\n' in files["pyproject.toml"].decode()
    assert f"src/{package}/cli.py" in files
    assert f"# {project}\n" in files["README.md"].decode()


def test_an_environment_may_start_with_a_digit() -> None:
    """It has no package that would have to be imported."""
    files = TEMPLATE.render({"project_type": "environment", "project_name": "2026 analysis"})
    assert 'name = "2026-analysis"\n' in files["pyproject.toml"].decode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_description_comes_out_intact(kind: str) -> None:
    files = TEMPLATE.render({"project_type": kind, "project_description": HOSTILE, "author_name": 'Ada "L" \\ 日本'})
    project = tomllib.loads(files["pyproject.toml"].decode())["project"]
    assert project["description"] == HOSTILE
    assert project["authors"] == [{"name": 'Ada "L" \\ 日本'}]
    assert f"\n{HOSTILE}\n" in files["README.md"].decode()
    assert yaml.safe_load(files[".copier-answers.yml"])["project_description"] == HOSTILE
    for path, content in files.items():
        if path.endswith(".py"):
            compile(content, path, "exec")


def test_the_questions_that_can_be_answered_are_all_known() -> None:
    assert NAMES.questions == list(PROMISED)


@pytest.mark.parametrize("name", ["match", "case", "type", "lazy", "a__b", "x" * 64])
def test_odd_names_that_work_are_accepted(name: str) -> None:
    """Soft keywords can be imported."""
    files = TEMPLATE.render({"package_name": name})
    assert f'{name}.cli:main"' in files["pyproject.toml"].decode()
    compile(files["tests/test_cli.py"], "test_cli.py", "exec")


@pytest.mark.parametrize(
    ("kind", "name"), [("service", "fastapi"), ("environment", "pandas"), ("environment", "Pandas-Stubs")]
)
def test_a_project_cannot_be_called_as_what_it_depends_on(kind: str, name: str) -> None:
    with pytest.raises(ValueError, match="is among the packages that are installed"):
        TEMPLATE.render({"project_type": kind, "project_name": name})
    TEMPLATE.render({"project_name": name})


@pytest.mark.parametrize("python", INTERPRETERS)
def test_names_of_the_language_are_all_known(python: str) -> None:
    listed = "import sys, keyword; print(*keyword.kwlist); print(*sys.stdlib_module_names)"
    keywords, modules = run(INTERPRETERS[python], "-c", listed).splitlines()
    assert set(keywords.split()) == {*NAMES.keywords}
    assert {module for module in modules.split() if not module.startswith("_")} <= {*NAMES.standard_library}


def test_no_default_is_refused() -> None:
    """Copier stops with a traceback where it should ask a question whose default is refused."""
    for word in {*NAMES.keywords, *NAMES.standard_library, *NAMES.folders, *NAMES.installed["all"]}:
        if word == word.lower():
            with pytest.raises(ValueError, match="question 'project_name'"):
                TEMPLATE.render({"project_name": word})
        else:
            TEMPLATE.render({"project_name": word})
