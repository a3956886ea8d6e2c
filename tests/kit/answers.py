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
    ("project_name", ""): "Use A-Z, a-z, 0-9, space . _ - (my-project)",
    ("project_name", "日本"): "Use A-Z, a-z, 0-9, space . _ - (my-project)",
    ("project_name", "../elsewhere"): "Use A-Z, a-z, 0-9, space . _ - (my-project)",
    ("project_name", "name\n"): "Use A-Z, a-z, 0-9, space . _ - (my-project)",
    ("project_name", "my project "): "Start and end with a-z or 0-9",
    ("project_name", "2fast"): "Start with a-z (my-project)",
    ("project_name", "Class"): "Use class_project: class is a keyword of Python",
    ("project_name", "json"): "Use json_project: json is in Python's standard library",
    ("project_name", "Test"): "Use test_project: test is a folder of the repository",
    ("project_name", "Sphinx"): "Use sphinx_project: the packages that it needs import sphinx",
    ("project_name", "docs"): "Use docs_project: docs is a folder of the repository",
    (
        "command_name",
        "sphinx-build",
    ): "Use sphinx-build-project: sphinx-build is a program that the project's own checks need",
    ("project_name", "Ruff"): "Use ruff_project: the packages that it needs import ruff",
    ("project_name", "NUL"): "Use nul_project: nul is a device",
    ("project_name", "-x"): "Start and end with a-z or 0-9",
    ("project_name", "x" * 65): "Use at most 64 characters",
    ("package_name", ""): "Use a-z, 0-9 and _",
    ("package_name", "class"): "Use class_project: class is a keyword of Python",
    ("package_name", "json"): "Use json_project: json is in Python's standard library",
    ("package_name", "tests"): "Use tests_project: tests is a folder of the repository",
    ("package_name", "scripts"): "Use scripts_project: scripts is a folder of the repository",
    ("package_name", "pytest"): "Use pytest_project: the packages that it needs import pytest",
    ("package_name", "aux"): "Use aux_project: aux is a device",
    ("package_name", "__main__"): "Start with a-z",
    ("package_name", "_private"): "Start with a-z",
    ("package_name", "a" * 65): "Use at most 64 characters",
    ("package_name", "2fast"): "Start with a-z",
    ("package_name", "my-project"): "Use a-z, 0-9 and _",
    ("package_name", "a/b"): "Use a-z, 0-9 and _",
    ("package_name", "../a"): "Use a-z, 0-9 and _",
    ("package_name", "größe"): "Use a-z, 0-9 and _",
    ("package_name", "name\n"): "Use a-z, 0-9 and _",
    ("package_name", "orjson"): "Use orjson_project: the packages that it needs import orjson",
    ("command_name", "rm -rf"): "Use A-Z, a-z, 0-9, _ and -",
    ("command_name", "../hello"): "Use A-Z, a-z, 0-9, _ and -",
    ("command_name", "-hello"): "Start with a-z or 0-9",
    ("command_name", ""): "Use A-Z, a-z, 0-9, _ and -",
    ("command_name", "python3"): "Use python3-project: python3 is a program that the project's own checks need",
    ("command_name", "Pytest"): "Use Pytest-project: Pytest is a program that the project's own checks need",
    ("command_name", "con"): "Use con-project: con is a device",
    ("command_name", "a" * 65): "Use at most 64 characters",
    ("command_name", "git"): "Use git-project: git is a program",
    ("command_name", "poetry"): "Use poetry-project: poetry is a program",
    ("command_name", "copier"): "Use copier-project: copier is a program",
    ("command_name", "sh"): "Use sh-project: sh is a program",
    ("project_description", "two\nlines"): "Use one line",
    ("project_description", "\x00"): "Use one line",
    ("project_description", "\udcff"): "Use one line",
    ("author_name", "Doe, Jo"): "Use a name without commas, < and >",
    ("author_name", "Jo <jo@example.org>"): "Use a name without commas, < and >",
    ("author_email", "nobody"): "Use an address (ada@example.org)",
    ("author_email", "ops@localhost"): "Use an address (ada@example.org)",
    ("author_email", ".ada@example.org"): "Use an address (ada@example.org)",
    ("author_email", "ada.@example.org"): "Use an address (ada@example.org)",
    ("author_email", "a..b@example.org"): "Use an address (ada@example.org)",
    ("author_email", "ada@example..org"): "Use an address (ada@example.org)",
    ("author_email", "ada@.example.org"): "Use an address (ada@example.org)",
    ("author_email", "ada@example.org."): "Use an address (ada@example.org)",
    ("author_email", "ada@-example.org"): "Use an address (ada@example.org)",
    ("template_owners", "octo-org"): "Use names (@octo-org/platform)",
    ("template_owners", "@a  @b"): "Use names (@octo-org/platform)",
    ("template_owners", "@a\n@b"): "Use names (@octo-org/platform)",
    ("template_owners", "@a #b"): "Use names (@octo-org/platform)",
    ("template_owners", "ada@localhost"): "Use names (@octo-org/platform)",
    ("template_owners", "a..b@example.org"): "Use names (@octo-org/platform)",
    ("base_registry", "mirror"): "Use host/path in lower case",
    ("base_registry", "mirror/python"): "Use host/path in lower case",
    ("base_registry", "https://registry.example.com"): "Use host/path in lower case",
    ("base_registry", "registry.example.com/"): "Use host/path in lower case",
    ("base_registry", "registry.example.com//mirror"): "Use host/path in lower case",
    ("base_registry", "registry.example.com/Mirror"): "Use host/path in lower case",
    ("base_registry", "registry.example.com/python:3"): "Use host/path in lower case",
    ("base_registry", "registry.example.com/python@sha256"): "Use host/path in lower case",
    ("base_registry", "registry..example.com"): "Use host/path in lower case",
    ("base_registry", "registry.example.com:/mirror"): "Use host/path in lower case",
    ("base_registry", "registry.example.com/a b"): "Use host/path in lower case",
    ("base_registry", "registry.example.com/$CI"): "Use host/path in lower case",
    ("base_registry", "registry.example.com/'"): "Use host/path in lower case",
    ("base_registry", "registry.example.com\n"): "Use host/path in lower case",
    ("builder_packages", "git; rm"): "Use Debian names (git curl), not git;",
    ("builder_packages", "git $(id)"): "Use Debian names (git curl), not $(id)",
    ("runtime_packages", "Curl"): "Use Debian names (git curl), not Curl",
    ("runtime_packages", "curl --fix-broken"): "Use Debian names (git curl), not --fix-broken",
    ("builder_packages", "git\ncurl"): "Use one line: put spaces between",
    ("builder_packages", "git curl-"): "Use Debian names (git curl), not curl-",
    ("builder_packages", "git."): "Use Debian names (git curl), not git.",
    ("runtime_packages", "git\u2028curl"): "Use one line: put spaces between",
    ("image_groups", "prod;id"): "Use names (cache prod), not prod;id",
    ("image_groups", "prod\ncache"): "Use one line: put spaces between",
    ("image_extras", "-x"): "Use names (cache prod), not -x",
    ("image_extras", 'a"b'): 'Use names (cache prod), not a"b',
    ("build_files", ""): "Use one line: put spaces between",
    ("build_files", "src\nx"): "Use one line: put spaces between",
    ("build_files", "../x"): "Use paths (src data/model.bin), not ../x",
    ("build_files", "/etc"): "Use paths (src data/model.bin), not /etc",
    ("build_files", "src/*"): "Use paths (src data/model.bin), not src/*",
    ("build_files", "src #x"): "Use paths (src data/model.bin), not #x",
    ("package_index_url", ""): "Use an https address",
    ("package_index_url", "packages.example.com/simple"): "Use an https address",
    ("package_index_url", "HTTPS://packages.example.com/simple"): "Use an https address",
    ("package_index_url", "file:///srv/simple"): "Use an https address",
    ("package_index_url", "https:///simple"): "Use an https address",
    ("package_index_url", "https://-/simple"): "Use an https address",
    ("package_index_url", "https://ada:secret@packages.example.com/simple"): "Leave out user and password",
    ("package_index_url", "https://packages.example.com/simple?token=secret"): "Use an https address",
    ("package_index_url", 'https://packages.example.com/"'): "Use an https address",
    ("package_index_url", "https://packages.example.com/'"): "Use an https address",
    ("package_index_url", "https://packages.example.com/$HOME"): "Use an https address",
    ("package_index_url", "https://packages.example.com/`id`"): "Use an https address",
    ("package_index_url", "https://packages.example.com/\\"): "Use an https address",
    ("package_index_url", "https://packages.example.com/{{ x }}"): "Use an https address",
    ("package_index_url", "https://packages.example.com/a b"): "Use an https address",
    ("package_index_url", "https://packages.example.com/simple;id"): "Use an https address",
    ("package_index_url", "https://packages.example.com/simple\n"): "Use an https address",
    ("package_index_url", "https://packages.example.com/日本"): "Use an https address",
    ("base_image", "alpine"): "is not in",
    ("image_python", "3.10"): "is not in",
    ("package_index", "pypi"): "is not in",
    ("license", "WTFPL"): "is not in",
    ("python_version", "3.10"): "is not in",
    ("project_type", "library"): "is not in",
}
"""Refused texts, and the beginning of the message for each."""

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
