"""The pinned tools install on every Python and platform of CI and of the image."""

from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import run, write
from tests.kit.pythons import HERE, interpreters, pythons
from tools.lock.tool_store import UV, tool_names

PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28")
"""The platforms of CI and of the image."""


@pytest.mark.cases("name", tool_names)
def test_a_tool_installs_from_wheels_on_every_python(name: str, tmp_path: Path) -> None:
    files = working_tree().render({"repository_host": "gitlab", "dependency_updates": "none"})
    compiled = write({"tool.txt": files[f".tools/{name}.txt"]}, tmp_path) / "tool.txt"
    options = ("--dry-run", "--require-hashes", "--only-binary=:all:", f"--target={tmp_path}/target")
    for version in pythons():
        for platform in PLATFORMS:
            place = (f"--python-version={version}", f"--python-platform={platform}")
            run(UV, "pip", "install", *options, *place, "--requirement", compiled)


def test_all_tools_agree_in_one_environment(tmp_path: Path) -> None:
    """The job that proposes the next release of the template has Poetry and Copier in one."""
    files = working_tree().render({"repository_host": "gitlab", "dependency_updates": "none"})
    folder = write(files, tmp_path / "project")
    run(interpreters()[HERE], "-m", "venv", tmp_path / "tools")
    for name in tool_names():
        options = ("--require-hashes", "--only-binary=:all:", f"--requirement=.tools/{name}.txt")
        run(tmp_path / "tools/bin/pip", "install", "--no-input", *options, cwd=folder)
    run(tmp_path / "tools/bin/pip", "check")
