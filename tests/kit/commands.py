"""Commands that tests run, and the files of the projects that they run them in."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.render.template import Files
from tools.repository import ROOT

POETRY = ROOT / ".poetry/bin/poetry"
COPIER = ROOT / ".venv/bin/copier"

OFFLINE = ("unshare", "--net", "--map-root-user")
"""Runs a command in a network namespace without interfaces."""

UNPRIVILEGED = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.getuid() == 0 else ()
"""Makes root respect the permissions of files."""

ENVIRONMENT = {**os.environ, "PATH": f"{POETRY.parent}:{COPIER.parent}:{os.environ['PATH']}"}
"""The environment of a user who has Poetry and Copier."""


def run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None, **options: Any) -> str:
    """Run a command and return its output; fail with the output if the command fails."""
    result: subprocess.CompletedProcess[str] = subprocess.run(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options
    )
    assert result.returncode == 0, f"{' '.join(map(str, command))} failed:\n{result.stdout}"
    return result.stdout


def write(files: Files, folder: Path) -> Path:
    """Write files into a folder and return the folder."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def committed(files: Files, folder: Path) -> Path:
    """Write files into a new Git repository `project` below a folder, commit them, and return the repository."""
    project = write(files, folder / "project")
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=Start", cwd=project)
    return project


def read(folder: Path) -> Files:
    """Return the files of a folder, except those of Git."""
    files = (file for file in folder.rglob("*") if file.is_file() and ".git" not in file.relative_to(folder).parts)
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}
