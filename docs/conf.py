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
"""Pages outside docs/, with the pages that include them."""

NUMBERED = """
```{toctree}
:glob:
:hidden:

0*
```
"""
"""The table of contents of the decisions for the site. The page has a list for the Git host."""


def with_site_links(text: str, folder: Path) -> str:
    """Replace links to folders and to files outside docs/ by links to the repository on its Git host.

    Args:
        text: A page.
        folder: The folder of the page.
    """

    def address(link: re.Match[str]) -> str:
        target = (folder / link[1]).resolve()
        target = ELSEWHERE.get(target, target)
        if target.is_relative_to(DOCS) and not target.is_dir():
            return os.path.relpath(target, folder if folder.is_relative_to(DOCS) else DOCS)
        return f"{REPOSITORY}/{'tree' if target.is_dir() else 'blob'}/HEAD/{target.relative_to(ROOT)}"

    return LINK.sub(address, text)


def read(app: Sphinx, name: str, content: list[str]) -> None:
    """Convert a page."""
    content[0] = with_site_links(content[0], (DOCS / name).parent) + (NUMBERED if name == "decisions/README" else "")


def include(app: Sphinx, path: Path, name: str, content: list[str]) -> None:
    """Convert an included page."""
    content[0] = with_site_links(content[0], (app.srcdir / path).resolve().parent)


def setup(app: Sphinx) -> None:
    """Register the conversions."""
    app.connect("source-read", read)
    app.connect("include-read", include)
