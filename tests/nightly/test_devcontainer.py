"""The image of the dev container has the Debian packages that a dependency is built with and runs with."""

from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import write
from tests.kit.docker import built, docker, need_engine
from tests.kit.image_checks import DEVCONTAINER
from tools.render.template import Answers

INSTALL = "python -m venv /tmp/own && /tmp/own/bin/pip install --no-binary=:all: psycopg2==2.9.12"
IMPORT = "/tmp/own/bin/python -c 'import psycopg2; print(psycopg2.__libpq_version__)'"


@pytest.mark.parametrize(
    "image",
    [
        # Not 3.13: the stand-in made of Debian's Python lacks the headers of the official image.
        {"python_version": "3.12", "builder_packages": "build-essential libpq-dev", "runtime_packages": "libpq5"},
        {
            "python_version": "3.13",
            "base_image": "distroless",
            "builder_packages": "build-essential libpq-dev python3-dev",
        },
    ],
    ids=["slim", "distroless"],
)
def test_a_source_distribution_builds_in_the_dev_container(image: Answers, tmp_path: Path) -> None:
    """As it does in the image, with the compiler and the library of PostgreSQL's client."""
    answers = {"devcontainer": True, **image}
    need_engine(answers)
    folder = write(working_tree().render(answers), tmp_path)
    with built(folder, f"--file={folder / DEVCONTAINER}") as (name, _):
        output = docker("run", "--rm", "--user=developer", name, "bash", "-euc", f"{INSTALL}\n{IMPORT}")
    assert output.splitlines()[-1].isdecimal()
