"""The checks that Dockerfile mutants have to fail pass without a mutant. tests/nightly has the other variants."""

from pathlib import Path

import pytest

from tests.kit.image_checks import CHOSEN, check_variant, variants


@pytest.mark.parametrize("name", CHOSEN)
def test_the_checks_pass(name: str, tmp_path: Path) -> None:
    check_variant(variants()[name], tmp_path)
