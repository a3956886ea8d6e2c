"""Attacks on the jobs of a generated repository, and the template as it was when they worked."""

import sys
from functools import cache
from pathlib import Path

from tests.kit.ci_runner import temporary_folder
from tests.kit.commands import run, write
from tests.kit.private_index import wheel
from tests.kit.rehearsal import extract
from tools.render.template import Files, Template

BEFORE = "a7e85624f3a696e0fecbd455a80e21bb01448738"
"""The last commit of the template whose jobs ran code of the project beside a token, and released any tag."""

THEFT = """import os, pathlib
with open(os.environ["LOOT"], "a") as loot:
    loot.write(f"ran with {os.environ.get('TEMPLATE_TOKEN')}\\n")
hook = pathlib.Path(".git/hooks/pre-push")
if hook.parent.is_dir():
    hook.write_text('#!/bin/sh\\necho "pushed with $GH_TOKEN$TEMPLATE_TOKEN" >> "$LOOT"\\n')
    hook.chmod(0o755)
"""
"""A module that logs the token if it can, and leaves a hook `pre-push`."""


@cache
def earlier_source() -> Path:
    """Return a folder with the earlier template."""
    return extract(BEFORE, temporary_folder())


@cache
def earlier_template() -> Template:
    """Return the earlier template."""
    return Template(earlier_source())


def infected(folder: Path) -> Path:
    """Return the interpreter of a virtual environment with a wheel that runs a module at each start of Python.

    Any package can ship a file of the suffix .pth, whose lines Python executes.
    """
    files = {"theft.py": THEFT, "theft.pth": "import theft\n"}
    write({"theft-1.0-py3-none-any.whl": wheel("theft", "1.0", files)}, folder)
    interpreter = folder / "venv/bin/python"
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    pip = ("-m", "pip", f"--python={interpreter}", "install", "--quiet", "--no-index", "--no-deps", "--no-compile")
    run(sys.executable, *pip, folder / "theft-1.0-py3-none-any.whl")
    return interpreter


def hosted(files: Files, folder: Path, branch: str = "main") -> Path:
    """Return a bare repository whose default branch has some files.

    The tags `v0.1.0` and `v0.1` are a commit of that branch. `v0.1.1` is a commit of the branch `other`. `v0.1.2` is a
    commit of the default branch, on which a test fails. `v0.1.3rc1` is a pre-release on the default branch.
    """
    project = write(files, folder / "start")

    def git(*arguments: str) -> None:
        run("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments, cwd=project)

    def commit(version: str) -> None:
        text = (project / "pyproject.toml").read_text(encoding="utf-8")
        changed = text.replace('\nversion = "0.1.0"\n', f'\nversion = "{version}"\n')
        (project / "pyproject.toml").write_text(changed, encoding="utf-8")
        git("add", "--all")
        git("commit", "--quiet", f"--message=Release {version}")
        git("tag", f"v{version}")
        (project / "pyproject.toml").write_text(text, encoding="utf-8")

    test = project / "tests/test_release.py"
    test.write_text("assert True\n", encoding="utf-8")
    git("init", "--quiet", f"--initial-branch={branch}")
    commit("0.1.0")
    git("tag", "v0.1")
    git("switch", "--quiet", "--create=other")
    commit("0.1.1")
    git("switch", "--quiet", "--force", branch)
    test.write_text("assert False\n", encoding="utf-8")
    commit("0.1.2")
    test.write_text("assert True\n", encoding="utf-8")
    commit("0.1.3rc1")
    run("git", "clone", "--quiet", "--bare", project, folder / "remote.git")
    return folder / "remote.git"


TESTS = f"{sys.executable} tests/test_release.py"
"""The command that runs the test of such a repository."""
