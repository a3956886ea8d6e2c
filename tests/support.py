"""What several test modules need."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import findpython

from extensions.template import ROOT, Answers, Files, Template

TEMPLATE = Template()

HOSTILE = "Say \"hi\" or 'hi' \\ for $1 & #2 {{ x }} {% y %} ${z} `w` <b> 日本語 😀"
"""A description that breaks what does not quote it."""

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
"""Answers to the questions that take text: each of them plain, empty where it may be, and hostile.

The last two are there as the templates ask whether a name or an address was given.
"""

EXAMPLES = {"builder_packages": ["", "git"], "runtime_packages": ["", "curl"]}
"""Values for the questions that take text and decide about more than that text."""

NEEDED = {"base_image": {"python_version": "3.13"}, "package_index_url": {"package_index": "private"}}
"""Answers without which a question is not asked, or has one choice, where the defaults do not do."""


FIXED: set[str] = set()
"""Questions that a fork has taken away, by `when: false`."""


def combined(*questions: str) -> list[Answers]:
    """List the combinations of the answers to some questions; the others have their defaults."""
    return [combination.asked for combination in TEMPLATE.product(EXAMPLES, questions)]


def combination(**answers: Any) -> Answers:
    """Return the combination with some answers, as far as there are such questions; the others have their defaults."""
    given = {question: answer for question, answer in answers.items() if question not in FIXED}
    return next(known for known in combined(*given) if given.items() <= known.items())


def chosen(answers: Answers) -> list[tuple[str, Any]]:
    """Return the answers to questions with choices, or with yes and no."""
    questions = TEMPLATE.questions
    return [one for one in answers.items() if "choices" in questions[one[0]] or questions[one[0]]["type"] == "bool"]


def pairs(answers: Answers) -> set[tuple[tuple[str, Any], tuple[str, Any]]]:
    """Return every pair of these answers."""
    return {(one, other) for one, other in combinations(chosen(answers), 2)}


def pairwise() -> list[Answers]:
    """List few combinations that have every pair of choices which any has.

    Each is the one that adds most of them, where a pair counts by how many of its two questions there are.
    """
    every = [(combination.asked, pairs(combination.asked)) for combination in TEMPLATE.product()]
    missing = set().union(*(those for _, those in every))
    weights = Counter((one, other) for (one, _), (other, _) in missing)
    found = []
    while missing:
        answers, those = max(every, key=lambda each: sum(weights[one[0], other[0]] for one, other in each[1] & missing))
        found.append(answers)
        missing -= those
    return found


PYTHONS: list[str] = TEMPLATE.questions["python_versions"]["default"]
INTERPRETERS = {
    version: str(python.executable)
    for python in reversed(findpython.find_all(allow_prereleases=True))
    if (version := f"{python.major}.{python.minor}") in PYTHONS
}
"""One of each supported Python that this machine has."""

KINDS = ["package", "service", "environment"]
POETRY = ROOT / ".poetry/bin/poetry"
COPIER = ROOT / ".venv/bin/copier"


def run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, **options: Any) -> str:
    """Run a command and return what it printed; fail with its output when it fails."""
    result: subprocess.CompletedProcess[str] = subprocess.run(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    assert result.returncode == 0, f"{' '.join(map(str, command))} failed:\n{result.stdout}"
    return result.stdout


def write(files: Files, folder: Path) -> Path:
    """Write rendered files into a folder and return it."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def committed(files: Files, folder: Path) -> Path:
    """Write rendered files into a repository of their own below a folder, commit them, and return where they are."""
    project = write(files, folder / "project")
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=Start", cwd=project)
    return project


def read(folder: Path) -> Files:
    """Return the files of a folder, but those of Git."""
    files = (file for file in folder.rglob("*") if file.is_file() and ".git" not in file.relative_to(folder).parts)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def told(answers: Answers, questions: Iterable[str]) -> str:
    """Return the answers to some questions in the form in which the report of a run of the tests has them."""
    return json.dumps({question: answers[question] for question in questions if question in answers})


def name(answers: Answers, questions: Iterable[str] = ("project_type", "python_version")) -> str:
    """Name a combination by its answers to some questions, for the names of tests."""
    return "-".join(str(answers[question]) for question in questions if answers.get(question))
