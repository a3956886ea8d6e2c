"""Write the generated documents in docs/, README.md and catalog-info.yaml: `make docs`."""

import json
from pathlib import Path

from tools.docs.answers_schema import answers_schema
from tools.docs.backstage import FOLDER, catalog, presets
from tools.docs.files import update
from tools.docs.markdown import filled
from tools.docs.options import options_page, questions_table
from tools.docs.ownership import ownership_table
from tools.docs.tested import COMBINATIONS
from tools.docs.tested_page import combinations_page
from tools.questions.derive import questions
from tools.render.template import Template
from tools.repository import ROOT

DOCS = ROOT / "docs"
README = ROOT / "README.md"


def documents(template: Template) -> dict[Path, bytes]:
    """Return the generated documents by their paths."""
    every = questions(template)
    updates = DOCS / "updates.md"
    texts = {
        README: filled(README.read_text(encoding="utf-8"), {"questions": questions_table(every)}),
        updates: filled(updates.read_text(encoding="utf-8"), {"ownership": ownership_table()}),
        DOCS / "options.md": options_page(every),
        DOCS / "combinations.md": combinations_page(
            json.loads(COMBINATIONS.read_text(encoding="utf-8")), every, template
        ),
        DOCS / "answers.schema.json": json.dumps(answers_schema(every), indent=2) + "\n",
        **catalog(every, presets()),
    }
    return {path: text.encode() for path, text in texts.items()}


def main() -> None:
    """Write the stale documents, and remove the entities of removed presets."""
    update(documents(Template()), folders=[FOLDER])


if __name__ == "__main__":
    main()
