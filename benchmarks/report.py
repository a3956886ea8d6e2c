"""Writes the figures of results.json and updates.json into the documents, and draws the charts.

`.venv/bin/python -m benchmarks.report`
"""

import json
from pathlib import Path

from benchmarks.charts import rebuild_chart, size_chart
from benchmarks.figures import RESULTS, UPDATES, Results
from benchmarks.image_tables import readme_block, run_block, set_block, ships_block
from benchmarks.update_tables import fleet_block, updates_block
from tools.docs.markdown import filled
from tools.repository import ROOT

README = ROOT / "README.md"
DOCS = ROOT / "docs/benchmarks.md"
FLEET = ROOT / "docs/fleet.md"
SHIPS = ROOT / "docs/pictures/ships.svg"
SIZES = ROOT / "docs/pictures/size.svg"
REBUILDS = ROOT / "docs/pictures/rebuild.svg"


def blocks(results: Results, updates: Results) -> dict[Path, dict[str, str]]:
    """Return the generated blocks of each document, keyed by the name in their markers."""
    sets = {f"bench:{name}": set_block(one) for name, one in results["sets"].items()}
    return {
        README: {"bench": readme_block(results)},
        DOCS: {"bench:run": run_block(results), **sets, "updates": updates_block(updates)},
        FLEET: {"updates:fleet": fleet_block(updates)},
        SHIPS: {"bench:ships": ships_block(results)},
    }


def documents() -> dict[Path, str]:
    """Return the text of each document, and of each chart, with the current results."""
    results, updates = (json.loads(path.read_text(encoding="utf-8")) for path in (RESULTS, UPDATES))
    large = results["sets"]["large"]["contestants"]
    quoting = {path: filled(path.read_text(encoding="utf-8"), own) for path, own in blocks(results, updates).items()}
    return {**quoting, SIZES: size_chart(large), REBUILDS: rebuild_chart(large)}


def write_report() -> None:
    """Write all documents and charts."""
    for path, text in documents().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_report()
