"""What docs/ quotes, and where it leads."""

import re
from pathlib import Path

import pytest

from tests.kit.rendered_files import LINK
from tools.docs.write import documents, filled
from tools.render.template import ROOT

PAGES = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]


def test_what_is_quoted_is_what_is_said_elsewhere() -> None:
    for path, text in documents().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_broken(page: Path) -> None:
    """Nor the part of a page that it names."""
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, part = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if part:
            heads = re.findall(r"(?m)^#+ (.*)$", target.read_text(encoding="utf-8"))
            assert part in {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}, link


def test_a_block_without_its_markers_is_an_error() -> None:
    assert filled("1\n<!-- b:start -->\nold\n<!-- b:end -->\n2", {"b": "new"}) == (
        "1\n<!-- b:start -->\nnew\n<!-- b:end -->\n2"
    )
    with pytest.raises(ValueError, match="missing"):
        filled("<!-- b:start -->", {"b": "new"})
