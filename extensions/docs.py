"""Writes into docs/ what is data elsewhere, between markers: `make docs`."""

from collections.abc import Mapping
from pathlib import Path

import yaml

from extensions.template import ROOT

UPDATES = ROOT / "docs/updates.md"
OWNERSHIP = ROOT / "extensions/ownership.yml"
OWNERS = {"yours": "yours", "template": "the template's", "shared": "shared"}
"""What the docs call each owner of ownership.yml."""


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """Return a text with what is between the two markers of each block replaced.

    Raises:
        ValueError: The markers of a block are missing.
    """
    for name, block in blocks.items():
        start, end = f"<!-- {name}:start -->", f"<!-- {name}:end -->"
        before, found, rest = text.partition(start)
        _, found_too, after = rest.partition(end)
        if not (found and found_too):
            raise ValueError(f"The markers {start} and {end} are missing.")
        text = f"{before}{start}\n{block}\n{end}{after}"
    return text


def ownership_block() -> str:
    """Write whose each generated file is, and of shared files which parts are the template's."""
    owned = yaml.safe_load(OWNERSHIP.read_text(encoding="utf-8"))
    rows = [f"| {name} | {', '.join(map(quoted, owned[key]))} |" for key, name in OWNERS.items() if key != "shared"]
    shared = [f"{quoted(path)} ({', '.join(parts)})" for path, parts in owned["shared"].items()]
    return "\n".join(
        [
            "| whose | files |",
            "| --- | --- |",
            *rows,
            f"| {OWNERS['shared']}, with the template's parts | {', '.join(shared)} |",
        ]
    )


def quoted(text: str) -> str:
    """Write a word of a file as code."""
    return f"`{text}`"


def documents() -> dict[Path, str]:
    """Return the documents by their path, with what they quote."""
    return {UPDATES: filled(UPDATES.read_text(encoding="utf-8"), {"ownership": ownership_block()})}


def main() -> None:
    """Write the documents."""
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
