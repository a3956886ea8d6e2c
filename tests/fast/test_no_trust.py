"""Nothing runs on the user's machine: the real command, without --trust, without network and without Poetry."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import COPIER, OFFLINE, POETRY, read, run
from tests.kit.rendered_files import without_source
from tools.repository import ROOT

MAKE = ("make", "--silent", "--old-file=.venv/ready")
"""The environment in which the tests run is never made again below their feet."""


def test_copier_finds_nothing_to_trust() -> None:
    """Not even once: updating from a release that had a task would ask for trust for ever."""
    config = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    assert not {"_tasks", "_jinja_extensions"} & set(config)
    # What is read is in the repository itself; outside it, Copier would ask for trust.
    assert config["_external_data"] == {"recorded": "{{ _copier_conf.answers_file }}"}
    assert all("version" in migration for migration in config.get("_migrations", []))


@pytest.fixture
def without_poetry(tmp_path: Path) -> dict[str, str]:
    """Give an environment in which there is no Poetry, as on most machines."""
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
    copy = ("copy", "--defaults", f"--data=project_type={kind}", str(copier_template), str(tmp_path / "new"))
    output = run(*OFFLINE, COPIER, *copy, env=without_poetry)
    assert "  poetry install\n" in output
    assert without_source(read(tmp_path / "new")) == without_source(working_tree().render({"project_type": kind}))
    run(POETRY, "check", "--lock", "--strict", cwd=tmp_path / "new")


def test_make_new_calls_copier(tmp_path: Path) -> None:
    """The README's first command, in the repository as it is."""
    run(*MAKE, "new", f"DEST={tmp_path}/new", "ARGS=--data project_name=fresh", cwd=ROOT)
    answers = yaml.safe_load((tmp_path / "new/.copier-answers.yml").read_text(encoding="utf-8"))
    assert answers["project_name"] == "fresh"
    assert answers["_src_path"] == str(ROOT)


def test_make_new_asks_where(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="Say where: make new DEST="):
        run(*MAKE, "new", cwd=ROOT)


def test_an_existing_file_is_not_overwritten_unasked(copier_template: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Mine.\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        run(COPIER, "copy", "--defaults", copier_template, tmp_path, stdin=-3)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == "Mine.\n"
