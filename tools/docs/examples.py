"""Renders the repositories in examples/, which can be looked at without making one: `make examples`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.docs.write import filled
from tools.questions.model import git
from tools.render.template import ADDRESS, ROOT, Files, Template

FOLDER = ROOT / "examples"
GIVEN = FOLDER / "answers.yml"
PAGE = ROOT / "docs/examples.md"


def examples() -> dict[str, Any]:
    """Return what each example shows, and its answers, by its folder."""
    kinds = yaml.safe_load(GIVEN.read_text(encoding="utf-8"))
    return {
        f"{kind}/{name}": {**each, "answers": {"project_type": kind, **each["answers"]}}
        for kind, those in kinds.items()
        for name, each in those.items()
    }


def repositories(template: Template) -> dict[str, Files]:
    """Render each example, by its folder."""
    return {folder: repository(template, each["answers"]) for folder, each in examples().items()}


def repository(template: Template, answers: Mapping[str, Any]) -> Files:
    """Render an example as if it came from where the template is; of which commit, is left out."""
    here, there = (f"\n_src_path: {source}\n".encode() for source in (template.folder, f"{ADDRESS}.git"))
    files = template.render(dict(answers))
    return files | {".copier-answers.yml": files[".copier-answers.yml"].replace(here, there)}


def table(rendered: Mapping[str, Files]) -> str:
    """Write where each example is, what it shows and how many files it has."""
    rows = [
        f"| [{folder}](../examples/{folder}) | {each['shows']} | {len(rendered[folder])} |"
        for folder, each in examples().items()
    ]
    return "\n".join(["| example | what it shows | files |", "| --- | --- | --: |", *rows])


def written(template: Template) -> dict[Path, bytes]:
    """Return all that `make examples` writes, by its path."""
    rendered = repositories(template)
    page = filled(PAGE.read_text(encoding="utf-8"), {"examples": table(rendered)})
    files = {FOLDER / folder / path: content for folder, those in rendered.items() for path, content in those.items()}
    return files | {PAGE: page.encode()}


def stale(files: Mapping[Path, bytes]) -> list[Path]:
    """Return which files are not as they are to be written, and which of those that Git takes are none of them.

    Args:
        files: What is to be written.
    """
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", str(FOLDER)).split("\0")
    paths = {*files, *(ROOT / line for line in listed)} - {GIVEN}
    there = {path: path.read_bytes() for path in paths if path.is_file()}
    return sorted(path for path in {*files, *there} if files.get(path) != there.get(path))


def main() -> None:
    """Write what is stale, and remove what is not rendered any more."""
    files = written(Template())
    for path in stale(files):
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[path])
        else:
            path.unlink()


if __name__ == "__main__":
    main()
