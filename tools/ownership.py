"""The owner of each generated file, from extensions/ownership.yml."""

from functools import cache
from typing import Any

import yaml
from pathspec import GitIgnoreSpec

from tools.repository import ROOT


@cache
def ownership() -> dict[str, Any]:
    """Return the path patterns of each owner: `yours`, `template`, and `shared` with the template's parts of each file."""
    return dict(yaml.safe_load((ROOT / "extensions/ownership.yml").read_text(encoding="utf-8")))


@cache
def updated_files() -> GitIgnoreSpec:
    """Return the pattern of the files that each update changes: the template's and the shared ones."""
    return GitIgnoreSpec.from_lines([*ownership()["template"], *ownership()["shared"]])
