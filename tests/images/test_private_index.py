"""An image whose packages come from a private index: built with a secret that it does not keep."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.commands import write
from tests.kit.docker import image_of, refused
from tests.kit.private_image import (
    NO_POETRY,
    Network,
    check_index,
    check_refused,
    check_secret,
    closed_index,
    held,
    logins,
    service,
)
from tests.kit.private_index import Index, with_secret

Closed = tuple[Index, Network]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    """Serve an index of the packages for the image of the service, and no others."""
    with closed_index(tmp_path_factory) as running:
        yield running


def test_the_image_is_built_with_the_secret_and_without_a_trace(closed: Closed, tmp_path: Path) -> None:
    """The other installer and the other base are in tests/nightly/test_private_index.py."""
    check_secret("pip", "slim", closed, tmp_path)


def test_passwords_in_layers_and_in_the_history_are_found(tmp_path: Path) -> None:
    """A password that a later instruction hides, and one in the history."""
    recipe = b"FROM scratch\nARG TOKEN=in-the-history\nCOPY secret /\nLABEL token=$TOKEN\n"
    with image_of({"Dockerfile": recipe, "secret": b"in-a-layer"}, tmp_path) as image:
        texts = ["in-the-history", "in-a-layer", "nowhere"]
        assert held(texts, image, tmp_path) == {"in-the-history", "in-a-layer"}


@pytest.mark.parametrize("case", ["none", "empty"])
def test_without_a_login_the_build_says_how_to_give_it(case: str, closed: Closed, tmp_path: Path) -> None:
    """A wrong password is part of check_index."""
    index, network = closed
    check_refused("poetry", logins(index)[case], NO_POETRY, service(network), tmp_path)


def test_the_certificate_of_an_unknown_authority_is_refused(closed: Closed, tmp_path: Path) -> None:
    """On a base without the certificate. All other tests here build on that of docs/networks.md."""
    index, network = closed
    files = service(network._replace(registry=""))
    options = with_secret(files, index.netrc, tmp_path)
    refused(
        write(files, tmp_path), "CERTIFICATE_VERIFY_FAILED", "--no-cache-filter=poetry", "--target=poetry", *options
    )


def test_poetry_itself_comes_from_the_private_index(closed: Closed, tmp_path: Path) -> None:
    index, network = closed
    check_index(service(network), index, tmp_path)
