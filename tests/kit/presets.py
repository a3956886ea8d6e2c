"""The answers in presets/."""

from pathlib import Path

import yaml

from tools.render.template import Answers
from tools.repository import ROOT

BUILT_ALONE = ["internal-service", "open-source-package"]
"""Presets whose image differs from each other one that the tests build."""


def presets() -> list[Path]:
    """List the files with answers."""
    return sorted((ROOT / "presets").iterdir())


def stem(preset: Path) -> str:
    """Return the name of a preset."""
    return preset.stem


def answers_in(preset: Path) -> Answers:
    """Return the answers of a preset."""
    return dict(yaml.safe_load(preset.read_text(encoding="utf-8")))
