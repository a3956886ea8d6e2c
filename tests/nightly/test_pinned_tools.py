"""The pinned tools: a newer package changes no wheel, and they install on every Python and platform of CI."""

import os
import re
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import run, write
from tests.kit.day_two import serve_files
from tests.kit.private_index import newer_package
from tests.kit.pythons import HERE, interpreters, pythons
from tests.kit.rehearsal import NEXT, generated
from tools.lock.tool_store import UV, tool_names

PLATFORMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28")
"""The platforms of CI and of the image."""


@pytest.mark.parametrize("tag", ["v0.2.0", NEXT])
def test_a_newer_package_of_poetry_changes_no_wheel(tag: str, template: Path, tmp_path: Path) -> None:
    """By the steps of the release. In v0.2.0, it changed the source that the wheel then packed."""
    files = generated(template, tag, {"python_version": HERE}, tmp_path / "project")
    write(newer_package(), tmp_path / "index")
    run(sys.executable, "-m", "venv", tmp_path / "tools")
    steps = re.findall(r"(?m)(pip install .*poetry.*|poetry build)$", files[".github/workflows/release.yml"].decode())
    assert len(steps) == 2
    with serve_files(tmp_path / "index") as address:
        environment = {
            **os.environ,
            "PATH": f"{tmp_path}/tools/bin:{os.environ['PATH']}",
            "PIP_EXTRA_INDEX_URL": f"{address}/simple",
        }
        for step in steps:
            run("bash", "-ec", step, cwd=tmp_path / "project", env=environment)
    [built] = (tmp_path / "project/dist").glob("*.whl")
    with ZipFile(built) as archive:
        changed = archive.read("myproject/__init__.py") != files["src/myproject/__init__.py"]
    assert changed == (tag != NEXT)


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
