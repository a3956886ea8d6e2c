"""The check of a release, and its notes."""

import pytest

from tools import release

CHANGELOG = """# Changelog

Releases are tagged.

## 0.2.0

- [The options](docs/options.md), and [more](https://example.org/more).
- `code` and a "quote".

## 0.1.0

The first version.
"""


@pytest.mark.parametrize(
    ("version", "changelog", "error"),
    [
        ("0.3", CHANGELOG, "Use three numbers, such as 1.2.3: 0.3 is no release."),
        ("0.2.0rc1", CHANGELOG, "Use three numbers, such as 1.2.3: 0.2.0rc1 is no release."),
        ("0.02.0", CHANGELOG, "Use three numbers, such as 1.2.3: 0.02.0 is no release."),
        ("0.0.9", CHANGELOG, "Use a newer version: 0.0.9 is not newer than the release 0.1.0."),
        ("0.1.0", CHANGELOG, "Use a newer version: 0.1.0 is not newer than the release 0.1.0."),
        ("0.3.0", CHANGELOG, "Add notes to CHANGELOG.md: it has none for 0.3.0."),
        ("0.2.0", CHANGELOG.replace("- ", "## 0.1.1\n\n- "), "Add notes to CHANGELOG.md: it has none for 0.2.0."),
        (
            "0.2.0",
            CHANGELOG.replace("## 0.2.0", "## Unreleased\n\n- More.\n\n## 0.2.0"),
            "Run `make release`: CHANGELOG.md still has changes below Unreleased.",
        ),
    ],
    ids=["two-numbers", "prerelease", "zeros", "older", "same", "no-notes", "empty-notes", "unreleased"],
)
def test_the_error_of_an_invalid_release(version: str, changelog: str, error: str) -> None:
    with pytest.raises(ValueError) as found:  # noqa: PT011
        release.check(version, changelog, ["v0.1.0"])
    assert str(found.value) == error


def test_a_valid_release_is_newer_by_number() -> None:
    release.check("0.2.0", CHANGELOG, ["v0.1.0", "v0.1.9.post1", "other"])
    release.check("0.10.0", CHANGELOG.replace("0.2.0", "0.10.0"), ["v0.9.0"])
    with pytest.raises(ValueError, match="not newer"):
        release.check("0.2.0", CHANGELOG, ["v0.1.0", "v0.10.0"])
