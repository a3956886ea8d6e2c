"""Updates through each release, each edit alone and all together, and the images of updated repositories.

tests/updates/test_update.py has the updates at once to the working tree.
"""

import os
import shutil
from itertools import product
from pathlib import Path

import pytest

from tests.kit.answers import KINDS
from tests.kit.commands import POETRY, committed, run
from tests.kit.docker import built, inspect, need_engine
from tests.kit.rehearsal import (
    APART,
    EDITED,
    NEXT,
    Edited,
    check,
    choose_template_side,
    combined_edits,
    edited,
    generated,
    known,
    refresh_lock,
    release_tags,
    update_by_hops,
    updated,
)

INSTALLERS = ["pip", "poetry"]
ALL = "all"
"""The case with all edits that work together."""

Case = tuple[str, str, str, str]


def newer_than(tag: str) -> tuple[str, ...]:
    """Return the releases after a release, the working tree last."""
    return (*release_tags()[release_tags().index(tag) + 1 :], NEXT)


def untouched_cases() -> list[tuple[str, str, str]]:
    """Return each release with each kind and installer."""
    return list(product(release_tags(), KINDS, INSTALLERS))


@pytest.mark.cases(("tag", "kind", "installer"), untouched_cases)
def test_an_untouched_repository_follows_each_release(
    tag: str, kind: str, installer: str, template: Path, tmp_path: Path
) -> None:
    """An update at once and one through each release between give the files of a new repository."""
    answers = {"project_type": kind, "project_name": "data-tool", "installer": installer}
    old = generated(template, tag, answers, tmp_path / "old")
    direct, hopping = committed(old, tmp_path / "direct"), committed(old, tmp_path / "hopping")
    files = updated(direct, NEXT)
    for hop in newer_than(tag):
        assert run("git", "status", "--porcelain", cwd=hopping) == ""
        hopped = updated(hopping, hop)
    assert files == hopped == generated(template, NEXT, known(direct), tmp_path / "new")


def edit_cases() -> list[Case]:
    """Return the releases, kinds, edits and installers that are tested together.

    The case of all edits with pip meets each release and kind; the others take turns.
    """
    variants = [(ALL, "pip"), (ALL, "poetry"), *((edit, "pip") for edit in sorted(APART))]
    return [
        (tag, kind, edit, installer)
        for number, tag in enumerate(release_tags())
        for turn, kind in enumerate(KINDS)
        for place, (edit, installer) in enumerate(variants)
        if place == 0 or (number + turn + place) % 2 == 0
    ]


def test_every_edit_meets_every_release_and_every_kind() -> None:
    cases = edit_cases()
    for edit, installer in {(edit, installer) for _, _, edit, installer in cases}:
        met = [(tag, kind) for tag, kind, *variant in cases if variant == [edit, installer]]
        assert {tag for tag, _ in met} == set(release_tags())
        assert {kind for _, kind in met} == set(KINDS)
    assert {edit for _, _, edit, _ in cases} == {ALL, *APART}


@pytest.mark.cases(("tag", "kind", "edit", "installer"), edit_cases)
def test_edits_are_kept(tag: str, kind: str, edit: str, installer: str, template: Path, tmp_path: Path) -> None:
    """By an update at once and by one through each release. Then the tests pass and the image builds."""
    answers = {"project_type": kind, "installer": installer, **EDITED}
    project = committed(generated(template, tag, answers, tmp_path / "old"), tmp_path / "direct")
    made = edited(project, kind, *(combined_edits() if edit == ALL else [edit]))
    hopping = Path(shutil.copytree(project, tmp_path / "hopping"))
    check(made, updated(project, NEXT))
    choose_template_side(project)
    refresh_lock(project)
    if installer == "pip" and newer_than(tag) != (NEXT,):
        update_by_hops(Edited(hopping, made.added, made.deleted), newer_than(tag))
    if edit == ALL:
        if installer == "pip":
            install_and_test(project)
        need_engine(answers)
        with built(project) as (image, _):
            assert inspect(image)["Config"]["User"]


def install_and_test(project: Path) -> None:
    """Install the locked dependencies of a project and run its tests."""
    environment = {**os.environ, "POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    run(POETRY, "install", "--quiet", cwd=project, env=environment)
    run(POETRY, "run", "pytest", cwd=project, env=environment)
