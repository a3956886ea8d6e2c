"""Settings of Sphinx for the template's own site: `make site`."""

import os
import re
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["repository"]

project = "copier-poetry-docker"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
nitpicky = True
myst_heading_anchors = 3
highlight_language = "none"
pygments_style = "default"
html_theme = "furo"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_use_index = False
html_show_copyright = False

LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#]+)")
ELSEWHERE = {ROOT / "CHANGELOG.md": DOCS / "changelog.md"}
"""Pages that lie in another folder than docs/, and what includes them."""

NUMBERED = """
```{toctree}
:glob:
:hidden:

0*
```
"""
"""What the site needs to list the decisions; the page itself has a list that any host shows."""


def led(text: str, folder: Path) -> str:
    """Return a text whose links leave docs/ for the repository, where they lead to something that is not in docs/.

    Args:
        text: A page, with the links as the Git host has them.
        folder: From where they lead.
    """

    def address(link: re.Match[str]) -> str:
        target = (folder / link[1]).resolve()
        target = ELSEWHERE.get(target, target)
        if target.is_relative_to(DOCS):
            return os.path.relpath(target, folder if folder.is_relative_to(DOCS) else DOCS)
        return f"{REPOSITORY}/{'tree' if target.is_dir() else 'blob'}/HEAD/{target.relative_to(ROOT)}"

    return LINK.sub(address, text)


def read(app: Sphinx, name: str, content: list[str]) -> None:
    """Change a page as it is read."""
    content[0] = led(content[0], (DOCS / name).parent) + (NUMBERED if name == "decisions/README" else "")


def include(app: Sphinx, path: Path, name: str, content: list[str]) -> None:
    """Change what a page includes, as it is read."""
    content[0] = led(content[0], (app.srcdir / path).resolve().parent)


def setup(app: Sphinx) -> None:
    """Tell Sphinx what is done with each page."""
    app.connect("source-read", read)
    app.connect("include-read", include)
