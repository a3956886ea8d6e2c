"""The releases of the template: versions, tags and commits. Standard library only.

A release is a commit that changes the version in pyproject.toml. CI tags it afterwards, so a clone can lack the tag.
"""

import re
import tomllib
from functools import cache
from pathlib import Path

from tools.repository import ROOT, git

TAG = re.compile(r"v\d+(\.\d+)*(\.post\d+)?")


def version(pyproject: str) -> str:
    """Return the version in the text of a pyproject.toml."""
    return str(tomllib.loads(pyproject)["project"]["version"])


def current_version() -> str:
    """Return the version in pyproject.toml of the working tree."""
    return version((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def releases() -> dict[str, str]:
    """Return the commit of each release by its tag, oldest first."""
    commits = git("log", "--reverse", "--format=%H", "-G^version = ", "--", "pyproject.toml").split()
    return {f"v{version(git('show', f'{commit}:pyproject.toml'))}": commit for commit in commits}


def tags(repository: Path = ROOT, *options: str) -> list[str]:
    """Return the release tags of a repository, oldest first.

    Args:
        repository: A clone of the template.
        options: Options of `git tag --list`, such as `--merged=COMMIT`.
    """
    listed = git("tag", "--list", "--sort=version:refname", *options, folder=repository).split()
    return [tag for tag in listed if TAG.fullmatch(tag)]
