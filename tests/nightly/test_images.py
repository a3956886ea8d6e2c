"""The contract of the images that `make test` does not build, so that each distinct image is built and run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.docker import base_of, image_of, layers, need_engine
from tests.kit.image_cases import other_image_cases
from tests.kit.image_contract import check_image_case
from tools.render.template import Answers, Files


@pytest.mark.cases(("answers", "files"), other_image_cases)
def test_image_keeps_its_contract(
    answers: Answers, files: Files, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    check_image_case(answers, files, tmp_path, record_property)


@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_packages_of_the_builder_leave_nothing_in_the_image(installer: str, tmp_path: Path) -> None:
    answers = {"project_type": "service", "installer": installer, "python_version": "3.13"}
    need_engine(answers)
    found = []
    for packages in ("", "git"):
        files = working_tree().render({**answers, "builder_packages": packages})
        with image_of(files, tmp_path, "--no-cache-filter=runtime") as image:
            found.append(layers(image, base_of(answers)))
    assert found[0] == found[1]
