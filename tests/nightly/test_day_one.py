"""The first day in generated repositories that have every pair of choices."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.answers import chosen, pairs, pairwise, working_tree
from tests.kit.day_one import check_day_one
from tools.render.template import Answers


def test_the_repositories_have_every_pair_of_choices() -> None:
    found = set().union(*map(pairs, pairwise()))
    assert found == set().union(*(pairs(combination.asked) for combination in working_tree().product()))
    some = pairs({"license": "MIT", "docker": True, "docs": False})
    some |= pairs({"license": "Proprietary", "base_image": "distroless", "package_index": "private"})
    assert len(some) == 6
    assert some <= found


@pytest.mark.cases("answers", pairwise, ids=lambda answers: "-".join(str(answer) for _, answer in chosen(answers)))
def test_all_clean_on_day_one(answers: Answers, tmp_path: Path, record_property: Callable[[str, str], None]) -> None:
    check_day_one(answers, tmp_path, record_property)
