"""A newer package of Poetry cannot change the project in an image."""

from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import write
from tests.kit.day_two import serve_files
from tests.kit.docker import docker, image_of
from tests.kit.image_checks import POETRY_TXT
from tests.kit.private_index import newer_package

FIND = "from pathlib import Path; print(next(Path('/out').rglob('myproject/__init__.py')).read_text())"


@pytest.mark.parametrize("hashed", [False, True])
def test_a_newer_package_of_poetry_changes_no_image(hashed: bool, tmp_path: Path) -> None:
    """Without the hashes, which images had before, it changed the source that the stage then built."""
    files = working_tree().render({"python_version": "3.13"})
    dockerfile = files["Dockerfile"].decode()
    if not hashed:
        dockerfile = dockerfile.replace(" --require-hashes --only-binary=:all: --no-compile", " --no-compile", 1)
        files[POETRY_TXT] = files[".tools/poetry.in"]
    write(newer_package(), tmp_path / "index")
    with serve_files(tmp_path / "index") as address:
        line = " AS poetry\n"
        dockerfile = dockerfile.replace(line, f"{line}ENV PIP_EXTRA_INDEX_URL={address}/simple\n", 1)
        files["Dockerfile"] = dockerfile.encode()
        with image_of(files, tmp_path / "project", "--network=host", "--target=project") as image:
            source = docker("run", "--rm", "--entrypoint=python", image, "-S", "-c", FIND)
    changed = source.strip() != working_tree().render({})["src/myproject/__init__.py"].decode().strip()
    assert changed == (not hashed)
