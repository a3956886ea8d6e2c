"""The generated documents are current, and no link in the docs is broken."""

import re
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tools.docs.backstage import FOLDER
from tools.docs.files import stale
from tools.docs.markdown import code_blocks, filled, links, main, section, table
from tools.docs.write import documents
from tools.repository import ROOT


def pages() -> list[Path]:
    """List the pages, without those of the built site."""
    return [*(page for page in (ROOT / "docs").rglob("*.md") if "_build" not in page.parts), *ROOT.glob("*.md")]


def test_the_documents_are_current() -> None:
    names = [str(path.relative_to(ROOT)) for path in stale(documents(working_tree()), folders=[FOLDER])]
    assert not names, f"run `make docs`: {', '.join(names)}"


@pytest.mark.cases("page", pages, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_is_broken(page: Path) -> None:
    """Including its fragment."""
    for link in links(page.read_text(encoding="utf-8")):
        path, _, fragment = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if fragment:
            heads = re.findall(r"(?m)^#+ (.*)$", target.read_text(encoding="utf-8"))
            assert fragment in {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}, link


def test_a_block_without_its_markers_is_an_error() -> None:
    assert filled("1\n<!-- b:start -->\nold\n<!-- b:end -->\n2", {"b": "new"}) == (
        "1\n<!-- b:start -->\nnew\n<!-- b:end -->\n2"
    )
    with pytest.raises(ValueError, match="missing"):
        filled("<!-- b:start -->", {"b": "new"})


def test_links_have_their_fragments() -> None:
    assert links("[a](b.md#c), [d](#e) and [f](https://example.org)") == ["b.md#c", "#e"]


def test_a_table_aligns_numbers_right() -> None:
    assert table(["a", "b"], [["x", "1"]]) == "| a | b |\n| --- | --: |\n| x | 1 |"


PAGE = "# T\n\n## One\n\n```sh\na\nb\n```\n\n```json\n{}\n```\n\n```sh\nc\n```\n\n## Two\n\n```\nd\n```\n"


def test_code_blocks_have_one_language() -> None:
    assert code_blocks(PAGE) == ["a\nb\n", "c\n"]
    assert code_blocks(PAGE, "json") == ["{}\n"]
    assert code_blocks(PAGE, "") == ["d\n"]


def test_a_section_ends_at_the_next_heading() -> None:
    assert section(PAGE, "Two") == "```\nd\n```"
    assert section("## Two\n\nx\n", "Two") == "x"
    assert section(PAGE, "On") == ""


def test_the_program_prints_the_commands_of_a_section(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And fails if there are none."""
    file = tmp_path / "page.md"
    file.write_text(PAGE, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["markdown", str(file), "One"])
    main()
    assert capsys.readouterr().out == "a\nb\nc\n"
    monkeypatch.setattr("sys.argv", ["markdown", str(file), "Two"])
    with pytest.raises(SystemExit):
        main()
