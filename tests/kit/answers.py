"""Answers to try: texts, combinations, and the template that renders them."""

import json
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import combinations
from typing import Any

from tools.render.template import Answers, Template


@cache
def working_tree() -> Template:
    """Return the template of the working tree, compiled once a process."""
    return Template()


HOSTILE = "Say \"hi\" or 'hi' \\ for $1 & #2 {{ x }} {% y %} ${z} `w` <b> 日本語 😀"
"""A description that breaks files that do not quote it."""

TEXTS: dict[str, dict[str, str]] = {
    "plain": {
        "author_name": "Ada Lovelace",
        "author_email": "ada@example.org",
        "template_owners": "@octo-org/platform",
    },
    "empty": {"project_description": "", "author_name": "", "author_email": ""},
    "hostile": {
        "project_name": "Data.Tools_2 x",
        "project_description": HOSTILE,
        "package_name": "match",
        "command_name": "9-B_c",
        "author_name": "Ada \"L\" \\ 'x' {{ y }} ${z} 日本 😀",
        "author_email": "!#$%&'*+/=?^_`{|}~-@example.org",
        "template_owners": "@Octo_org/a.b/c-d ada.l+1@example.org",
        "base_registry": "a-b.0.example:5000/c_d/e.f--g",
        "package_index_url": "https://a-b.example.com:8443/~x/%20/simple/",
    },
    "name only": {"author_name": "Ada Lovelace", "author_email": ""},
    "address only": {"author_name": "", "author_email": "ada@example.org"},
}
"""Sets of answers to the questions that take text: plain, empty if allowed, hostile.

The last two exist because files depend on whether a name or an address was given.
"""

EXAMPLES = {"builder_packages": ["", "git"], "runtime_packages": ["", "curl"]}
"""Values for the questions that take text and decide on more than that text."""

NEEDED = {
    "image_python": {"python_version": "3.11"},
    "base_image": {"python_version": "3.13"},
    "package_index_url": {"package_index": "private"},
}
"""Answers that a question needs to be asked, or to have all its choices."""


FIXED: set[str] = set()
"""Questions that a fork has removed by `when: false`."""


def combined(*questions: str) -> list[Answers]:
    """List the combinations of the answers to some questions; the others have their defaults."""
    return [combination.asked for combination in working_tree().product(EXAMPLES, questions)]


def combination(**answers: Any) -> Answers:
    """Return the combination with some answers, without those to removed questions; the others have their defaults."""
    given = {question: answer for question, answer in answers.items() if question not in FIXED}
    return next(known for known in combined(*given) if given.items() <= known.items())


def chosen(answers: Answers) -> list[tuple[str, Any]]:
    """Return the answers to questions with choices, or with yes and no."""
    questions = working_tree().questions
    return [one for one in answers.items() if "choices" in questions[one[0]] or questions[one[0]]["type"] == "bool"]


def pairs(answers: Answers) -> set[tuple[tuple[str, Any], tuple[str, Any]]]:
    """Return every pair of these answers."""
    return {(one, other) for one, other in combinations(chosen(answers), 2)}


def pairwise() -> list[Answers]:
    """List few combinations that cover every possible pair of choices.

    Greedy: each combination adds the most missing pairs, weighted by the number of pairs of their questions.
    """
    every = [(combination.asked, pairs(combination.asked)) for combination in working_tree().product()]
    missing = set().union(*(those for _, those in every))
    weights = Counter((one, other) for (one, _), (other, _) in missing)
    found = []
    while missing:
        answers, those = max(every, key=lambda each: sum(weights[one[0], other[0]] for one, other in each[1] & missing))
        found.append(answers)
        missing -= those
    return found


KINDS = ["package", "service", "environment"]


def told(answers: Answers, questions: Iterable[str]) -> str:
    """Return the answers to some questions as JSON, for the report of a test run."""
    return json.dumps({question: answers[question] for question in questions if question in answers})


def name(answers: Answers, questions: Iterable[str] = ("project_type", "python_version")) -> str:
    """Name a combination by its answers to some questions, for the names of tests."""
    return "-".join(str(answers[question]) for question in questions if answers.get(question))


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
    "image_python": ["3.11", "3.12", "3.13", "3.14", "3.15"],
    "installer": ["pip", "poetry"],
    "base_image": ["slim", "distroless"],
    "base_registry": None,
    "builder_packages": None,
    "runtime_packages": None,
    "image_groups": None,
    "image_extras": None,
    "build_files": None,
    "devcontainer": [True, False],
    "package_index": ["public", "private", "additional"],
    "package_index_url": None,
}
"""Public keys and values, which answers files in other repositories hold: only ever add to them."""

PUBLIC = {question: values for question, values in PROMISED.items() if question not in FIXED}
"""The questions that can be answered, with their choices."""


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
    ("image_groups", "prod;id"): "Type names of groups or extras, with spaces between, such as cache prod, not prod;id",
    ("image_groups", "prod\ncache"): "Type the names in one line",
    ("image_extras", "-x"): "Type names of groups or extras",
    ("image_extras", 'a"b'): "Type names of groups or extras",
    ("build_files", ""): "Type the paths in one line, with spaces between, such as src migrations",
    ("build_files", "src\nx"): "Type the paths in one line",
    ("build_files", "../x"): "Type paths such as src or data/model.bin, with spaces between, not ../x",
    ("build_files", "/etc"): "Type paths such as src",
    ("build_files", "src/*"): "Type paths such as src",
    ("build_files", "src #x"): "Type paths such as src",
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
    ("image_python", "3.10"): "is not in",
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
"""Questions whose answers decide on the image."""


@cache
def name_lists() -> Any:
    """Return the module of extensions/names.jinja: the lists of refused names and the patterns of texts."""
    return working_tree().environment.get_template("extensions/names.jinja").module


IMAGE_QUESTIONS = (
    "project_type",
    "python_version",
    "image_python",
    "installer",
    "base_image",
    "license",
    "builder_packages",
    "runtime_packages",
)
"""Questions whose answers distinguish images."""
