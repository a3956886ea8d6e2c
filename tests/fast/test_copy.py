"""Where a copy cannot or should not go on: what is there stays, and nothing half made is left."""

import os
import pty
import signal
import subprocess
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import COPIER, read, write
from tests.kit.docker import wait_until
from tests.kit.rendered_files import without_source
from tools.render.template import copy_parts
from tools.repository import ROOT

WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""Makes root heed what a folder allows."""


def copy(target: Path, *options: str | Path, prefix: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run `copier copy` where nobody can be asked."""
    command = [*prefix, COPIER, "copy", *options, working_tree().folder, target]
    environment = {**os.environ, "NO_COLOR": "1"}
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment
    )


def test_files_that_are_there_are_not_overwritten_unasked(tmp_path: Path) -> None:
    mine = {"README.md": b"mine\n", "src/myproject/cli.py": b"# mine\n", "notes.txt": b"mine\n"}
    write(mine, tmp_path)
    result = copy(tmp_path, "--defaults")
    assert result.returncode != 0
    assert result.stderr.endswith("Interactive session required: Consider using `--overwrite`\n")
    files = read(tmp_path)
    assert {path: files[path] for path in mine} == mine


def test_files_that_are_there_are_overwritten_when_that_is_asked_for(tmp_path: Path) -> None:
    write({"README.md": b"mine\n", "notes.txt": b"mine\n"}, tmp_path)
    assert copy(tmp_path, "--defaults", "--overwrite").returncode == 0
    files = read(tmp_path)
    assert files["README.md"].startswith(b"# myproject\n")
    assert files["notes.txt"] == b"mine\n"


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


def test_what_an_interrupt_cut_short_is_completed_by_the_same_command(tmp_path: Path) -> None:
    """Copier itself leaves there what it has written by then, and says that it was stopped."""
    slow, target = tmp_path / "slow", tmp_path / "new"
    slow.mkdir()
    copy_parts(ROOT, slow)
    loop = b"{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
    write({"template/src/{{ package_name }}/slow.jinja": loop}, slow)
    command: list[str | Path] = [COPIER, "copy", "--defaults", slow, target]
    # A job in the background of a shell has this signal ignored, and so have all that it starts.
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


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    target = tmp_path / "closed/new"
    target.parent.mkdir(mode=0o555)
    result = copy(target, "--defaults", prefix=WITHOUT_PRIVILEGES if os.getuid() == 0 else ())
    assert result.returncode != 0
    assert result.stderr.splitlines()[-1].startswith("PermissionError: ")
    assert str(target.parent) in result.stderr.splitlines()[-1]
    assert not target.exists()


@pytest.mark.parametrize("key", ["projet_name", "distribution_name", "python_versions"])
def test_an_answer_to_no_question_is_named(key: str, tmp_path: Path) -> None:
    """It would be passed over; the last two are computed, and not asked."""
    answers = write({"answers.yml": f"project_name: x\n{key}: 'y z'\n".encode()}, tmp_path) / "answers.yml"
    result = copy(tmp_path / "new", "--defaults", "--data-file", answers)
    assert result.returncode != 0
    assert result.stderr.splitlines()[-1].endswith(
        f"{key} is no question of this template: see the table of questions in its README."
    )
    assert not (tmp_path / "new").exists()


def test_answers_that_are_not_asked_for_are_no_error(tmp_path: Path) -> None:
    """One file of answers can serve several kinds of projects."""
    assert copy(tmp_path / "new", "--defaults", "--data=project_type=service", "--data=command_name=x").returncode == 0
