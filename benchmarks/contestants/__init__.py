"""The contestants: the templates and the Dockerfiles that are compared."""

import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.kit.answers import working_tree
from tests.kit.commands import run
from tools.render.template import PARTS, Files, Template
from tools.repository import ROOT

FOLDER = Path(__file__).parent
OURS = "ours"
LABELS = {
    OURS: "this template",
    "uv": "uv's example",
    "bundle": "poetry bundle",
    "bundle-compiled": "poetry bundle, compiled",
    "article-wheel": "article, wheel",
    "article-export": "article, export",
    "faq": "Poetry's FAQ",
    "naive": "one naive stage",
}
"""The label of each contestant, in the order of the tables."""


@dataclass(frozen=True)
class Contestant:
    """A Dockerfile, and the project that it builds.

    Attributes:
        name: The key in the results.
        label: The name in tables.
        template: Renders the project, and its Dockerfile unless `FOLDER` has one.
    """

    name: str
    label: str
    template: Template

    def dockerfile(self, project: Files) -> str:
        """Return the contestant's own Dockerfile, or else the rendered one."""
        own = FOLDER / f"{self.name}.Dockerfile"
        return own.read_text(encoding="utf-8") if own.is_file() else project["Dockerfile"].decode()


def contestant(name: str) -> Contestant:
    """Return the contestant with a name, which builds a project of the working tree's template."""
    return Contestant(name, LABELS[name], working_tree())


def earlier(commit: str) -> Contestant:
    """Return the template of a commit as a contestant."""
    return Contestant(commit, f"template at {commit}", template_at(commit))


def template_at(commit: str) -> Template:
    """Return the template as it was at a commit of this repository."""
    with TemporaryDirectory() as name:
        archive, folder = Path(name, "parts.tar"), Path(name, "parts")
        run("git", "archive", f"--output={archive}", commit, *PARTS, cwd=ROOT)
        with tarfile.open(archive) as parts:
            parts.extractall(folder, filter="data")
        return Template(folder)
