"""The fleet report on clones whose authors want to stop it, to read other files by it, or to run a program."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.kit.commands import UNPRIVILEGED, run, write
from tests.kit.hostile_clones import DENIED, HOSTILE, LINKED, PROGRAMS, slow
from tests.kit.rehearsal import NEXT, generated, with_program
from tools.clone import ANSWERS
from tools.fleet import standing
from tools.fleet.command import repositories, standings
from tools.render.template import Files

MEMORY = 2 * 2**30
"""The address space of each process of the report, in bytes."""


@pytest.fixture(scope="module")
def files(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Give the files of a generated repository."""
    return generated(template, NEXT, {}, tmp_path_factory.mktemp("generated") / "new")


@contextmanager
def endless() -> Iterator[int]:
    """Give the end of a pipe from which nothing ever comes."""
    reader, writer = os.pipe()
    try:
        yield reader
    finally:
        os.close(reader)
        os.close(writer)


def report(repository: Path, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run the report as a user with limited time and memory, at a terminal at which nobody types."""
    command = [*UNPRIVILEGED, sys.executable, "-m", "tools.fleet.command"]
    with endless() as stdin:
        return subprocess.run(
            [*command, *arguments],
            cwd=repository,
            env={**os.environ, **variables},
            stdin=stdin,
            capture_output=True,
            timeout=200,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )


def test_a_hostile_clone_is_one_sentence(template: Path, files: Files, tmp_path: Path) -> None:
    """The others are reported, no program of a clone runs, and devices cause neither a hang nor a need of memory."""
    clones = {name: tmp_path / "clones" / name.replace("/", " ") for name in ("", *HOSTILE, "~")}
    clones[""] = tmp_path / "clones/!"
    for name, clone in clones.items():
        write(files, clone)
        if name in HOSTILE:
            HOSTILE[name][0](clone)
    result = report(with_program(template, tmp_path), "--json", tmp_path / "clones")
    (clones["a clone without permission"]).chmod(0o755)
    assert result.returncode == 0, result.stderr.decode()
    found = {one["path"]: one for one in json.loads(result.stdout)["repositories"]}
    assert set(found) == set(map(str, clones.values()))
    for name, (_, problem) in HOSTILE.items():
        one = found[str(clones[name])]
        told = one["problem"] or ""
        assert told.startswith(problem), name
        assert bool(told) == bool(problem), (name, told)
        assert len(told.splitlines()) <= 1
        assert problem != DENIED or told.endswith(" is unreadable: Permission denied.")
    for name in ("", "~", PROGRAMS):
        assert found[str(clones[name])]["drift"] == {}, name
    assert found[str(clones["files linked to devices"])]["drift"] == dict.fromkeys(LINKED, "changed")
    assert not (clones[PROGRAMS] / ".git/ran").exists()
    run("sh", "-c", "git status || true", cwd=clones[PROGRAMS])
    assert (clones[PROGRAMS] / ".git/ran").exists()


def test_control_characters_are_escaped(template: Path, tmp_path: Path) -> None:
    """Also those of other encodings and those that change the order of text, in names and in contents."""
    evil = "\x1b]0;x\x07\r\n\x9b2J\u202e\u2028\x7f|`"
    content = f"project_type: package\n_commit: v1\n_src_path: {json.dumps(evil)}\n".encode()
    write({ANSWERS: content, f".copier-answers.{evil}.yml": content}, tmp_path / "clones" / evil)
    write({ANSWERS: content}, Path(os.fsdecode(os.fsencode(tmp_path) + b"/clones/\xff\xc3")))
    repository = with_program(template, tmp_path)
    for options in ([], ["--json"]):
        for encoding in ("utf-8", "ascii", "latin-1"):
            result = report(repository, *options, tmp_path / "clones", PYTHONIOENCODING=encoding)
            assert result.returncode == 0, result.stderr.decode()
            text = result.stdout.decode(encoding)
            assert all(one.isprintable() for one in text.replace("\n", ""))
            assert text.count("Run `git fetch --tags`: v1 is unknown here.") == 3
    result = report(repository, tmp_path / "clones" / f"{evil}x")
    assert result.returncode == 2
    assert all(one.isprintable() for one in result.stderr.decode().replace("\n", ""))


def test_a_list_can_have_any_bytes(template: Path, files: Files, tmp_path: Path) -> None:
    lines = [b"a\0b", b"\xff", b"..", b"/dev/zero", os.fsencode(write(files, tmp_path / "other"))]
    write({"list": b"\n".join(lines)}, tmp_path)
    *broken, other = standings(repositories([tmp_path / "list"]), template, processes=1)
    assert all(one.problem for one in broken)
    assert other.drift == {}


def test_a_slow_clone_does_not_delay_the_others(
    template: Path, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "SECONDS", 4)
    slow(write(files, tmp_path / "slow"))
    write(files, tmp_path / "other")
    first, second = standings([tmp_path / "slow", tmp_path / "other"], template, processes=1)
    assert first.problem == "It takes more than 4 seconds."
    assert second.drift == {}


class Slow:
    """An object that takes longer to be freed than a step of a repository may."""

    def __del__(self) -> None:
        """Wait for the end of the time."""
        time.sleep(2)


def catch() -> None:
    """Catch the error that ends the time, as a library could."""
    with suppress(Exception):
        time.sleep(2)


@pytest.mark.parametrize("delay", [Slow, catch], ids=["an object that is freed", "a library that catches errors"])
def test_the_time_ends_although_its_error_is_lost(delay: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Python drops an exception in a finalizer, and the next one ends the step."""
    monkeypatch.setattr(standing, "SECONDS", 1)
    hook, slow = sys.unraisablehook, standing.Standing("slow")
    with standing.problems_of(slow):
        delay()
        time.sleep(20)
    assert slow.problem == "It takes more than 1 seconds."
    assert sys.unraisablehook is hook
    # A timer that is left would end this process.
    time.sleep(0.6)


class Broken:
    """An object that cannot be freed without an error."""

    def __del__(self) -> None:
        """Fail."""
        raise ValueError


def test_other_lost_errors_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the error that ends the time is left out."""
    reported: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda lost: reported.append(lost.exc_type))
    with standing.problems_of(standing.Standing("broken")):
        Broken()
    assert reported == [ValueError]
