"""The rendered repositories in examples/: `make examples`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.docs.files import update
from tools.docs.markdown import filled, table
from tools.render.template import Files, Template
from tools.repository import ROOT, address

FOLDER = ROOT / "examples"
ANSWERS = FOLDER / "answers.yml"
PAGE = ROOT / "docs/examples.md"


def examples() -> dict[str, Any]:
    """Return the caption (`shows`) and the answers of each example by its folder."""
    kinds = yaml.safe_load(ANSWERS.read_text(encoding="utf-8"))
    return {
        f"{kind}/{name}": {**each, "answers": {"project_type": kind, **each["answers"]}}
        for kind, members in kinds.items()
        for name, each in members.items()
    }


def repositories(template: Template) -> dict[str, Files]:
    """Render all examples, by their folders."""
    return {folder: repository(template, each["answers"]) for folder, each in examples().items()}


def repository(template: Template, answers: Mapping[str, Any]) -> Files:
    """Render an example. Its answers file names the address of the template and no commit."""
    local, public = (f"\n_src_path: {source}\n".encode() for source in (template.folder, f"{address()}.git"))
    files = template.render(dict(answers))
    return files | {".copier-answers.yml": files[".copier-answers.yml"].replace(local, public)}


def examples_table(rendered: Mapping[str, Files]) -> str:
    """Write a table of the examples with their captions and the number of their files."""
    rows = [
        [f"[{folder}](../examples/{folder})", each["shows"], str(len(rendered[folder]))]
        for folder, each in examples().items()
    ]
    return table(["example", "shows", "files"], rows, 2)


def documents(template: Template) -> dict[Path, bytes]:
    """Return the files of all examples and their page by their paths."""
    rendered = repositories(template)
    page = filled(PAGE.read_text(encoding="utf-8"), {"examples": examples_table(rendered)})
    files = {FOLDER / folder / path: content for folder, one in rendered.items() for path, content in one.items()}
    return files | {PAGE: page.encode()}


def main() -> None:
    """Write the stale files, and remove the ones that are left over."""
    update(documents(Template()), folders=[FOLDER], keep=[ANSWERS])


if __name__ == "__main__":
    main()
