"""The site of docs/: that it has every page, where its links lead, and what its pictures show."""

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from benchmarks.tables import RESULTS
from tests.kit.answers import working_tree
from tools.repository import ROOT

DOCS = ROOT / "docs"
PAGES = [path.relative_to(DOCS) for path in DOCS.rglob("*.md") if "_build" not in path.parts]
PICTURES = DOCS / "pictures"
LISTED = re.compile(r'<li class="toctree-l\d[^"]*"><a class="[^"]*" href="([^"#]+)"')
IN_THE_REPOSITORY = re.compile(r"/(blob|tree)/HEAD/([^#]*)")


class Site(NamedTuple):
    """What Sphinx has made.

    Attributes:
        folder: Where it is.
        code: With what Sphinx ended.
        said: Of what it warned.
    """

    folder: Path
    code: int
    said: str


class Page(HTMLParser):
    """The links of a page, what they can name in it, and its images without a text.

    Args:
        file: The page.
    """

    def __init__(self, file: Path) -> None:
        """Read the page."""
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()
        self.mute: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what an element leads to, and how it is named."""
        known = dict(attrs)
        self.links += [link for key in ("href", "src") if (link := known.get(key))]
        self.names |= {name for key in ("id", "name") if (name := known.get(key))}
        if tag == "img" and not known.get("alt"):
            self.mute.append(known.get("src") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Build the site as `make site` does."""
    [command] = re.findall(r"(?m)^\t\.venv/bin/(sphinx-build .*) docs/_build$", (ROOT / "Makefile").read_text("utf-8"))
    folder = tmp_path_factory.mktemp("site")
    words = [ROOT / ".venv/bin/sphinx-build", *command.split()[1:], f"--doctree-dir={folder}/read", folder / "html"]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return Site(folder / "html", result.returncode, result.stderr)


def test_every_page_is_listed(site: Site) -> None:
    listed = set(LISTED.findall((site.folder / "index.html").read_text(encoding="utf-8")))
    missing = [
        f"docs/{page}" for page in PAGES if str(page) != "index.md" and f"{page.with_suffix('.html')}" not in listed
    ]
    assert not missing, f"name in a toctree of docs/index.md: {', '.join(missing)}"


def test_sphinx_warns_of_nothing(site: Site) -> None:
    assert (site.said, site.code) == ("", 0)


def test_no_link_is_broken(site: Site) -> None:
    """Nor the part of a page that it names. What is in no page leads to the repository."""
    pages = {file: Page(file) for file in site.folder.rglob("*.html")}
    assert len(pages) > len(PAGES)
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
                assert not part or target not in pages or part in pages[target].names, f"{file.name}: {link}"
    assert {"README.md", "catalog-info.yaml", "copier.yml", "presets", "tests/test_practices.py"} <= left
    assert not [path for path in left if path.startswith("docs/") or path == "CHANGELOG.md"]


def test_pictures_say_what_they_show(site: Site) -> None:
    for file in site.folder.rglob("*.html"):
        assert Page(file).mute == [], file.name
    assert all((site.folder / f"_images/{picture.name}").is_file() for picture in PICTURES.iterdir())


def test_the_schema_can_be_downloaded(site: Site) -> None:
    [link] = {link for link in Page(site.folder / "catalog.html").links if link.endswith("answers.schema.json")}
    assert (site.folder / link).read_bytes() == (DOCS / "answers.schema.json").read_bytes()


def arrows(picture: ElementTree.Element, kind: str) -> set[str]:
    """Return what the arrows of a picture join."""
    return {found for each in picture.iterfind(f".//*[@class='{kind}']") if (found := each.get("id"))}


@pytest.mark.parametrize("kind", ["package", "service"])
@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_the_picture_has_the_stages_of_the_dockerfile(kind: str, installer: str) -> None:
    """And what each starts from, and copies from another."""
    dockerfile = working_tree().render({"project_type": kind, "installer": installer})["Dockerfile"].decode()
    stages = re.findall(r"(?m)^FROM (\S+) AS (\S+)$((?:\n(?!FROM ).*)*)", dockerfile)
    names = {name for _, name, _ in stages}
    picture = ElementTree.parse(PICTURES / f"stages-{installer}.svg").getroot()
    assert {each.text for each in picture.iterfind(".//*[@class='name']")} == names
    assert arrows(picture, "starts") == {f"{base}-{name}" for base, name, _ in stages if base in names}
    copies = {f"{source}-{name}" for _, name, text in stages for source in re.findall(r"COPY --from=(\S+)", text)}
    assert arrows(picture, "copies") == copies
    assert len(picture.findall(".//*[@class='layer']")) == len([copy for copy in copies if copy.endswith("-runtime")])


def test_the_picture_has_the_layers_that_were_shipped() -> None:
    measured = json.loads(RESULTS.read_text(encoding="utf-8"))["sets"]["large"]["contestants"]["ours"]
    picture = ElementTree.parse(PICTURES / "ships.svg").getroot()
    for case in ("source", "tool", "development", "bump"):
        boxes = [each.get("class") for each in picture.findall(f".//*[@id='{case}']/*")][-3:]
        assert boxes.count("shipped") == measured["ships"][case]["layers"]
        assert (boxes[1] == "kept") == measured["keeps_third_party"][case]
