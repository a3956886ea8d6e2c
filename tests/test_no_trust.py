"""Nothing runs on the user's machine: the real command, without --trust, without network and without Poetry."""

import shutil
import sys
from pathlib import Path

import pytest
import yaml

from extensions.template import ROOT
from tests.support import COPIER, KINDS, POETRY, TEMPLATE, read, run
from tests.test_render import without_source

# The environment in which the tests run is never made again below their feet.
MAKE = ("make", "--silent", "--old-file=.venv/ready")
WITHOUT_POETRY = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}


def test_copier_finds_nothing_to_trust() -> None:
    """Not even once: updating from a release that had a task would ask for trust for ever."""
    config = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    assert not {"_tasks", "_jinja_extensions", "_external_data"} & set(config)
    assert all("version" in migration for migration in config.get("_migrations", []))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces need Linux: run the tests there")
def test_a_copy_needs_no_trust_no_network_and_no_poetry(kind: str, copier_template: Path, tmp_path: Path) -> None:
    assert shutil.which("poetry", path=WITHOUT_POETRY["PATH"]) is None
    offline = ["unshare", "--net", "--map-root-user"]
    interfaces = run(*offline, "cat", "/proc/net/dev").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    run(
        *offline,
        COPIER,
        "copy",
        "--defaults",
        f"--data=project_type={kind}",
        copier_template,
        tmp_path / "new",
        env=WITHOUT_POETRY,
    )
    assert without_source(read(tmp_path / "new")) == without_source(TEMPLATE.render({"project_type": kind}))
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
