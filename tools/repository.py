"""Facts about this repository: its folder, its address and its Git history. Standard library only."""

import subprocess
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@cache
def address() -> str:
    """Return the address of the template from pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["urls"]["repository"])


def git(*arguments: str, folder: Path = ROOT) -> str:
    """Return the output of a Git command in a repository.

    Raises:
        subprocess.CalledProcessError: Git failed.
    """
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout
