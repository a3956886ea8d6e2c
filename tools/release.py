"""Makes a release: `make release VERSION=1.2.3` writes it down, and CI tags it and publishes its notes.

A release is a commit that changes the version in pyproject.toml and makes what is unreleased in the changelog the notes
of that version. This needs nothing but Python, so that CI can run it at once.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

PYPROJECT = Path("pyproject.toml")
CHANGELOG = Path("CHANGELOG.md")
UNRELEASED = "Unreleased"
NUMBER = r"(0|[1-9]\d*)"
VERSION = re.compile(rf"{NUMBER}\.{NUMBER}\.{NUMBER}")
"""What Copier and Renovate order as it is meant, and take for more than a trial."""

LINK = re.compile(r"\]\((?!https?:|mailto:|#)")
"""The start of a link to a file of this repository."""


def stated() -> str:
    """Return the version that this repository states."""
    return str(tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["version"])


def tags() -> list[str]:
    """Return the tags of this repository."""
    return subprocess.run(["git", "tag", "--list"], capture_output=True, text=True, check=True).stdout.split()


def tag() -> str:
    """Return the tag of the version that is stated: in a fork, that of the newest release it has made of that version."""
    own = f"v{stated()}"
    forks = [one for one in tags() if re.fullmatch(rf"{re.escape(own)}\.post{NUMBER}", one)]
    return max(forks, key=lambda one: int(one.rpartition(".post")[2]), default=own)


def section(changelog: str, head: str) -> str:
    """Return what a changelog says below a heading; nothing where it is not there."""
    _, _, below = changelog.partition(f"\n## {head}\n")
    return below.partition("\n## ")[0].strip()


def check(version: str, changelog: str, released: Iterable[str]) -> None:
    """Hold what is about to be released to what a release has to be.

    Args:
        version: What it is called.
        changelog: The whole changelog, as it will be.
        released: The tags of what was released before.

    Raises:
        ValueError: It is no release; the message says why in one sentence.
    """
    if not (found := VERSION.fullmatch(version)):
        raise ValueError(f"{version} is not three numbers with dots between, such as 1.2.3.")
    earlier = [number for tag in released if (number := VERSION.fullmatch(tag.removeprefix("v")))]
    newest = max(earlier, key=order, default=None)
    if newest and order(found) <= order(newest):
        raise ValueError(f"{version} is not newer than {newest[0]}, which was released before.")
    if section(changelog, UNRELEASED):
        raise ValueError(f"{CHANGELOG} still has something below {UNRELEASED}: say there that it is in {version}.")
    if not section(changelog, version):
        raise ValueError(f"{CHANGELOG} says nothing of {version}.")


def order(version: re.Match[str]) -> tuple[int, ...]:
    """Return by what versions are ordered."""
    return tuple(map(int, version.groups()))


def notes(address: str) -> str:
    """Return the notes of the version that is stated, which is held to what a release has to be if it is none yet.

    Args:
        address: Where the host shows the files of a tag, for the links to these.
    """
    version, changelog = stated(), CHANGELOG.read_text(encoding="utf-8")
    if tag() not in (released := tags()):
        check(version, changelog, released)
    return LINK.sub(f"]({address}/{tag()}/", section(changelog, version))


def prepare(version: str) -> None:
    """Write a release down, if it can be one."""
    before, changelog = stated(), CHANGELOG.read_text(encoding="utf-8")
    changelog = changelog.replace(f"\n## {UNRELEASED}\n", f"\n## {version}\n")
    check(version, changelog, [*tags(), before])
    pyproject = PYPROJECT.read_text(encoding="utf-8")
    PYPROJECT.write_text(
        pyproject.replace(f'\nversion = "{before}"\n', f'\nversion = "{version}"\n', 1), encoding="utf-8"
    )
    CHANGELOG.write_text(changelog, encoding="utf-8")


def main() -> None:
    """Do what the command line says: `prepare VERSION`, `tag` or `notes ADDRESS`."""
    try:
        match sys.argv[1:]:
            case ["prepare", version]:
                prepare(version)
            case ["tag"]:
                print(tag())
            case ["notes", address]:
                print(notes(address))
            case _:
                raise ValueError("Say what to do: prepare VERSION, tag, or notes ADDRESS.")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
