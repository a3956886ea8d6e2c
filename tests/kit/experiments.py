"""What the experiments behind docs/practices.md share: a small project, and tools with no settings from outside."""

import os
import subprocess
import sys
from pathlib import Path

from tests.kit.commands import POETRY, run
from tools.render.template import Files
from tools.repository import ROOT

PROJECT: Files = {
    "pyproject.toml": b"""
[project]
name = "greeting"
version = "0.1.0"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["iniconfig>=2.3,<3"]

[project.scripts]
greet = "greeting:main"

[build-system]
requires = ["poetry-core>=2.3,<3"]
build-backend = "poetry.core.masonry.api"
""",
    "README.md": b"A greeting.\n",
    "src/greeting/__init__.py": b'def main() -> None:\n    print("hello")\n',
}
"""A package with a command and one dependency, which is small and pure Python."""

VERSION = "3.13"

PINS = dict(
    line.split("==")
    for file in ("extensions/dependencies/tools-requirements.txt", "tests/nightly/practices-requirements.txt")
    for line in (ROOT / file).read_text(encoding="utf-8").split()
)
"""The version of each tool that the experiments run with."""

OURS = ("POETRY_", "PYTHON", "SOURCE_DATE_EPOCH", "PIP_NO_", "PIP_COMPILE", "PIP_CACHE", "PIP_DISABLE_", "PIP_ROOT_")
"""Variables that experiments are about, by their beginnings. Those that say where packages come from are left alone."""


def environment(**settings: str) -> dict[str, str]:
    """Return this machine's environment without variables that change an experiment, and with some of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    own = {"POETRY_CONFIG_DIR": os.devnull, "POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    return kept | own | settings


def attempt(*command: str | Path, cwd: Path | None = None, **settings: str) -> tuple[int, str]:
    """Run a command with no input; return its status and output."""
    result = subprocess.run(
        command,
        cwd=cwd,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    return result.returncode, result.stdout


def succeed(*command: str | Path, cwd: Path | None = None, **settings: str) -> str:
    """Run a command that must succeed, and return its output."""
    status, output = attempt(*command, cwd=cwd, **settings)
    assert status == 0, output
    return output


def fail(*command: str | Path, cwd: Path | None = None, **settings: str) -> str:
    """Run a command that must fail, and return its output with spaces for line breaks."""
    status, output = attempt(*command, cwd=cwd, **settings)
    assert status != 0, output
    return " ".join(output.split())


def poetry(*arguments: str, cwd: Path, **settings: str) -> str:
    """Run a command of Poetry that must succeed."""
    return succeed(POETRY, *arguments, cwd=cwd, **settings)


def new_environment(folder: Path) -> Path:
    """Make an empty environment with the Python that runs the tests."""
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    return folder


def wheel_of(project: Path) -> Path:
    """Build a project's wheel, anew."""
    poetry("build", "--format=wheel", "--clean", cwd=project)
    (wheel,) = (project / "dist").iterdir()
    return wheel


def installed(environment: Path) -> set[str]:
    """Return the names of the distributions in an environment."""
    return {folder.name.split("-")[0] for folder in environment.glob("lib/python*/site-packages/*.dist-info")}


def bytecode(folder: Path) -> list[Path]:
    """Return the files with bytecode below a folder."""
    return sorted(folder.rglob("*.pyc"))
