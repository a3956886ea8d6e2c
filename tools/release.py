"""Release the template: `make release VERSION=1.2.3` writes a release, and CI tags it and publishes its notes.

CI does so for each release in the history, oldest first, so the first push to an empty host needs no commands.

A release is a commit that changes the version in pyproject.toml and renames the section `Unreleased` of the changelog.
Standard library only, as CI runs it without installing anything.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.docs.markdown import section
from tools.history import current_version, releases, tags
from tools.repository import ROOT, git

PYPROJECT = ROOT / "pyproject.toml"
CHANGELOG = ROOT / "CHANGELOG.md"
UNRELEASED = "Unreleased"
NUMBER = r"(0|[1-9]\d*)"
VERSION = re.compile(rf"{NUMBER}\.{NUMBER}\.{NUMBER}")
"""A version that Copier and Renovate order alike and accept as a final release."""

LINK = re.compile(r"\]\((?!https?:|mailto:|#)")
"""The start of a link to a file of this repository."""


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


def to_publish() -> dict[str, str]:
    """Return the commit of each release whose tag and notes belong to this repository, by its tag, oldest first.

    These are all releases in the history. A fork has its own tags, with a `.post` suffix, and publishes the newest one
    of the current version.
    """
    tagged = tags()
    if not (own := [tag for tag in tagged if ".post" in tag]):
        return releases()
    current = [tag for tag in own if tag.startswith(f"v{current_version()}.post")]
    return {tag: git("rev-parse", f"{tag}^{{commit}}").strip() for tag in current[-1:]}


def write_notes(address: str, folder: Path) -> dict[str, str]:
    """Write the notes of each release to publish into a folder, and return the commits by their tags, oldest first.

    Args:
        address: The URL below which the host shows the files of a tag, for the links in the notes.
        folder: Gets a file `TAG.md` for each release.

    Raises:
        ValueError: The current version has no tag, and is no valid release.
    """
    version, changelog = current_version(), CHANGELOG.read_text(encoding="utf-8")
    found, tagged = to_publish(), tags()
    if f"v{version}" in found and f"v{version}" not in tagged:
        check(version, changelog, tagged)
    folder.mkdir(parents=True, exist_ok=True)
    for tag in found:
        number = tag.removeprefix("v").partition(".post")[0]
        text = LINK.sub(f"]({address}/{tag}/", section(changelog, number))
        (folder / f"{tag}.md").write_text(f"{text}\n", encoding="utf-8")
    return found


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
    """Run the command `prepare VERSION`, `is-tagged` or `notes ADDRESS FOLDER`."""
    try:
        match sys.argv[1:]:
            case ["prepare", version]:
                prepare(version)
            case ["is-tagged"]:
                print("yes" if to_publish().keys() <= set(tags()) else "no")
            case ["notes", address, folder]:
                for tag, commit in write_notes(address, Path(folder)).items():
                    print(tag, commit)
            case _:
                raise ValueError("Use prepare VERSION, is-tagged, or notes ADDRESS FOLDER.")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
