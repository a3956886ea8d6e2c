"""A process that runs commands of Poetry in many projects, and the lock files that it writes."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import POETRY, run, write
from tests.kit.pythons import interpreters
from tools.lock.refresh import POETRY_PYTHON, cut
from tools.repository import ROOT

Poetry = Callable[..., str]
"""Runs a command of Poetry: takes the project's folder and the command's arguments, returns the output."""

PROJECT_FILES = ("pyproject.toml", "poetry.lock", "README.md")
"""Files of a project that `poetry check` and `poetry lock` read."""


@contextmanager
def poetry_process(environment: Mapping[str, str] | None = None) -> Iterator[Poetry]:
    """Start a process for commands of Poetry.

    Args:
        environment: Variables to set beside those of this process.

    Yields:
        A function that runs a command in the folder of a project and returns its output. A command that fails raises
        an AssertionError with the output.
    """
    with subprocess.Popen(
        [POETRY_PYTHON, "-m", "tests.kit.poetry_worker"],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin
        assert process.stdout
        requests, answers = process.stdin, process.stdout

        def poetry(folder: Path, *arguments: str) -> str:
            requests.write(json.dumps({"folder": str(folder), "arguments": [*arguments, "--no-interaction"]}) + "\n")
            answer = json.loads(answers.readline())
            assert answer["code"] == 0, f"poetry {' '.join(arguments)} failed in {folder}:\n{answer['output']}"
            return str(answer["output"])

        try:
            yield poetry
        finally:
            requests.close()


def read_by_poetry(path: str) -> bool:
    """Return whether Poetry reads a file of a project."""
    return path in PROJECT_FILES


def make_stale(folder: Path) -> None:
    """Change the content-hash of a lock file: Poetry then keeps the versions and writes the whole file anew."""
    file = folder / "poetry.lock"
    lock = file.read_text(encoding="utf-8")
    file.write_text(lock.replace(cut(lock)[1], "0" * 64), encoding="utf-8", newline="\n")


def without_later_files(lock: str, earlier: str) -> str:
    """Drop the files that were uploaded for a locked version after an earlier lock file was written.

    Projects upload wheels for a new Python years after a release. A test must not fail on the day they do.
    """
    known = set(earlier.splitlines(keepends=True))
    lines = lock.splitlines(keepends=True)
    return "".join(line for line in lines if line in known or not line.startswith("    {file = "))


def relocked(poetry: Poetry, folder: Path) -> tuple[str, str]:
    """Have Poetry write the lock file of a project anew.

    Returns:
        The lock file as it was, and as Poetry writes it with the same versions and files.
    """
    file = folder / "poetry.lock"
    before = file.read_text(encoding="utf-8")
    make_stale(folder)
    poetry(folder, "lock")
    return before, without_later_files(file.read_text(encoding="utf-8"), before)


def kinds_by_interpreter() -> list[tuple[str, str]]:
    """List each type of project with one of the Pythons of this machine, and each of these with a type."""
    pairs = zip(cycle(KINDS), cycle(interpreters()), strict=False)
    return [next(pairs) for _ in range(max(len(KINDS), len(interpreters())))]


def check_lock_command(kind: str, version: str, folder: Path) -> None:
    """Check that `poetry lock` keeps a rendered lock file, as it is and when Poetry has to write it anew."""
    rendered = working_tree().render({"project_type": kind, "python_version": version}, read_by_poetry)
    write(rendered, folder)
    run(interpreters()[version], "-m", "venv", "--without-pip", ".venv", cwd=folder)
    run(POETRY, "lock", cwd=folder)
    assert (folder / "poetry.lock").read_bytes() == rendered["poetry.lock"]
    make_stale(folder)
    run(POETRY, "lock", cwd=folder)
    lock = rendered["poetry.lock"].decode()
    assert without_later_files((folder / "poetry.lock").read_text(encoding="utf-8"), lock) == lock
