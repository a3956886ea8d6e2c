"""Clones whose authors want to stop a report, to read other files by it, or to run a program."""

import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

from tests.kit.commands import run, write
from tests.kit.rehearsal import NEXT
from tools.clone import ANSWERS

Make = Callable[[Path], object]
"""Changes a clone."""

LINKED = (".dockerignore", ".gitignore", "Dockerfile", "poetry.toml", "pyproject.toml", "renovate.json")
"""Files of the template or shared ones."""

NOT_YAML = f"{ANSWERS} is not YAML."
NO_FILE = f"{ANSWERS} is no regular file."
NO_RELEASE = f"{ANSWERS} names no release in _commit."
LINK = f"{ANSWERS} is a link."
NESTED = "It has YAML aliases or deep nesting."
LARGE = f"{ANSWERS} is larger than 256 KiB."
UNKNOWN = "The drift is unknown: "
DENIED = "/"

PROGRAMS = "programs"
"""The clone in which Git would leave a file `.git/ran`."""

DEVICES = ("/dev/zero", "/dev/stdin", "/dev/random", "/proc/kmsg", "/proc/self/environ", "/etc/passwd")

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{two}: &{two} [*{one}, *{one}, *{one}]\n" for one, two in zip("abcdefghij", "bcdefghijk", strict=True)
)


def answers(text: str | bytes) -> Make:
    """Replace the answers file."""
    return lambda clone: (clone / ANSWERS).write_bytes(text if isinstance(text, bytes) else text.encode())


def answer(line: str) -> Make:
    """Replace an answer, or add one."""
    question = line.partition(":")[0]

    def change(clone: Path) -> None:
        lines = (clone / ANSWERS).read_text(encoding="utf-8").splitlines()
        kept = [one for one in lines if not one.startswith(f"{question}:")]
        (clone / ANSWERS).write_text("\n".join([*kept, line, ""]), encoding="utf-8")

    return change


def link(path: str, target: str) -> Make:
    """Replace a file or a folder by a link."""

    def change(clone: Path) -> None:
        run("rm", "-rf", path, cwd=clone)
        (clone / path).symlink_to(target)

    return change


def linked(clone: Path) -> None:
    """Replace several files by links to devices."""
    for path, target in zip(LINKED, DEVICES, strict=True):
        link(path, target)(clone)


def fifo(path: str) -> Make:
    """Replace a file by a named pipe, at which a reader waits for a writer."""

    def change(clone: Path) -> None:
        (clone / path).unlink()
        os.mkfifo(clone / path)

    return change


def bind(clone: Path) -> None:
    """Replace the answers file by a socket."""
    (clone / ANSWERS).unlink()
    folder = Path.cwd()
    # A path of a socket has at most 107 bytes.
    os.chdir(clone)
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(ANSWERS)
    os.chdir(folder)


def device(clone: Path) -> None:
    """Replace the answers file by the device of endless zeros."""
    (clone / ANSWERS).unlink()
    os.mknod(clone / ANSWERS, stat.S_IFCHR | 0o666, os.makedev(1, 5))


def sparse(path: str) -> Make:
    """Let a file have 8 GiB of zeros, which take no space."""
    return lambda clone: os.truncate(clone / path, 2**33)


def appended(path: str, text: str | bytes) -> Make:
    """Add text at the end of a file."""

    def change(clone: Path) -> None:
        with (clone / path).open("ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    return change


def empty_bare(clone: Path) -> None:
    """Replace the clone by a bare repository."""
    run("rm", "-rf", clone)
    run("git", "init", "--quiet", "--bare", clone)


def programs(clone: Path) -> None:
    """Let each setting of Git that runs a program run one that leaves a file."""
    run("git", "init", "--quiet", cwd=clone)
    program = write({".git/program": f"#!/bin/sh\ntouch '{clone}/.git/ran'\n".encode()}, clone) / ".git/program"
    program.chmod(0o755)
    write({".gitattributes": b"* filter=run diff=run\n"}, clone)
    for setting in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "diff.external",
        "diff.run.textconv",
        "filter.run.clean",
        "filter.run.process",
        "gpg.program",
    ):
        run("git", "config", setting, program, cwd=clone)
    for hook in ("post-index-change", "reference-transaction", "post-checkout"):
        (clone / ".git/hooks" / hook).unlink(missing_ok=True)
        (clone / ".git/hooks" / hook).symlink_to(program)
    run("git", "config", "core.hooksPath", clone / ".git/hooks", cwd=clone)


def devices(clone: Path) -> None:
    """Let Git read its settings and its commit from devices."""
    write({".git/config": b"[core]\n  worktree = /\n[include]\n  path = /dev/zero\n"}, clone)
    for name, target in (("HEAD", "/dev/stdin"), ("index", "/dev/zero"), ("objects", "/proc/self"), ("refs", "/")):
        (clone / ".git" / name).symlink_to(target)


def slow(clone: Path) -> None:
    """Add a table with a long name, and many keys for each of which its parts are compared."""
    keys = "".join(f"x{number}=1\n" for number in range(9000))
    appended("pyproject.toml", f"\n[{'a.' * 60_000}a]\n{keys}")(clone)


HOSTILE: dict[str, tuple[Make, str]] = {
    **{f"answers linked to {target}": (link(ANSWERS, target), LINK) for target in DEVICES},
    "answers linked to themselves": (link(ANSWERS, ANSWERS), LINK),
    "answers linked inside": (link(ANSWERS, "README.md"), LINK),
    "answers in a named pipe": (fifo(ANSWERS), NO_FILE),
    "answers in a socket": (bind, NO_FILE),
    "answers in a device": (device, NO_FILE),
    "8 GiB of answers": (sparse(ANSWERS), LARGE),
    "many lines": (answers("a: b\n" * 100_000), LARGE),
    "many brackets": (answers("[" * 10_000), NESTED),
    "many braces": (answers("{" * 10_000), NESTED),
    "many dashes": (answers("- " * 10_000), NESTED),
    "many keys": (answers("? " * 10_000), NESTED),
    "a billion laughs": (answers(LAUGHS), NESTED),
    "a loop": (answers("a: &a [*a]\n"), NESTED),
    "a merge of itself": (answers("a: &a {<<: *a}\n"), NESTED),
    "a list of many words": (answers(f"project_type: [{'a,' * 30_000}]"), NO_RELEASE),
    "a list": (answers("- project_type\n"), NO_RELEASE),
    "nothing": (answers(""), NO_RELEASE),
    "other bytes": (answers(b"\xff\xfe\x00\xd8"), NOT_YAML),
    "zeros": (answers(b"\0" * 1000), NOT_YAML),
    "a tag of Python": (answers("a: !!python/object/apply:os.system ['touch ran']\n"), NOT_YAML),
    "a tag that does not fit": (answers("a: !!bool x\nb: !!int ''\nc: !!timestamp x\n"), NOT_YAML),
    "a day that is none": (answers("_commit: 2026-13-45\n"), NOT_YAML),
    "a day as the release": (answer("_commit: 2026-11-28"), NO_RELEASE),
    "a number as the release": (answer(f"_commit: {'9' * 4000}"), NO_RELEASE),
    "a long number": (answer(f"_commit: {'9' * 5000}"), NOT_YAML),
    "a long number as a key": (answer(f"? 0x{'f' * 9000}\n: a"), NOT_YAML),
    "a long hexadecimal answer": (answer(f"author_name: 0x{'f' * 200_000}"), UNKNOWN),
    "a long time": (answer(f"author_name: 1{':1' * 20_000}"), UNKNOWN),
    "no release": (answer("_commit: "), NO_RELEASE),
    "a revision that searches": (answer("_commit: ':/.*.*.*.*x'"), NO_RELEASE),
    "an option as the release": (answer("_commit: --output=ran"), NO_RELEASE),
    "a zero in the release": (answer('_commit: "v0.1.0\\0"'), NO_RELEASE),
    "half a character as the release": (answer('_commit: "\\ud800"'), NO_RELEASE),
    "a long release": (answer(f"_commit: {'v' * 200_000}"), NO_RELEASE),
    "a folder as the release": (answer("_commit: ../../x"), "Run `git fetch --tags`: ../../x is unknown here."),
    "lists and dictionaries for texts": (answer("project_name: {a: [1, 2]}"), UNKNOWN),
    "a list for the type": (answer("project_type: [x]"), UNKNOWN),
    "a path as the package": (answer("package_name: ../../../etc"), UNKNOWN),
    "a long name": (answer(f"project_name: {'a-' * 100_000}"), UNKNOWN),
    "a long address": (answer(f"author_email: {'a.' * 60_000}@{'a-' * 60_000}"), UNKNOWN),
    "long reviewers": (answer(f"template_owners: '{'@a/b ' * 50_000}'"), UNKNOWN),
    "many answers files": (
        lambda clone: [write({f".copier-answers.{n}.yml": b""}, clone) for n in range(99)],
        "It has ",
    ),
    "a long address beside answers": (
        lambda clone: write(
            {".copier-answers.b.yml": b"project_type: x\n_src_path: a:" + b"/" * 200_000 + b"a\n"}, clone
        ),
        "",
    ),
    "a question in colours": (answer('"\\e[31m\\u202e": x'), f"{NEXT} has no question \x1b[31m\u202e."),
    "an empty folder": (lambda clone: run("sh", "-c", "rm -rf * .[a-z]*", cwd=clone), f"{ANSWERS} is missing."),
    "a bare repository": (empty_bare, "Clone it first: it is a bare repository."),
    "a submodule": (appended(".git", "gitdir: /dev/zero\n"), ""),
    PROGRAMS: (programs, ""),
    "devices as the repository of Git": (devices, ""),
    "files linked to devices": (linked, ""),
    "a folder linked to the root": (link(".github", "/"), ""),
    "a folder linked to itself": (link(".github", ".github"), ""),
    "a file as a named pipe": (fifo("Dockerfile"), ""),
    "8 GiB of a file": (sparse(".gitignore"), ""),
    "nested TOML": (appended("pyproject.toml", f"\nx = {'[' * 100_000}"), ""),
    "many tables of TOML": (appended("pyproject.toml", "\n[[x]]\n" * 25_000), ""),
    "a file without permission": (lambda clone: (clone / "Dockerfile").chmod(0), DENIED),
    "answers without permission": (lambda clone: (clone / ANSWERS).chmod(0), DENIED),
    "a clone without permission": (lambda clone: clone.chmod(0), DENIED),
    "bytes that are no text": (appended("pyproject.toml", b"\xff\0"), ""),
}
"""How each clone is made from a generated repository, and the beginning of its problem, or nothing if it has none."""
