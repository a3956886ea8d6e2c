"""The pinned Poetry of this clone, in the folder of a project."""

import os
import subprocess
import sys
from pathlib import Path

from tools.repository import ROOT, git_settings

POETRY = ROOT / ".poetry/bin/poetry"

INHERITED = ("VIRTUAL_ENV", "POETRY_ACTIVE", "PYTHONPATH", "PYTHONHOME", "PYTEST_ADDOPTS", "MAKEFLAGS", "MAKELEVEL")
"""Variables of the user's shell and of make that must not reach the project."""


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a command in a project."""
    kept = {name: value for name, value in os.environ.items() if name not in INHERITED}
    # A version from Git tags differs from commit to commit.
    versions = {"POETRY_DYNAMIC_VERSIONING_BYPASS": "1.0.0", "SETUPTOOLS_SCM_PRETEND_VERSION": "1.0.0"}
    own = {"POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_VIRTUALENVS_CREATE": "true", "GIT_LFS_SKIP_SMUDGE": "1"}
    # A .python-version of the project can name a Python that this machine lacks.
    here = Path(sys.base_prefix)
    if here.parent.name == "versions":
        own["PYENV_VERSION"] = here.name
    return {**kept, **git_settings(), **versions, **own, "POETRY_NO_INTERACTION": "1", **variables}


def poetry(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Poetry in a folder, and return the finished process with its output."""
    return subprocess.run(
        [POETRY, *arguments],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
