"""The functions of .tools/template.py on texts; tests/updates/test_guard.py has real updates."""

from typing import Any

import pytest

from tools.fleet import versions

OLD, NEW = "a" * 40, "b" * 40
DIGEST = f"@sha256:{'c' * 64}"


@pytest.fixture(scope="module")
def script() -> Any:
    """Give the rendered script as a module."""
    return versions.script()


def conflict(yours: str, theirs: str, base: str = "") -> str:
    """Return a conflict as Copier marks it, with the lines around it."""
    middle = f"||||||| last update\n{base}" if base else ""
    return f"above\n<<<<<<< before updating\n{yours}{middle}=======\n{theirs}>>>>>>> after updating\nbelow\n"


def action(commit: str, version: str) -> str:
    """Return the line of a step that uses an action."""
    return f"      - uses: actions/checkout@{commit} # {version}\n"


V7, V8 = action(OLD, "v7.0.1"), action(NEW, "v8.0.0")
RESOLVED = {
    "an older action": (V7, V8, V7, V8),
    "a newer action": (V8, V7, V7, V8),
    "the same version": (action(NEW, "v7.0.1"), V7, V7, action(NEW, "v7.0.1")),
    "several lines": (V7 + "  x: 1\n" + V8, V8 + "  x: 1\n" + V7, V7 + "  x: 1\n", V8 + "  x: 1\n" + V8),
    "a digest": (f"FROM a:1{DIGEST} AS b\n", "FROM a:1 AS b\n", "FROM a:1 AS b\n", f"FROM a:1{DIGEST} AS b\n"),
    "a newer tag without a digest": (f"FROM a:1{DIGEST}\n", "FROM a:1.1\n", "FROM a:1\n", "FROM a:1.1\n"),
    "an image of an argument": ("ARG A_IMAGE=a:3.10\n", "ARG A_IMAGE=a:3.9\n", "", "ARG A_IMAGE=a:3.10\n"),
    "a registry with a port": (
        "image: a:5000/b:v2\n",
        "image: a:5000/b:v3\n",
        "image: a:5000/b:v1\n",
        "image: a:5000/b:v3\n",
    ),
    "a runner": ("runs-on: ubuntu-24.04\n", "runs-on: ubuntu-26.04\n", "", "runs-on: ubuntu-26.04\n"),
    "a requirement": ('    "a[b]>=9,<11",\n', '    "a[b]>=9,<10",\n', "", '    "a[b]>=9,<11",\n'),
    "requirements in one line": (
        'a = ["b>=2.4,<3", "c~=2"]\n',
        'a = ["b>=2.3,<3", "c~=2"]\n',
        "",
        'a = ["b>=2.4,<3", "c~=2"]\n',
    ),
}


@pytest.mark.parametrize(("yours", "theirs", "old", "expected"), RESOLVED.values(), ids=RESOLVED)
def test_the_newer_version_wins(yours: str, theirs: str, old: str, expected: str, script: Any) -> None:
    assert script.resolve(conflict(yours, theirs), old) == f"above\n{expected}below\n"
    assert script.resolve(conflict(yours, theirs, "x\n"), old) == f"above\n{expected}below\n"


UNRESOLVED = {
    "your lowered version": (action(NEW, "v6.0.0"), V8, V7),
    "a version that the template has lowered": (V8, action(NEW, "v6.0.0"), V7),
    "another action": (V7, V8.replace("checkout", "cache"), V7),
    "an added line": (V7 + "  x: 1\n", V8, V7),
    "a commit without a version": (f"- uses: a/b@{OLD}\n", f"- uses: a/b@{NEW}\n", ""),
    "another variant": ("FROM a:1-slim\n", "FROM a:2-alpine\n", "FROM a:1-slim\n"),
    "a port": ("      - 8000:8000\n", "      - 8001:8000\n", ""),
    "a timeout": ("    timeout-minutes: 15\n", "    timeout-minutes: 20\n", ""),
    "a schedule": ('    - cron: "1 4 * * 1"\n', '    - cron: "2 4 * * 1"\n', ""),
    "a bound of Python": ('requires-python = ">=3.12,<3.14"\n', 'requires-python = ">=3.12,<3.15"\n', ""),
    "another package with a number": ('    "psycopg2>=2",\n', '    "psycopg3>=3",\n', ""),
    "Windows line ends": ("FROM a:1\r\n", "FROM a:2\n", ""),
}


@pytest.mark.parametrize(("yours", "theirs", "old"), UNRESOLVED.values(), ids=UNRESOLVED)
def test_another_difference_stays_a_conflict(yours: str, theirs: str, old: str, script: Any) -> None:
    """Also beside a conflict that is resolved."""
    marked = conflict(yours, theirs)
    assert script.resolve(marked, old) == marked
    assert script.resolve(conflict(V7, V8) + marked, old) == f"above\n{V8}below\n{marked}"


LOST = {
    "a line of yours": ("a\nmine\n", "a\n", "a\n", ["mine"]),
    "a second one of the same": ("a\na\n", "a\n", "a\n", []),
    "one of two": ("a\nmine\nmine\n", "a\n", "a\nmine\n", ["mine"]),
    "a line of the old release": ("a\nb\n", "a\nb\n", "a\n", []),
    "a line between markers": ("mine\n", "a\n", conflict("mine\n", "b\n"), []),
    "a line that you have removed": ("", "a\n", "", []),
    "blank lines": ("a\n\n \n", "a\n", "a\n", []),
    "another line end": ("a\r\nmine\r\n", "a\n", "a\nmine\n", []),
    "an older version": (V7.replace("v7", "v6"), "", V7, []),
    "a newer version": (V8, "", V7, [V8.rstrip("\n")]),
}


@pytest.mark.parametrize(("yours", "old", "new", "expected"), LOST.values(), ids=LOST)
def test_lost_lines(yours: str, old: str, new: str, expected: list[str], script: Any) -> None:
    assert script.lost_lines(yours, old, new) == expected
