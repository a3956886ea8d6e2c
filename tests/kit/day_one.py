"""The first day in a generated repository: install it, run each command of its README's checks, and build it."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.kit.answers import chosen, name_lists, told, working_tree
from tests.kit.commands import POETRY, committed, run
from tests.kit.docker import image_of, need_engine
from tests.kit.private_index import index_of
from tests.kit.pythons import interpreters
from tools.docs.markdown import code_blocks
from tools.render.template import Answers

Shell = Callable[[str], str]
"""Runs a command in a repository and returns its output."""

COMMAND = {
    "package": ("poetry run sh -c 'hello && python -m myproject --help'", "Hello, World!\nusage: hello [-h]"),
    "environment": ("poetry run python scripts/summary.py", "outdoors"),
    "service": ("APP_PORT=x poetry run python -m myproject || true", "APP_PORT\n  Input should be a valid integer"),
}

ALONE = {
    "package": ("hello && hello --version", "Hello, World!\n0.1.0\n"),
    "service": ("APP_PORT=x python -m myproject || true", "APP_PORT\n  Input should be a valid integer"),
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


def checks(readme: str) -> list[str]:
    """Return the commands that the README names for the checks of a change."""
    [block] = [block for block in code_blocks(readme) if "poe check" in block]
    return [line.partition("#")[0].strip() for line in block.splitlines()]


def check_output(command: str, output: str) -> None:
    """Check that tests have passed and covered each line, if the command is the one that runs them."""
    if "test" in command:
        assert " passed" in output
        assert re.search(r"TOTAL .* 100%", output)


def all_clean(folder: Path, sh: Shell, kind: str) -> None:
    """Install from the lock file and run every check. None may find a fault or change a file."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    sh("poetry install")
    for command in checks((folder / "README.md").read_text(encoding="utf-8")):
        check_output(command, sh(command))
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
    """Add files with mistakes to Git's index, and go back to the last commit at the end."""
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
    if (folder / "Dockerfile").exists():
        hooks[".tools/*.txt is up to date"] = (".tools/poetry.in", "poetry==2.0\n", "they lack poetry==2.0")
        hooks["no file is both tracked and ignored"] = ("tests/.gitignore", "*.py\n", "lacks the file: !/tests/")
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


def check_day_one(answers: Answers, folder: Path, record_property: Callable[[str, str], None]) -> None:
    """Check that a new repository passes its own checks, and record it for docs/combinations.json.

    Args:
        answers: Answers to questions; the others have their defaults.
        folder: An empty folder.
        record_property: The fixture of pytest.
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
    assert run("git", "status", "--porcelain", cwd=project) == ""
