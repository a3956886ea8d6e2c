"""The pictures in docs/ match the Dockerfile and the measurements."""

import json
import re
from xml.etree import ElementTree

import pytest

from benchmarks.figures import RESULTS
from tests.kit.answers import working_tree
from tools.repository import ROOT

PICTURES = ROOT / "docs/pictures"


def arrows(picture: ElementTree.Element, kind: str) -> set[str]:
    """Return the connections of a kind in a picture."""
    return {found for each in picture.iterfind(f".//*[@class='{kind}']") if (found := each.get("id"))}


@pytest.mark.parametrize("kind", ["package", "service"])
@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_the_picture_shows_the_stages_of_the_dockerfile(kind: str, installer: str) -> None:
    """With their bases and their copies from other stages."""
    dockerfile = working_tree().render({"project_type": kind, "installer": installer})["Dockerfile"].decode()
    stages = re.findall(r"(?m)^FROM (\S+) AS (\S+)$((?:\n(?!FROM ).*)*)", dockerfile)
    names = {name for _, name, _ in stages}
    picture = ElementTree.parse(PICTURES / f"stages-{installer}.svg").getroot()
    assert {each.text for each in picture.iterfind(".//*[@class='name']")} == names
    assert arrows(picture, "starts") == {f"{base}-{name}" for base, name, _ in stages if base in names}
    copies = {f"{source}-{name}" for _, name, text in stages for source in re.findall(r"COPY --from=(\S+)", text)}
    assert arrows(picture, "copies") == copies
    [runtime] = [text for _, name, text in stages if name == "runtime"]
    assert len(picture.findall(".//*[@class='layer']")) == len(re.findall(r"(?m)^(?:COPY|RUN) ", runtime))


def test_the_picture_shows_the_measured_layers() -> None:
    measured = json.loads(RESULTS.read_text(encoding="utf-8"))["sets"]["large"]["contestants"]["ours"]
    picture = ElementTree.parse(PICTURES / "ships.svg").getroot()
    for case in ("source", "tool", "development", "bump"):
        boxes = [each.get("class") for each in picture.findall(f".//*[@id='{case}']/*")][-3:]
        assert boxes.count("shipped") == measured["ships"][case]["layers"]
        assert (boxes[1] == "kept") == measured["keeps_third_party"][case]
