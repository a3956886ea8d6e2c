"""Nothing runs on the user's machine: the real command without --trust, network and Poetry."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.kit.answers import HOSTILE, KINDS, working_tree
from tests.kit.commands import COPIER, OFFLINE, read, run
from tests.kit.rendered_files import without_source
from tools.published import published_address
from tools.repository import ROOT

MAKE = ("make", "--silent", "--old-file=.venv/ready")
"""Make must not rebuild the environment in which the tests run."""


def test_copier_finds_nothing_to_trust() -> None:
    """In no release ever: each update from a release with a task would need trust."""
    config = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    assert not {"_tasks", "_jinja_extensions"} & set(config)
    # Copier needs no trust for a file inside the repository.
    assert config["_external_data"] == {"recorded": "{{ _copier_conf.answers_file }}"}
    assert all("version" in migration for migration in config.get("_migrations", []))


@pytest.fixture
def without_poetry(tmp_path: Path) -> dict[str, str]:
    """Give an environment without Poetry, as on most machines."""
    if shutil.which("unshare") is None or subprocess.run([*OFFLINE, "true"], check=False).returncode:
        pytest.skip("network namespaces are not allowed here: run the tests on Linux, outside a container, or as root")
    programs = tmp_path / "programs"
    programs.mkdir()
    for program in Path("/usr/bin").iterdir():
        if not program.name.startswith("poetry"):
            (programs / program.name).symlink_to(program)
    return {"PATH": str(programs), "HOME": str(tmp_path), "LANG": "C.UTF-8"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_needs_no_trust_no_network_and_no_poetry(
    kind: str, copier_template: Path, tmp_path: Path, without_poetry: dict[str, str]
) -> None:
    interfaces = run(*OFFLINE, "cat", "/proc/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    answers = {"project_type": kind, "project_description": HOSTILE, "license": "BSD-3-Clause"}
    data = [f"--data={key}={value}" for key, value in answers.items()]
    output = run(*OFFLINE, COPIER, "copy", "--defaults", *data, copier_template, tmp_path / "new", env=without_poetry)
    assert "  poetry install\n" in output
    assert without_source(read(tmp_path / "new")) == without_source(working_tree().render(answers))
    assert not [path for path in tmp_path.joinpath("new").rglob("*") if path.is_symlink()]


def test_make_new_calls_copier(tmp_path: Path) -> None:
    """The README's first command, in the repository as it is."""
    run(*MAKE, "new", f"DEST={tmp_path}/new", "ARGS=--data project_name=fresh", cwd=ROOT)
    answers = yaml.safe_load((tmp_path / "new/.copier-answers.yml").read_text(encoding="utf-8"))
    assert answers["project_name"] == "fresh"
    assert answers["_src_path"] == (published_address() or str(ROOT))


def test_make_new_asks_where(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="Name a folder: make new DEST="):
        run(*MAKE, "new", cwd=ROOT)
