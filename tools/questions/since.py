"""The release that introduced each question."""

import yaml

from tools.history import current_version, releases
from tools.repository import ROOT, git


def first_releases() -> dict[str, str]:
    """Return the first version with each question; questions added after the last release are missing."""
    found: dict[str, str] = {}
    for tag, commit in releases().items():
        for name in yaml.safe_load(git("show", f"{commit}:copier.yml")):
            found.setdefault(name, tag.removeprefix("v"))
    current = current_version()
    if f"v{current}" not in releases():
        # `make release` changes the version before the commit.
        for name in yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8")):
            found.setdefault(name, current)
    return found
