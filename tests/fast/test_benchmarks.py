"""The benchmarks: what is quoted of them, and what they build. Nothing is timed here."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks.builds import with_own_mounts
from benchmarks.images import DOCKERFILES, dockerfile_of
from benchmarks.projects import KINDS, changed, package
from benchmarks.tables import CONTESTANTS, RESULTS, cell, measured, plain_seconds
from benchmarks.updates import (
    CHANGES,
    HOSTS,
    REPOSITORIES,
    Origin,
    origins,
    quarters,
    update_by_command,
    verify,
    verify_standing,
    watched,
)
from tests.kit.answers import KINDS as TYPES
from tests.kit.commands import run, write
from tests.kit.rehearsal import NEXT, Edited
from tools.fleet.standing import Standing
from tools.history import releases
from tools.repository import ROOT

FILES = sorted(DOCKERFILES.glob("*.Dockerfile"))


def test_quoted_figures_are_those_that_were_measured() -> None:
    for path, text in measured().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run .venv/bin/python -m benchmarks.tables"


def test_every_contestant_was_measured_with_every_set() -> None:
    sets = json.loads(RESULTS.read_text(encoding="utf-8"))["sets"]
    assert list(sets) == list(KINDS)
    assert all(list(one["contestants"]) == list(CONTESTANTS) for one in sets.values())


def test_dockerfiles_are_clean() -> None:
    run(ROOT / ".venv/bin/hadolint", *FILES)


def test_every_contestant_has_a_dockerfile_on_the_same_base() -> None:
    files = package(KINDS["small"], "3.13")
    for contestant in CONTESTANTS:
        dockerfile = dockerfile_of(contestant, files)
        assert dockerfile.count("ARG PYTHON_IMAGE=python:3.13-slim-trixie\n") == 1, contestant
        assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) <= {
            "${PYTHON_IMAGE}",
            "${UV_IMAGE}",
            *re.findall(r" AS (\S+)", dockerfile),
        }
    assert {file.stem for file in FILES} == {*CONTESTANTS, "uv-image"} - {"ours"}


def test_cache_mounts_get_names_that_no_other_build_uses() -> None:
    text = with_own_mounts("RUN --mount=type=cache,target=/a,sharing=locked --mount=type=cache,id=b,target=/b x", "t")
    assert text == ("RUN --mount=type=cache,id=t-/a,target=/a,sharing=locked --mount=type=cache,id=t-/b,target=/b x")


def test_an_edit_that_changes_nothing_is_an_error() -> None:
    with pytest.raises(AssertionError, match="has no b"):
        changed({"file": b"a"}, "file", "b", "c")


def test_figures_have_their_ratio_to_ours() -> None:
    assert cell(3.0, 2.0, 2.0, plain_seconds) == "3.0 (1.5x)"
    assert cell(2.0, 2.0, 2.0, plain_seconds) == "**2.0**"
    assert cell(0.0, 2.0, 0.0, plain_seconds) == "**0.00**"


def test_each_quarter_of_the_repositories_has_the_same_mix_of_everything() -> None:
    found = origins(REPOSITORIES)
    quarter = found[: REPOSITORIES // 4]
    assert found == 4 * quarter
    assert {one.tag for one in quarter} == set(releases())
    assert {one.kind for one in quarter} == set(TYPES)
    assert {one.host for one in quarter} == set(HOSTS)
    assert {one.edits for one in quarter} == set(CHANGES)


def test_quarters_are_told_by_when_each_update_was_done() -> None:
    assert quarters([1, 2, 3, 5, 6, 8, 9, 12]) == [2, 3, 3, 4]


def test_what_is_watched_is_timed_and_then_left_as_it_was() -> None:
    before = json.dumps
    with watched(json, "dumps") as spans:
        assert json.dumps(1) == "1"
    assert len(spans) == 1
    assert json.dumps is before


def test_an_update_that_fails_stops_the_benchmark(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="could not be updated"):
        update_by_command(tmp_path)


@pytest.mark.parametrize(
    ("commit", "added", "deleted", "holds"),
    [
        (NEXT, "ours", "gone", True),
        ("v0.1.0", "ours", "gone", False),
        (NEXT, "lost", "gone", False),
        (NEXT, "ours", "file", False),
    ],
)
def test_an_update_that_loses_something_stops_the_benchmark(
    commit: str, added: str, deleted: str, holds: bool, tmp_path: Path
) -> None:
    write({".copier-answers.yml": f"_commit: {commit}\n".encode(), "file": b"ours\n"}, tmp_path)
    edit = Edited(tmp_path, {"file": {added}}, {deleted})
    if holds:
        assert not verify(edit, tmp_path)
    else:
        with pytest.raises(SystemExit, match="is not what it should be"):
            verify(edit, tmp_path)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, None),
        ({"release": "v0.2.0"}, "is not what it should be"),
        ({"behind": 0}, "is not what it should be"),
        ({"refused": {"license": "no"}}, "is not what it should be"),
        ({"problem": "It is nowhere."}, "is not what it should be"),
        ({"drift": {}}, "does not have what was edited"),
    ],
)
def test_a_report_that_is_wrong_about_a_repository_stops_the_benchmark(told: dict[str, Any], words: str | None) -> None:
    origin = Origin("v0.1.0", "package", "github", ("dockerfile",))
    right = {"release": "v0.1.0", "behind": 2, "drift": {"Dockerfile": "changed"}, "refused": {}}
    standing = Standing("clone", **{**right, **told})
    if words is None:
        verify_standing(standing, origin, ["v0.1.0", "v0.2.0", NEXT])
    else:
        with pytest.raises(SystemExit, match=words):
            verify_standing(standing, origin, ["v0.1.0", "v0.2.0", NEXT])
