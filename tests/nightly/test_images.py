"""The images that `make test` does not build keep the contract too, so that every distinct image is built and run."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.image_cases import other_image_cases
from tests.kit.image_contract import check_image_case
from tools.render.template import Answers, Files


@pytest.mark.cases(("answers", "files"), other_image_cases)
def test_image_keeps_its_contract(
    answers: Answers, files: Files, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    check_image_case(answers, files, tmp_path, record_property)
