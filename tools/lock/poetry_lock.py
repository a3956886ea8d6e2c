"""Run `poetry lock` as on the oldest Python that a project supports, with Poetry's own interpreter.

Poetry refuses to lock for a Python version that the machine lacks. Locking needs the version of the interpreter only,
so a mock environment with this version replaces it. Everything else is the real command.
"""

import sys
import tomllib
from pathlib import Path

from poetry.console.application import Application
from poetry.console.commands.lock import LockCommand
from poetry.utils.env import MockEnv


def main() -> int:
    """Lock the project in the current folder and return the exit code of the command."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest, _, _ = project["requires-python"].removeprefix(">=").partition(",")
    major, minor = oldest.split(".")
    command = LockCommand()
    command.set_env(MockEnv((int(major), int(minor), 0)))
    application = Application()
    application.add(command)
    return application.run()


if __name__ == "__main__":
    sys.exit(main())
