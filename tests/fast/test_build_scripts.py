"""The scripts of the image's build, alone. tests/images/test_day_two.py runs them in builds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import write

SCRIPT = ".docker/packages.py"

INDEX = "--index-url https://packages.example.com/simple\n"
HASHED = 'toolz==1.0.0 ; python_version >= "3.11" \\\n    --hash=sha256:01 \\\n    --hash=sha256:02\n'
# A requirement with a hash may have words of the others in its marker.
EXTRA = 'colorama==0.4.6 ; platform_system == "Windows @ git+" \\\n    --hash=sha256:03\n'
FROM_GIT = 'remote @ git+https://github.com/example/remote.git@0123 ; python_version >= "3.11"\n'
WITH_EXTRA = "other[fast] @ git+ssh://git@gitlab.com/example/other.git@4567\n"
LOCAL = "shared @ file:///build/libs/shared\n-e file:///build/libs/edited\n"


def split(text: str, folder: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the script in a folder with requirements, and with programs of a path."""
    write({"requirements.txt": text.encode(), SCRIPT: working_tree().render({})[SCRIPT]}, folder)
    variables = os.environ if path is None else {**os.environ, "PATH": path}
    return subprocess.run(
        [sys.executable, SCRIPT, "split"], cwd=folder, env=variables, capture_output=True, text=True, check=False
    )


def test_requirements_are_split_by_how_pip_verifies_them(tmp_path: Path) -> None:
    result = split(f"{INDEX}\n{HASHED}{FROM_GIT}{EXTRA}-e {WITH_EXTRA}{LOCAL}", tmp_path)
    assert result.returncode == 0, result.stderr
    hashed, from_git = (tmp_path / name for name in ("requirements.txt", "git-requirements.txt"))
    assert hashed.read_text(encoding="utf-8").split() == f"{INDEX}{HASHED}{EXTRA}".split()
    assert from_git.read_text(encoding="utf-8").split() == f"{INDEX}{FROM_GIT}{WITH_EXTRA}".split()


@pytest.mark.parametrize("requirement", [FROM_GIT, f"-e {WITH_EXTRA}"])
def test_a_package_from_git_needs_git(requirement: str, tmp_path: Path) -> None:
    result = split(requirement, tmp_path, path=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr == "Add git to builder_packages: poetry.lock has packages from Git.\n"


def test_other_packages_do_not_need_git(tmp_path: Path) -> None:
    assert split(f"{HASHED}{LOCAL}", tmp_path, path=str(tmp_path)).returncode == 0
