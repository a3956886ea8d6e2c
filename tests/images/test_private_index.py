"""An image whose packages come from a private index: built with a secret that it does not keep."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.commands import write
from tests.kit.docker import image_of, refused
from tests.kit.private_image import check_index, check_secret, closed_index, held, service
from tests.kit.private_index import Index


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Serve an index of the packages for the image of the service, and no others."""
    with closed_index(tmp_path_factory) as running:
        yield running


def test_the_image_is_built_with_the_secret_and_without_a_trace(index: Index, tmp_path: Path) -> None:
    """The other installer and the other base are in tests/nightly/test_private_index.py."""
    check_secret("pip", "slim", index, tmp_path)


def test_what_is_looked_for_is_found(tmp_path: Path) -> None:
    """A password that a later instruction hides, and one in the history."""
    recipe = b"FROM scratch\nARG TOKEN=in-the-history\nCOPY secret /\nLABEL token=$TOKEN\n"
    with image_of({"Dockerfile": recipe, "secret": b"in-a-layer"}, tmp_path) as image:
        texts = ["in-the-history", "in-a-layer", "nowhere"]
        assert held(texts, image, tmp_path) == {"in-the-history", "in-a-layer"}


def test_without_the_secret_the_build_says_how_to_give_it(index: Index, tmp_path: Path) -> None:
    words = "secret netrc: not found"
    output = refused(write(service(index.url), tmp_path), words, "--no-cache", "--network=host")
    assert 'docker build --secret "id=netrc,src=$HOME/.netrc" .' in output


def test_poetry_itself_comes_from_the_private_index(index: Index, tmp_path: Path) -> None:
    check_index(service(index.url), index, tmp_path)
