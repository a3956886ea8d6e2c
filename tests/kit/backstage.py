"""The Backstage entities of the catalog."""

from functools import cache
from typing import Any

import yaml

from tools.docs.backstage import LOCATION, NAME
from tools.repository import ROOT


@cache
def entities() -> list[Any]:
    """Return the entities that the location lists: the template, and those of the presets."""
    targets = yaml.safe_load(LOCATION.read_text(encoding="utf-8"))["spec"]["targets"]
    return [yaml.safe_load((ROOT / target).read_text(encoding="utf-8")) for target in targets]


def preset_of(entity: Any) -> dict[str, Any]:
    """Return the answers of the preset of an entity."""
    path = ROOT / f"presets/{entity['metadata']['name'].removeprefix(f'{NAME}-')}.yml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))
