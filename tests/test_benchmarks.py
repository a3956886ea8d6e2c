"""The benchmarks: what is quoted of them, and what they build. Nothing is timed here."""

import json
import re

import pytest

from benchmarks.builds import with_own_mounts
from benchmarks.images import DOCKERFILES, dockerfile_of
from benchmarks.projects import KINDS, changed, package
from benchmarks.tables import CONTESTANTS, RESULTS, cell, documents, filled, plain_seconds
from extensions.template import ROOT
from tests.support import run

FILES = sorted(DOCKERFILES.glob("*.Dockerfile"))


def test_quoted_figures_are_those_that_were_measured() -> None:
    for path, text in documents(json.loads(RESULTS.read_text(encoding="utf-8"))).items():
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


def test_a_block_without_its_markers_is_an_error() -> None:
    assert filled("1\n<!-- b:start -->\nold\n<!-- b:end -->\n2", {"b": "new"}) == (
        "1\n<!-- b:start -->\nnew\n<!-- b:end -->\n2"
    )
    with pytest.raises(ValueError, match="missing"):
        filled("<!-- b:start -->", {"b": "new"})


def test_figures_have_their_ratio_to_ours() -> None:
    assert cell(3.0, 2.0, 2.0, plain_seconds) == "3.0 (1.5x)"
    assert cell(2.0, 2.0, 2.0, plain_seconds) == "**2.0**"
    assert cell(0.0, 2.0, 0.0, plain_seconds) == "**0.00**"
