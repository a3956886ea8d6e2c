"""The images of presets that differ from all other images."""

from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.docker import context_of, image_of, mirrored
from tests.kit.image_contract import check_work
from tests.kit.presets import BUILT_ALONE, answers_in
from tests.kit.private_index import index_of, with_secret
from tools.repository import ROOT


@pytest.mark.parametrize("preset", BUILT_ALONE)
def test_the_image_of_a_preset_works(preset: str, tmp_path: Path) -> None:
    """The private index is one on this machine that requires a login, and the registry has this machine's images."""
    given = {"package_index": "public", **answers_in(ROOT / f"presets/{preset}.yml")}
    with mirrored(given) as there, index_of(there, tmp_path) as (answers, login):
        files = working_tree().render(answers)
        netrc = (tmp_path / ".netrc").read_text(encoding="utf-8") if login else ""
        options = with_secret(files, netrc, tmp_path) if login else ()
        with image_of(context_of(files), tmp_path / "context", *options) as image:
            check_work(image, answers["project_type"])
