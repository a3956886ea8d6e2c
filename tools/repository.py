"""Facts about this repository: its folder, its address and its Git history. Standard library only."""

import os
import subprocess
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@cache
def address() -> str:
    """Return the address of the template from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["urls"]["repository"])


GIT_SETTINGS = {"core.hooksPath": "/dev/null", "commit.gpgSign": "false", "color.ui": "false", "diff.noprefix": "false"}
"""Settings that replace those of Git's user, which could stop a command or change its output."""


def git(*arguments: str, folder: Path = ROOT, variables: Mapping[str, str] | None = None) -> str:
    """Return the output of a Git command in a repository.

    Args:
        arguments: The arguments of Git.
        folder: A folder of the repository.
        variables: Additional environment variables.

    Raises:
        subprocess.CalledProcessError: Git failed.
    """
    environment = {**os.environ, **git_settings(), **(variables or {})}
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


def git_settings() -> dict[str, str]:
    """Return the environment variables that give Git its settings."""
    first = int(os.environ.get("GIT_CONFIG_COUNT", "0"))
    variables = {"GIT_CONFIG_COUNT": str(first + len(GIT_SETTINGS))}
    for number, (key, value) in enumerate(GIT_SETTINGS.items(), first):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
