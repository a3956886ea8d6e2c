"""Release the template: `make release VERSION=1.2.3` writes a release, and CI tags it and publishes its notes.

A release is a commit that changes the version in pyproject.toml and renames the section `Unreleased` of the changelog.
Standard library only, as CI runs it without installing anything.
"""

import re
import sys
from collections.abc import Iterable

from tools.docs.markdown import section
from tools.history import current_version, tags
from tools.repository import ROOT

PYPROJECT = ROOT / "pyproject.toml"
CHANGELOG = ROOT / "CHANGELOG.md"
UNRELEASED = "Unreleased"
NUMBER = r"(0|[1-9]\d*)"
VERSION = re.compile(rf"{NUMBER}\.{NUMBER}\.{NUMBER}")
"""A version that Copier and Renovate order alike and accept as a final release."""

LINK = re.compile(r"\]\((?!https?:|mailto:|#)")
"""The start of a link to a file of this repository."""


def tag() -> str:
    """Return the tag of the current version. In a fork, this is the newest tag with a `.post` suffix if there is one."""
    own = f"v{current_version()}"
    forks = [one for one in tags() if re.fullmatch(rf"{re.escape(own)}\.post{NUMBER}", one)]
    return forks[-1] if forks else own


def check(version: str, changelog: str, released: Iterable[str]) -> None:
    """Check a release.

    Args:
        version: Its version.
        changelog: The whole changelog of the release.
        released: The tags of the earlier releases.

    Raises:
        ValueError: The release is invalid; the message is one sentence with the remedy.
    """
    if not (found := VERSION.fullmatch(version)):
        raise ValueError(f"Use three numbers, such as 1.2.3: {version} is no release.")
    earlier = [number for tag in released if (number := VERSION.fullmatch(tag.removeprefix("v")))]
    newest = max(earlier, key=order, default=None)
    if newest and order(found) <= order(newest):
        raise ValueError(f"Use a newer version: {version} is not newer than the release {newest[0]}.")
    if section(changelog, UNRELEASED):
        raise ValueError(f"Run `make release`: {CHANGELOG.name} still has changes below {UNRELEASED}.")
    if not section(changelog, version):
        raise ValueError(f"Add notes to {CHANGELOG.name}: it has none for {version}.")


def order(version: re.Match[str]) -> tuple[int, ...]:
    """Return the sort key of a version."""
    return tuple(map(int, version.groups()))


def notes(address: str) -> str:
    """Return the release notes of the current version. An untagged version must be a valid release.

    Args:
        address: The URL below which the host shows the files of a tag, for the links in the notes.
    """
    version, changelog = current_version(), CHANGELOG.read_text(encoding="utf-8")
    if tag() not in (released := tags()):
        check(version, changelog, released)
    return LINK.sub(f"]({address}/{tag()}/", section(changelog, version))


def prepare(version: str) -> None:
    """Write a release into pyproject.toml and the changelog, if it is valid."""
    before, changelog = current_version(), CHANGELOG.read_text(encoding="utf-8")
    changelog = changelog.replace(f"\n## {UNRELEASED}\n", f"\n## {version}\n")
    check(version, changelog, [*tags(), f"v{before}"])
    pyproject = PYPROJECT.read_text(encoding="utf-8")
    PYPROJECT.write_text(
        pyproject.replace(f'\nversion = "{before}"\n', f'\nversion = "{version}"\n', 1), encoding="utf-8"
    )
    CHANGELOG.write_text(changelog, encoding="utf-8")


def main() -> None:
    """Run the command `prepare VERSION`, `tag` or `notes ADDRESS`."""
    try:
        match sys.argv[1:]:
            case ["prepare", version]:
                prepare(version)
            case ["tag"]:
                print(tag())
            case ["notes", address]:
                print(notes(address))
            case _:
                raise ValueError("Use prepare VERSION, tag, or notes ADDRESS.")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
