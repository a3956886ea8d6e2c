"""Markdown: tables, code blocks, sections and generated blocks. Standard library only.

`python -m tools.docs.markdown FILE HEADING` prints the shell commands below a heading.
"""

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
RELATIVE = re.compile(r"\]\((?!https?:|mailto:)([^)\s]+)")


def code(text: str) -> str:
    """Format a text as inline code."""
    return f"`{text}`"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Write a table.

    Args:
        heads: The column headings.
        rows: The cells of each row.
        texts: The number of leading left-aligned columns. The others hold numbers.
    """
    align = ["---"] * texts + ["--:"] * (len(heads) - texts)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heads, align, *rows])


def code_blocks(text: str, language: str = "sh") -> list[str]:
    """Return the contents of the fenced code blocks in a language."""
    return [content for found, content in FENCED.findall(text) if found == language]


def links(text: str) -> list[str]:
    """Return the targets of all links within the repository, with their fragments."""
    return RELATIVE.findall(text)


def section(text: str, heading: str) -> str:
    """Return the text below a heading of level two, or an empty text without that heading."""
    _, _, below = f"\n{text}".partition(f"\n## {heading}\n")
    return below.partition("\n## ")[0].strip()


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """Replace the text between the markers `<!-- NAME:start -->` and `<!-- NAME:end -->` of each block.

    Raises:
        ValueError: A marker is missing.
    """
    for name, block in blocks.items():
        start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
        before, found_start, rest = text.partition(start)
        _, found_end, after = rest.partition(end)
        if not (found_start and found_end):
            raise ValueError(f"Add the missing markers {start} and {end}.")
        text = f"{before}{start}\n{block}\n{end}{after}"
    return text


def main() -> None:
    """Print the shell commands below a heading of a file."""
    parser = argparse.ArgumentParser(prog="tools.docs.markdown", description="Print the shell commands of a section.")
    parser.add_argument("file", type=Path)
    parser.add_argument("heading")
    options = parser.parse_args()
    blocks = code_blocks(section(options.file.read_text(encoding="utf-8"), options.heading))
    if not blocks:
        parser.error(f"no shell commands below {options.heading!r} in {options.file}")
    print("".join(blocks), end="")


if __name__ == "__main__":
    main()
