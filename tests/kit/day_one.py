"""The first day in a generated repository: install it, run each command of its README's checks, and build it."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import pytest
import yaml

from tests.kit.answers import FIXED, KINDS, PUBLIC, chosen, name_lists, told, working_tree
from tests.kit.commands import POETRY, committed, run
from tests.kit.docker import image_of, need_engine
from tests.kit.private_index import index_of
from tests.kit.pythons import interpreters, pythons
from tools.docs.markdown import code_blocks
from tools.render.template import Answers

Shell = Callable[[str], str]
"""Runs a command in a repository and returns its output."""

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python that runs the tests."""

COMMAND = {
    "package": ("poetry run sh -c 'hello && python -m myproject --help'", "Hello, World!\nusage: hello [-h]"),
    "environment": ("poetry run python scripts/summary.py", "outdoors"),
    "service": ("APP_PORT=x poetry run python -m myproject || true", "port\n  Input should be a valid integer"),
}

ALONE = {
    "package": ("hello && hello --version", "Hello, World!\n0.1.0\n"),
    "service": ("APP_PORT=x python -m myproject || true", "port\n  Input should be a valid integer"),
}
"""Commands of the installed wheel, without the repository, and a part of their output."""

INSTALL = """
set -e
wheel="$PWD/dist/myproject-0.1.0-py3-none-any.whl"
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
poetry run python -m venv --without-pip "$folder"
poetry export --without-hashes --without-urls --output="$folder/constraints.txt"
cd "$folder"
pip --python=bin/python install --quiet --constraint=constraints.txt "$wheel"
export PATH="$folder/bin:$PATH"
"""
"""Installs the wheel into an empty environment and puts that on the path.

With the locked versions, as a test must not depend on the releases of the day.
"""

GIT = """
RUN apt-get update && apt-get install --yes --no-install-recommends git
"""
"""Installs Git, which pre-commit needs, at the end of a stage."""


def recorded(answers: Answers) -> Answers:
    """Return the answers that a repository records, with those that have their defaults."""
    [file] = working_tree().render(answers, lambda path: path == ".copier-answers.yml").values()
    return {key: value for key, value in yaml.safe_load(file).items() if not key.startswith("_")}


def turns(pairs: list[tuple[str, str]]) -> list[Answers]:
    """Return answers for pairs of a type and a Python: the other questions that matter take turns."""
    found: list[Answers] = []
    for number, (kind, version) in enumerate(pairs):
        answers: Answers = {"project_type": kind, "python_version": version}
        for question in ("license", "repository_host"):
            values = PUBLIC.get(question) or []
            answers |= {question: values[number % len(values)]} if values else {}
        answers["package_index"] = "private" if number % 2 else "public"
        # With docs for each type, as its checks are shown to fail, and without docs for the other Pythons.
        answers |= {"docs": number < len(KINDS)} if kind != "environment" else {}
        found.append({question: answer for question, answer in answers.items() if question not in FIXED})
    return found


def first_days() -> list[Answers]:
    """List few repositories: each type, with a Python of this machine, then each Python that is left.

    HERE, which enters through the README and through CI, is left out where the machine has another Python.
    """
    pairs = list(zip(KINDS, cycle([version for version in interpreters() if version != HERE] or [HERE]), strict=False))
    left = [version for version in pythons() if version not in {HERE, *(used for _, used in pairs)}]
    return turns([*pairs, *zip(cycle(reversed(KINDS)), left, strict=False)])


def each_type() -> list[Answers]:
    """Return the first days of each type."""
    return first_days()[: len(KINDS)]


def each_other_python() -> list[Answers]:
    """Return the first days with the Pythons that those of each type leave out."""
    return first_days()[len(KINDS) :]


def checks(readme: str) -> list[str]:
    """Return the commands that the README names for the checks of a change."""
    [block] = [block for block in code_blocks(readme) if "poe check" in block]
    return [line.partition("#")[0].strip() for line in block.splitlines()]


def all_clean(folder: Path, sh: Shell, kind: str) -> None:
    """Install from the lock file and run every check. None may find a fault or change a file."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    sh("poetry install")
    for command in checks((folder / "README.md").read_text(encoding="utf-8")):
        output = sh(command)
        if "test" in command:
            assert " passed" in output
            assert re.search(r"TOTAL .* 100%", output)
    command, expected = COMMAND[kind]
    assert expected in sh(command)
    if kind != "environment":
        assert "Built myproject-0.1.0-py3-none-any.whl" in re.sub(r"\x1b\[\d*m", "", sh("poetry build"))
        command, expected = ALONE[kind]
        assert expected in sh(INSTALL + command)
    assert {path: path.read_bytes() for path in before} == before


FACTS = """
import importlib.metadata as metadata, json, os, platform, sys
print(json.dumps({
    "python": platform.python_version(),
    "names": [*metadata.packages_distributions(), *(one.name for one in metadata.distributions())],
    "programs": os.listdir(os.path.dirname(sys.executable)),
}))
"""
"""Prints facts about the environment of a project."""


def check_names(names: list[str], programs: list[str], kind: str) -> None:
    """Check that the lists of refused names have every installed name."""
    lowercase = {
        name for name in (re.sub("[-.]", "_", name).lower() for name in names) if re.fullmatch("[a-z][a-z0-9_]*", name)
    }
    assert lowercase - {"myproject"} <= {
        *name_lists().installed["all"],
        *name_lists().installed[kind],
        *name_lists().installed["docs"],
    }
    known = {*name_lists().commands, "hello", "uvicorn", "dotenv", "fastapi", "httpx2", "f2py", "numpy-config"}
    assert {name for name in programs if not re.search(r"\.|^python|^pip|^rst2|^myst-", name)} <= known


@contextmanager
def mistaken(folder: Path, sh: Shell, *mistakes: tuple[str, str]) -> Iterator[None]:
    """Commit nothing, but let Git know of files with mistakes; take them away in the end."""
    for path, text in mistakes:
        (folder / path).write_text(text, encoding="utf-8")
    sh("git add --all")
    yield
    sh("git reset --hard --quiet")


def check_mistakes(folder: Path, sh: Shell, kind: str) -> None:
    """Make each kind of mistake. A check that accepts one is not set up."""
    code = "scripts" if kind == "environment" else "src/myproject"
    project = (folder / "pyproject.toml").read_text(encoding="utf-8")
    hooks = {
        "ruff format": (f"{code}/quotes.py", "x = 'single quotes'\n", "1 file reformatted"),
        "ruff check": (f"{code}/naming.py", "def camelCase() -> None:\n    print()\n", "Function name `camelCase`"),
        "mypy": (f"{code}/untyped.py", "def untyped(x):\n    return x\n", rf"{code}/untyped\.py:1: error"),
        "no conflict is left from a merge": ("notes.txt", "<<<<<<< before updating\n", "notes.txt:1:<<<<<<< before"),
        "no rejected change is left from an update": ("README.md.rej", "x\n", r"README\.md\.rej"),
        "poetry.lock is up to date": (
            "pyproject.toml",
            project.replace('"pytest>=9', '"pytest>=9.0'),
            "Run `poetry lock`",
        ),
    }
    with mistaken(folder, sh, *((path, text) for path, text, _ in hooks.values())):
        output = failure(sh, "poetry run poe check")
        for hook, (_, _, words) in hooks.items():
            # What one hook says, up to the result of the next one.
            assert re.search(rf"{re.escape(hook)}\.+Failed\n(?:(?!.*\.\.\.).*\n)*?.*{words}", output), (
                f"{hook}:\n{output}"
            )
    if kind != "environment":
        with mistaken(folder, sh, (f"{code}/mistake.py", '"""An **error."""\n')):
            assert "Inline strong start-string" in failure(sh, "poetry run poe docs")
    warn = "import warnings\n\n\ndef test_warns() -> None:\n    warnings.warn('x')\n"
    uncovered = (f"{code}/mistake.py", "def not_covered() -> None:\n    print()\n")
    with mistaken(folder, sh, uncovered, ("tests/test_warning.py", warn)):
        output = failure(sh, "poetry run poe test")
        assert re.search(r"mistake\.py .* 0%", output)
        assert "FAIL Required test coverage" in output
        assert "UserWarning: x" in output


def failure(sh: Shell, command: str) -> str:
    """Run a command that must fail and return its output."""
    with pytest.raises(AssertionError) as failed:
        sh(command)
    return str(failed.value)


@contextmanager
def shell_of(project: Path, version: str, user: dict[str, str]) -> Iterator[Shell]:
    """Give a shell in a project, with Poetry and a Python: that of the machine, or else one in Docker.

    In Docker it is in the `poetry` stage of a generated Dockerfile, with Git.
    """
    if version in interpreters():
        run(interpreters()[version], "-m", "venv", "--without-pip", ".venv", cwd=project)
        environment = {**os.environ, **user, "PATH": f"{POETRY.parent}:{os.environ['PATH']}"}
        yield lambda command: run("sh", "-c", command, cwd=project, env=environment)
        return
    need_engine({"python_version": version})
    files = working_tree().render({"python_version": version})
    stage = files["Dockerfile"].decode().replace("\nFROM poetry AS ", f"{GIT}\nFROM poetry AS ", 1)
    place = [f"--volume={project.parent}:{project.parent}", f"--workdir={project}", "--network=host"]
    shared = os.environ["MYPY_CACHE_DIR"]
    Path(shared).mkdir(exist_ok=True)
    place.append(f"--volume={shared}:{shared}")
    settings = {**user, "POETRY_VIRTUALENVS_IN_PROJECT": "true", "MYPY_CACHE_DIR": shared}
    variables = [f"--env={name}={value}" for name, value in settings.items()]
    context = project.parent / "context"
    with image_of({**files, "Dockerfile": stage.encode()}, context, "--target=poetry") as image:
        yield lambda command: run("docker", "run", "--rm", *place, *variables, image, "sh", "-c", command)


def check_day_one(
    answers: Answers, folder: Path, record_property: Callable[[str, str], None], *, mistakes: bool = False
) -> None:
    """Check that a new repository passes its own checks, note it for docs/combinations.json, and then make mistakes.

    Args:
        answers: Answers to questions; the others have their defaults.
        folder: An empty folder.
        record_property: The fixture of pytest.
        mistakes: Whether to check that each check can fail.
    """
    asked = recorded(answers)
    record_property("installed", told(asked, dict(chosen(asked))))
    kind, version = asked["project_type"], asked["python_version"]
    with index_of(asked, folder) as (given, user):
        project = committed(working_tree().render(given), folder)
        with shell_of(project, version, user) as sh:
            all_clean(project, sh, kind)
            facts = json.loads(sh(f"poetry run python -c '{FACTS}'"))
            if version in interpreters():
                check_names(facts["names"], facts["programs"], kind)
            record_property("found", json.dumps({"python": facts["python"]}))
            if mistakes:
                check_mistakes(project, sh, kind)
    assert run("git", "status", "--porcelain", cwd=project) == ""
