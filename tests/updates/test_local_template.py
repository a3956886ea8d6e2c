"""Repositories that were made from a clone of the template on this machine, and then are updated on another one."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.kit.commands import COPIER, ENVIRONMENT, run, write
from tests.kit.pipeline import Pipeline
from tests.kit.rehearsal import AFTER, NEXT, generated, release, small_template, tagged, update
from tests.kit.update_jobs import HOSTS, UPDATE_FILE, Remote, without_installing
from tools.adopt.adoption import render
from tools.adopt.answers import Answer
from tools.docs.markdown import code_blocks, section
from tools.published import published_address
from tools.repository import ROOT

REMEDY = "Write the template's address into _src_path of .copier-answers.yml: this machine has no "

ADDRESS = "https://github.com/octo-org/copier-poetry-docker.git"
"""The address of the template in the documentation."""

ANSWERS = {"dependency_updates": "none", "docker": False}


def source(project: Path) -> str:
    """Return the recorded address of the template."""
    return str(yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))["_src_path"])


@pytest.mark.parametrize("host", HOSTS)
def test_the_jobs_say_what_to_do(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence. Then they propose the next release."""
    template = small_template(tmp_path / "template")
    files = generated(template, "v0.1.0", {**ANSWERS, "repository_host": host}, tmp_path / "old")
    # A conflict, after which the job checks nothing.
    files[".pre-commit-config.yaml"] += b"\n# Ours.\n"
    remote = Remote(host, files, tmp_path, monkeypatch)
    remote.push()
    moved = tmp_path / "elsewhere.git"
    template.rename(moved)

    def jobs() -> Pipeline:
        shutil.rmtree(tmp_path / "pipeline", ignore_errors=True)
        pipeline = Pipeline(host, remote.bare, remote.branch, tmp_path / "pipeline", without_installing)
        pipeline.secrets = {"TEMPLATE_TOKEN": "secret"}
        pipeline.variables = {"CI_PROJECT_URL": f"file://{tmp_path}/remote"}
        return pipeline.run("schedule", UPDATE_FILE[host], "drift", "update", "propose")

    failed = jobs()
    assert [result for name, result in failed.results.items() if name.endswith(" update")] == ["failure"]
    [message] = [message for message in failed.used if message.startswith("update failed:")]
    assert f"{REMEDY}{template}." in message
    assert "Traceback" not in message
    assert remote.branches() == {remote.branch}
    for command in ("drift", "update"):
        script = [sys.executable, ".tools/template.py", command]
        result = subprocess.run(
            script, cwd=remote.project, env=ENVIRONMENT, capture_output=True, text=True, check=False
        )
        assert (result.returncode, result.stderr) == (1, f"{REMEDY}{template}.\nNothing is changed.\n")
    text = (ROOT / "docs/updates.md").read_text(encoding="utf-8")
    remedy = code_blocks(section(text, "A template in a folder"))[0]
    run("bash", "-euc", remedy.replace(ADDRESS, f"file://{moved}"), cwd=remote.project)
    remote.push()
    jobs()
    assert "template-update/v0.2.0" in remote.branches()


@pytest.mark.parametrize(
    ("address", "is_told"),
    [
        ("{template}", True),
        ("../template", True),
        ("git@github.com:octo-org/template.git", False),
        ("https://github.com/octo-org/template.git", False),
        ("gh:octo-org/template", False),
    ],
)
def test_the_last_message_names_the_folder(address: str, is_told: bool, tmp_path: Path) -> None:
    """Unless an address is recorded in its place."""
    template = small_template(tmp_path / "template")
    (tmp_path / "here").mkdir()
    is_folder = "template" in address and ":" not in address
    given = () if is_folder else (f"--data=_src_path={address}",)
    place = address.format(template=template) if is_folder else str(template)
    output = run(COPIER, "copy", "--defaults", *given, place, "../new", cwd=tmp_path / "here")
    sentence = "Other machines cannot update it: write the template's address into `_src_path` of .copier-answers.yml"
    assert (sentence in output) == is_told
    recorded = source(tmp_path / "new")
    expected = "https://github.com/octo-org/template.git" if address.startswith("gh:") else address
    assert recorded == (place if is_folder else expected)
    assert not is_told or f"in place of {recorded}." in output


def test_an_update_keeps_the_recorded_address(template: Path, tmp_path: Path) -> None:
    """The user's option is for the copy alone."""
    clone = shutil.copytree(template, tmp_path / "clone.git")
    data = f"--data=_src_path=file://{clone}"
    run(COPIER, "copy", "--quiet", "--defaults", data, f"--vcs-ref={NEXT}", template, tmp_path / "new")
    project = tmp_path / "new"
    assert source(project) == f"file://{clone}"
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=Start", cwd=project)
    release(clone, AFTER, ROOT)
    assert update(project, AFTER).returncode == 0
    assert source(project) == f"file://{clone}"
    assert f"_commit: {AFTER}\n" in (project / ".copier-answers.yml").read_text(encoding="utf-8")


def test_make_new_records_the_address_of_a_published_commit(tmp_path: Path) -> None:
    """Without credentials. A commit that the remote lacks, and changes that are in none, need this folder."""
    run("git", "init", "--quiet", "--bare", "--initial-branch=main", tmp_path / "remote.git")
    clone = write({"file": b""}, tmp_path / "clone")
    run("git", "init", "--quiet", "--initial-branch=main", cwd=clone)
    assert published_address(clone) is None
    run("git", "add", "--all", cwd=clone)
    tagged(clone, "v0.1.0")
    run("git", "remote", "add", "origin", tmp_path / "remote.git", cwd=clone)
    run("git", "push", "--quiet", "origin", "main", cwd=clone)
    # Other machines lack that remote.
    assert published_address(clone) is None
    for address, recorded in (
        ("https://ada:secret@example.com/octo-org/template.git", "https://example.com/octo-org/template.git"),
        ("https://example.com/octo-org/template.git", "https://example.com/octo-org/template.git"),
        ("git@example.com:octo-org/template.git", "git@example.com:octo-org/template.git"),
    ):
        run("git", "remote", "set-url", "origin", address, cwd=clone)
        assert published_address(clone) == recorded
    (clone / "file").write_text("changed\n", encoding="utf-8")
    assert published_address(clone) is None
    run("git", "commit", "--quiet", "--all", "--message=More", cwd=clone)
    assert published_address(clone) is None


def test_adoption_records_that_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the clone from which it copies, and not of another address."""
    address = "https://example.com/octo-org/template.git"
    monkeypatch.setattr("tools.adopt.adoption.published_address", lambda: address)
    kind = {"project_type": Answer("environment", "the project")}
    template = small_template(tmp_path / "template")
    for number, (place, recorded) in enumerate(((str(ROOT), address), (str(template), str(template)))):
        files = render(kind, place, "HEAD", tmp_path / str(number))
        assert f"_src_path: {recorded}\n" in files[".copier-answers.yml"].decode()


def test_the_command_of_make_new_has_that_address() -> None:
    [recipe] = re.findall(r"(?m)^\t.*copier copy .*$", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert "$$(.venv/bin/python -m tools.published)" in recipe
