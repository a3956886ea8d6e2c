"""The documentation site has every page, and no link in it is broken."""

import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

from tools.repository import ROOT

DOCS = ROOT / "docs"
LISTED = re.compile(r'<li class="toctree-l\d[^"]*"><a class="[^"]*" href="([^"#]+)"')
IN_THE_REPOSITORY = re.compile(r"/(blob|tree)/HEAD/([^#]*)")


class Site(NamedTuple):
    """The built site.

    Attributes:
        folder: Its folder.
        code: The exit code of Sphinx.
        warnings: The warnings of Sphinx.
    """

    folder: Path
    code: int
    warnings: str


class Page(HTMLParser):
    """A page, with its links, its anchors, and its images without an alternative text.

    Args:
        file: The page.
    """

    def __init__(self, file: Path) -> None:
        """Read the page."""
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.without_text: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the links and anchors of an element."""
        known = dict(attrs)
        self.links += [link for key in ("href", "src") if (link := known.get(key))]
        self.anchors |= {name for key in ("id", "name") if (name := known.get(key))}
        if tag == "img" and not known.get("alt"):
            self.without_text.append(known.get("src") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Build the site as `make site` does."""
    [command] = re.findall(r"(?m)^\t\.venv/bin/(sphinx-build .*) docs/_build$", (ROOT / "Makefile").read_text("utf-8"))
    folder = tmp_path_factory.mktemp("site")
    arguments = [ROOT / ".venv/bin/sphinx-build", *command.split()[1:], f"--doctree-dir={folder}/read", folder / "html"]
    result = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    return Site(folder / "html", result.returncode, result.stderr)


def test_every_page_is_listed(site: Site) -> None:
    listed = set(LISTED.findall((site.folder / "index.html").read_text(encoding="utf-8")))
    pages = {page.relative_to(DOCS) for page in DOCS.rglob("*.md") if "_build" not in page.parts} - {Path("index.md")}
    missing = [f"docs/{page}" for page in sorted(pages) if f"{page.with_suffix('.html')}" not in listed]
    assert not missing, f"add to a toctree of docs/index.md: {', '.join(missing)}"


def test_sphinx_gives_no_warning(site: Site) -> None:
    assert (site.warnings, site.code) == ("", 0)


def test_no_link_is_broken(site: Site) -> None:
    """Including fragments. Links to files that are no pages lead to the repository."""
    pages = {file: Page(file) for file in site.folder.rglob("*.html")}
    left = set()
    for file, page in pages.items():
        for link in page.links:
            path, _, part = unquote(link).partition("#")
            if found := IN_THE_REPOSITORY.search(path):
                target = ROOT / found[2]
                assert target.is_dir() if found[1] == "tree" else target.is_file(), f"{file.name}: {link}"
                left.add(found[2])
            elif not re.match(r"\w+:", link):
                target = (file.parent / path.partition("?")[0]).resolve() if path else file
                assert target.is_file(), f"{file.name}: {link}"
                assert not part or target not in pages or part in pages[target].anchors, f"{file.name}: {link}"
    assert {"README.md", "catalog-info.yaml", "copier.yml", "docs/backstage", "presets"} <= left
    assert [path for path in left if path.startswith("docs/")] == ["docs/backstage"]
    assert "CHANGELOG.md" not in left


def test_every_image_has_an_alternative_text(site: Site) -> None:
    for file in site.folder.rglob("*.html"):
        assert Page(file).without_text == [], file.name
    assert {picture.name for picture in (DOCS / "pictures").iterdir()} <= {
        image.name for image in (site.folder / "_images").iterdir()
    }


def test_the_schema_can_be_downloaded(site: Site) -> None:
    [link] = {link for link in Page(site.folder / "catalog.html").links if link.endswith("answers.schema.json")}
    assert (site.folder / link).read_bytes() == (DOCS / "answers.schema.json").read_bytes()
