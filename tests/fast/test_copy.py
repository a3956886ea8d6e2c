"""A copy that cannot or should not go on: existing files stay, and no half-made files are left."""

import os
import pty
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import COPIER, UNPRIVILEGED, read, run, write
from tests.kit.docker import wait_until
from tests.kit.rendered_files import without_source
from tools.render.template import copy_parts
from tools.repository import ROOT


def copy(target: Path, *options: str | Path, prefix: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run `copier copy` without a terminal."""
    command = [*prefix, COPIER, "copy", *options, working_tree().folder, target]
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment
    )


def test_existing_files_are_overwritten_only_with_the_option(tmp_path: Path) -> None:
    mine = {"README.md": b"mine\n", "src/myproject/cli.py": b"# mine\n", "notes.txt": b"mine\n"}
    write(mine, tmp_path)
    result = copy(tmp_path, "--defaults")
    assert result.returncode != 0
    assert result.stderr.endswith("Interactive session required: Consider using `--overwrite`\n")
    files = read(tmp_path)
    assert {path: files[path] for path in mine} == mine
    assert copy(tmp_path, "--defaults", "--overwrite").returncode == 0
    files = read(tmp_path)
    assert files.pop("notes.txt") == b"mine\n"
    assert without_source(files) == without_source(working_tree().render({}))


def test_an_interrupt_at_a_question_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "new"
    terminal, other_end = pty.openpty()
    command: list[str | Path] = [COPIER, "copy", working_tree().folder, target]
    with subprocess.Popen(command, stdin=other_end, stdout=other_end, stderr=other_end) as process:
        said = b""
        while b"What are you starting?" not in said:
            said += os.read(terminal, 1000)
        os.write(terminal, b"\x03")
        assert process.wait(20) != 0
    assert not target.exists()


def test_the_same_command_completes_an_interrupted_copy(tmp_path: Path) -> None:
    """Copier leaves the files that it has written so far, and says that it was stopped."""
    slow, target = tmp_path / "slow", tmp_path / "new"
    slow.mkdir()
    copy_parts(ROOT, slow)
    loop = b"{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    write({"template/src/{{ package_name }}/slow.jinja": loop}, slow)
    command: list[str | Path] = [COPIER, "copy", "--defaults", slow, target]
    # A shell's background jobs ignore this signal, and pass that on to their children.
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heeding,  # noqa: PLW1509
    ) as process:
        assert wait_until(30, (target / "src").exists)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        try:
            assert "Execution stopped by user" in process.communicate(timeout=20)[1]
        finally:
            process.kill()
    assert process.returncode != 0
    assert copy(target, "--defaults", "--overwrite").returncode == 0
    assert not list(target.rglob("slow"))
    assert without_source(read(target)) == without_source(working_tree().render({}))


def test_the_message_names_a_folder_without_write_access(tmp_path: Path) -> None:
    target = tmp_path / "closed/new"
    target.parent.mkdir(mode=0o555)
    result = copy(target, "--defaults", prefix=UNPRIVILEGED)
    assert result.returncode != 0
    assert result.stderr.splitlines()[-1].startswith("PermissionError: ")
    assert str(target.parent) in result.stderr.splitlines()[-1]
    assert not target.exists()


@pytest.mark.parametrize("key", ["projet_name", "distribution_name", "python_versions"])
def test_an_unknown_key_is_an_error(key: str) -> None:
    """Copier would ignore it. The last two keys are computed, not asked."""
    with pytest.raises(ValueError, match=f"Correct the key {key}: the README of this template lists the questions"):
        working_tree().render({"project_name": "x", key: "y z"})


def test_an_unknown_key_in_a_data_file_leaves_nothing_behind(tmp_path: Path) -> None:
    answers = write({"answers.yml": b"project_name: x\nprojet_name: 'y z'\n"}, tmp_path) / "answers.yml"
    result = copy(tmp_path / "new", "--defaults", "--data-file", answers)
    assert result.returncode != 0
    assert "Correct the key projet_name: " in result.stderr.splitlines()[-1]
    assert not (tmp_path / "new").exists()


def test_an_answer_to_a_question_that_is_not_asked_is_ignored() -> None:
    """One answers file can serve several types of projects."""
    service = {"project_type": "service"}
    assert working_tree().render({**service, "command_name": "x"}) == working_tree().render(service)


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_every_script_quotes_the_name_of_the_answers_file(host: str, tmp_path: Path) -> None:
    name, project = "my $HOME's answers.yml", tmp_path / "project"
    options = [f"--data=repository_host={host}", "--data=dependency_updates=none", f"--answers-file={name}"]
    assert copy(project, "--defaults", *options).returncode == 0
    write({name: b"_commit: v1.2.3\n"}, project)
    files = {path: content.decode() for path, content in read(project).items()}
    lines = [
        (path, line.strip()) for path, text in files.items() for line in text.splitlines() if "answers.yml" in line
    ]
    assert {path for path, _ in lines} >= {"README.md", ".tools/template.py"}
    released = next(line for _, line in lines if line.startswith("release="))
    assert run("bash", "-euc", f'{released}; echo "$release"', cwd=project) == "v1.2.3\n"
    scripts = [line for _, line in lines if line.startswith(("copier ", "if copier "))]
    assert [line.split(" --")[0] for line in scripts] == ["if copier check-update"]
    for line in scripts:
        assert f"--answers-file={name}" in shlex.split(line)
