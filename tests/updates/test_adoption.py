"""The command that adopts a project: its differences, refusals and interruptions.

tests/images and tests/nightly have projects of each shape that are adopted, checked, built, run and updated.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kit.commands import read, run, write
from tests.kit.rehearsal import replace
from tests.kit.shapes import PLAIN, existing
from tools.adopt import adoption, files, pyproject
from tools.adopt.adoption import BRANCH, FIRST, SECOND, adopt
from tools.adopt.command import main
from tools.adopt.project import RefusalError
from tools.clone import ANSWERS
from tools.repository import ROOT

HOSTILE = """[user]
    name = Ada
    email = ada@example.org
[core]
    autocrlf = true
    hooksPath = hooks
[color]
    ui = always
[commit]
    gpgSign = true
[diff]
    noprefix = true
    external = false
"""
"""Settings of a Git user that stop a command, or change the output or the line ends."""


def test_differences_are_told_and_leave_the_branch(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fault of each kind: a package leaves, a file changes, the wheel gets other metadata and files, a test comes."""
    project = existing(PLAIN.with_tables({"dependency-groups": 'dev = ["pytest>=8", "sortedcontainers"]\n'}), tmp_path)

    def lossy(*arguments: Any) -> Any:
        merged = pyproject.merge(*arguments)
        merged.text = merged.text.replace(', "sortedcontainers"', "").replace("Counts words", "Counts")
        return merged

    def careless(*arguments: Any) -> Any:
        planned = files.plan(*arguments)
        planned.added |= {"README.md": b"Theirs.\n", "tests/test_more.py": b"def test_more() -> None:\n    pass\n"}
        planned.added["src/tally/more.py"] = b""
        return planned

    monkeypatch.setattr(adoption, "merge", lossy)
    monkeypatch.setattr(adoption, "plan", careless)
    monkeypatch.setattr(sys, "argv", ["adopt", str(project), f"--template={template}"])
    with pytest.raises(SystemExit) as caught:
        main()
    message = str(caught.value.code)
    assert message.startswith("\nDo not merge the branch before you know why:\n")
    assert "lock: sortedcontainers 2.4.0 left the lock" in message
    assert "files: README.md changed" in message
    assert "wheel: has tally/more.py" in message
    assert "wheel: has other metadata: Summary" in message
    assert "tests: `pytest` collected 1 tests before, and 2 tests after" in message
    assert run("git", "log", "--format=%s", f"HEAD..{BRANCH}", cwd=project).splitlines() == [
        SECOND,
        FIRST,
    ]
    assert run("git", "status", "--porcelain", cwd=project) == ""
    assert "answer" in capsys.readouterr().out


def test_an_interrupted_adoption_changes_nothing(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = existing(PLAIN, tmp_path)
    before = run("sh", "-c", "git status --porcelain; git branch; git rev-parse HEAD", cwd=project)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(adoption, "render", interrupt)
    monkeypatch.setattr(sys, "argv", ["adopt", str(project), f"--template={template}"])
    with pytest.raises(SystemExit, match=r"^Interrupted\. Nothing was changed\.$"):
        main()
    assert run("sh", "-c", "git status --porcelain; git branch; git rev-parse HEAD", cwd=project) == before


@pytest.mark.parametrize("dry", [True, False])
def test_the_command_works_with_any_settings_of_git(dry: bool, template: Path, tmp_path: Path) -> None:
    project = existing(PLAIN, tmp_path)
    before = run("git", "status", "--porcelain", "--branch", cwd=project)
    write({".gitconfig": HOSTILE.encode(), "hooks/post-checkout": b"#!/bin/sh\nexit 1\n"}, tmp_path)
    (tmp_path / "hooks/post-checkout").chmod(0o755)
    replace(tmp_path / ".gitconfig", "hooks\n", f"{tmp_path}/hooks\n")
    options = f"{'--dry-run ' if dry else ''}--no-tests --data=docker=false --template={template}"
    command = ("make", "--assume-old=.venv/ready", "adopt", f"REPO={project}", f"ARGS={options}")
    output = run(*command, cwd=ROOT, env={**os.environ, "GIT_CONFIG_GLOBAL": str(tmp_path / ".gitconfig")})
    assert re.search(r"(?m)^docker +no +--data$", output)
    assert run("git", "status", "--porcelain", "--branch", cwd=project) == before
    assert run("git", "branch", "--list", BRANCH, cwd=project) == ("" if dry else f"  {BRANCH}\n")
    if dry:
        assert "\ndiff --git a/pyproject.toml b/pyproject.toml\n" in output
        assert '\n+    "mypy' in output
        assert output.endswith("Nothing was changed.\n")
    else:
        changes = run("git", "diff", "--numstat", "start", BRANCH, "--", "pyproject.toml", cwd=project)
        assert changes.split()[1] == "0"


def test_another_template_keeps_its_answers(template: Path, tmp_path: Path) -> None:
    """The command names the option, with which the branch has a second answers file."""
    other = b"_commit: v1.0\n_src_path: gh:acme/docs\nlicense: CC0-1.0\n"
    project = write({ANSWERS: other}, existing(PLAIN, tmp_path))
    run("sh", "-c", "git add --all && git commit --quiet --message=Other", cwd=project)
    command = [sys.executable, "-m", "tools.adopt.command", "--no-tests", "--data=docker=false", str(project)]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith("Pass --answers-file (.copier-answers.poetry.yml), ")
    assert refused.stderr.endswith(f'{ANSWERS} is of "gh:acme/docs".\nNothing was changed.\n')
    name = ".copier-answers.poetry.yml"
    run(*command, f"--answers-file={name}", f"--template={template}", cwd=ROOT)
    run("git", "checkout", "--quiet", BRANCH, cwd=project)
    files = read(project)
    assert files[ANSWERS] == other
    assert f"_src_path: {template}\n".encode() in files[name]
    assert f'ANSWERS = "{name}"' in files[".tools/template.py"].decode()
    assert 'cmd = "python .tools/template.py update"' in files["pyproject.toml"].decode()
    assert f"`{name}`" in files["AGENTS.md"].decode()


def test_poetry_refuses_before_anything_is_touched(tmp_path: Path) -> None:
    project = existing(PLAIN, tmp_path)

    def refusal(script: str) -> str:
        run("sh", "-c", f"{script} && git add --all && git commit --quiet --allow-empty --message=Edit", cwd=project)
        with pytest.raises(RefusalError) as caught:
            adopt(project, tests=False)
        assert run("git", "branch", "--list", BRANCH, cwd=project) in ("", f"  {BRANCH}\n")
        return str(caught.value)

    assert refusal("sed -i 's/pytest>=8/pytest>=9/' pyproject.toml").startswith(
        "Run `poetry lock` with Poetry 2.4 or newer "
    )
    assert refusal("git checkout -q start && sed -i '/^version/a classifiers = [\"None\"]' pyproject.toml").startswith(
        "Correct pyproject.toml first, as `poetry check` refuses it: "
    )
    assert refusal(f"git checkout -q start && git branch {BRANCH}").startswith(
        f"Delete or rename the branch {BRANCH} first"
    )
