"""The benchmarks' quotes, contestants, options and calculations. Nothing is timed, and no image is built."""

import json
import re
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from benchmarks import images, updates
from benchmarks.builds import with_own_mounts
from benchmarks.comparison import compared_figures, comparison, verdict, worse
from benchmarks.contestants import FOLDER, LABELS, OURS, contestant, earlier
from benchmarks.counts import with_extra_question
from benchmarks.figures import RESULTS, Figure, Results, build, cell, seconds, shipped
from benchmarks.projects import EDITS, SETS, Project, changed, package
from benchmarks.report import documents
from benchmarks.repositories import Origin, check_standing, check_update, edit_sets, hosts, origins
from benchmarks.updates import REPOSITORIES, quarters, timed
from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import run, write
from tests.kit.rehearsal import NEXT, Edited
from tools.fleet.standing import Standing
from tools.history import releases
from tools.render.template import Files
from tools.repository import ROOT

BASE = "ARG PYTHON_IMAGE=python:3.13-slim-trixie\n"


@cache
def results() -> Results:
    """Return the results that the documents quote."""
    found: Results = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


@cache
def project() -> Files:
    """Return the small project of this template, without locks."""
    return package(SETS["small"], working_tree())


def test_the_documents_quote_the_results() -> None:
    for path, text in documents().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run .venv/bin/python -m benchmarks.report"


def test_every_contestant_was_measured_with_every_set() -> None:
    assert list(results()["sets"]) == list(SETS)
    assert all(list(one["contestants"]) == list(LABELS) for one in results()["sets"].values())


def test_dockerfiles_are_clean() -> None:
    run(ROOT / ".venv/bin/hadolint", *FOLDER.glob("*.Dockerfile"))


def test_every_contestant_has_a_dockerfile_on_the_same_base() -> None:
    for name in LABELS:
        dockerfile = contestant(name).dockerfile(project())
        assert dockerfile.count(BASE) == 1, name
        assert set(re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)) <= {
            "${PYTHON_IMAGE}",
            "${UV_IMAGE}",
            *re.findall(r" AS (\S+)", dockerfile),
        }
    assert {file.stem for file in FOLDER.glob("*.Dockerfile")} == {*LABELS, "uv-image"} - {OURS}


def test_an_earlier_template_renders_its_own_project() -> None:
    commit = next(iter(releases().values()))
    template = earlier(commit)
    files = package(SETS["small"], template.template)
    assert BASE in template.dockerfile(files)
    assert template.dockerfile(files) != contestant(OURS).dockerfile(project())


def test_every_edit_changes_the_project() -> None:
    assert set(EDITS) == {"source", "tool", "version", "development", "bump"}
    for edit in ("source", "tool"):
        both = [Project(project(), {}, {}).edited(edit, number) for number in (1, 2)]
        assert project() != both[0] != both[1], edit


def test_cache_mounts_get_names_that_no_other_build_uses() -> None:
    text = with_own_mounts("RUN --mount=type=cache,target=/a,sharing=locked --mount=type=cache,id=b,target=/b x", "t")
    assert text == ("RUN --mount=type=cache,id=t-/a,target=/a,sharing=locked --mount=type=cache,id=t-/b,target=/b x")


def test_an_edit_that_changes_nothing_is_an_error() -> None:
    with pytest.raises(AssertionError, match="has no b"):
        changed({"file": b"a"}, "file", "b", "c")


def test_the_readme_of_the_extra_question_reads_it() -> None:
    template = with_extra_question()
    assert set(template.questions) - set(working_tree().questions) == {"greet"}
    assert b"Hello!" in template.render({})["README.md"]


def test_figures_have_their_ratio_to_ours() -> None:
    assert cell(3.0, 2.0, 2.0, seconds) == "3.0 (1.5x)"
    assert cell(2.0, 2.0, 2.0, seconds) == "**2.0**"
    assert cell(0.0, 2.0, 0.0, seconds) == "**0.00**"


@pytest.mark.parametrize(
    ("samples", "reference", "varies", "expected"),
    [
        ([2.0, 2.1, 2.2], [1.0, 1.1, 1.2], True, "worse"),
        ([1.0, 1.1, 1.2], [2.0, 2.1, 2.2], True, "better"),
        ([1.0, 1.3, 1.6], [1.0, 1.0, 1.0], True, "same"),
        ([1.3, 1.3, 1.3], [0.8, 1.0, 1.4], True, "same"),
        ([2.0], [1.0], True, "noise unknown"),
        ([3510.0], [3500.0], False, "same"),
        ([3550.0], [3500.0], False, "worse"),
        ([0.0], [0.0], False, "same"),
        ([1.0], [0.0], False, "worse"),
    ],
)
def test_a_difference_counts_beyond_the_noise(
    samples: list[float], reference: list[float], varies: bool, expected: str
) -> None:
    figure = Figure("", lambda results: results["samples"], seconds, varies)
    assert verdict(figure, {"samples": samples}, {"samples": reference}) == expected


def sample(cold: list[float], sent: int) -> Results:
    """Return the part of a contestant's results that the comparison below reads."""
    return {"seconds": {"cold": cold}, "ships": {"source": {"gzip": sent}}}


def test_contestants_stand_side_by_side_with_ratio_and_spread() -> None:
    contestants = {OURS: sample([4.0, 3.0, 3.5], 3000), "old": sample([2.0, 2.2, 2.1], 6000)}
    figures = [build("cold"), shipped("source")]
    assert comparison(contestants, {OURS: "new", "old": "old"}, "old", figures).splitlines() == [
        "|  | old | new | ratio |",
        "| --- | --: | --: | --: |",
        "| cold | 2.1 (2.0 to 2.2) | 3.5 (3.0 to 4.0) | 1.67x worse |",
        "| source edited | 6.0 kB | 3.0 kB | 0.50x better |",
    ]
    assert list(worse(contestants[OURS], contestants["old"], figures)) == ["cold"]


def test_every_measured_figure_is_compared() -> None:
    rounds, ours = results()["rounds"], results()["sets"]["small"]["contestants"][OURS]
    figures = compared_figures(rounds)
    assert len(figures) == 1 + (1 + len(EDITS)) + len(EDITS) + 2
    assert {len(figure.read(ours)) for figure in figures} == {1, rounds}
    assert not list(worse(ours, ours, figures))


def test_a_worse_figure_ends_a_comparison_with_an_error() -> None:
    small = results()["sets"]["small"]["contestants"]
    found = {"rounds": results()["rounds"], "sets": {"small": {"contestants": small}}}
    images.exit_if_worse(found, OURS)
    with pytest.raises(SystemExit, match="small: cold, s"):
        images.exit_if_worse(found, "uv")


def test_the_order_of_turns_changes_from_round_to_round() -> None:
    both = [contestant(OURS), contestant("uv")]
    assert [[one.name for one in images.in_turns(both, number)] for number in (1, 2)] == [[OURS, "uv"], ["uv", OURS]]


@pytest.mark.parametrize(
    ("options", "whole"),
    [
        ([], True),
        (["--rounds=1"], True),
        (["--set", "small"], False),
        (["--only", "ours", "uv"], False),
        (["--against=HEAD"], False),
        (["--output=results.json"], False),
    ],
)
def test_only_a_whole_run_replaces_the_documented_results(options: list[str], whole: bool) -> None:
    assert images.is_whole(images.arguments(options)) == whole


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--against=nowhere"], "use a Git revision"),
        (["--only", "uv", "--against=HEAD"], "add ours to --only"),
        (["--rounds=0"], "use a number from 1"),
        (["--set", "medium"], "invalid choice"),
    ],
)
def test_wrong_options_are_refused(options: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        images.arguments(options)
    assert message in capsys.readouterr().err


def test_each_quarter_of_the_repositories_has_the_same_mix() -> None:
    found = origins(REPOSITORIES)
    quarter = found[: REPOSITORIES // 4]
    assert found == 4 * quarter
    assert {one.tag for one in quarter} == set(releases())
    assert {one.kind for one in quarter} == set(KINDS)
    assert {one.host for one in quarter} == set(hosts())
    assert {one.edits for one in quarter} == set(edit_sets())


def test_quarters_are_computed_from_times_of_completion() -> None:
    assert quarters([1, 2, 3, 5, 6, 8, 9, 12]) == [2, 3, 3, 4]


def test_calls_are_timed_and_the_function_is_restored() -> None:
    before = json.dumps
    with timed(json, "dumps") as spans:
        assert json.dumps(1) == "1"
    assert len(spans) == 1
    assert json.dumps is before


def test_a_failed_update_stops_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "update", lambda *_: CompletedProcess([], 1, "", "No answers file."))
    with pytest.raises(SystemExit, match="Failed update of project:\nNo answers file"):
        updates.update_by_command(Path("project"))


@pytest.mark.parametrize(
    ("commit", "added", "deleted", "holds"),
    [
        (NEXT, "ours", "gone", True),
        ("v0.1.0", "ours", "gone", False),
        (NEXT, "lost", "gone", False),
        (NEXT, "ours", "file", False),
    ],
)
def test_a_wrong_update_stops_the_benchmark(commit: str, added: str, deleted: str, holds: bool, tmp_path: Path) -> None:
    write({".copier-answers.yml": f"_commit: {commit}\n".encode(), "file": b"ours\n"}, tmp_path)
    edit = Edited(tmp_path, {"file": {added}}, {deleted})
    if holds:
        assert not check_update(edit, tmp_path)
    else:
        with pytest.raises(SystemExit, match="Wrong update of"):
            check_update(edit, tmp_path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, None),
        ({"release": "v0.2.0"}, "Wrong report on clone"),
        ({"behind": 0}, "Wrong report on clone"),
        ({"refused": {"license": "no"}}, "Wrong report on clone"),
        ({"problem": "It is nowhere."}, "Wrong report on clone"),
        ({"drift": {}}, "Wrong drift in the report on clone"),
    ],
)
def test_a_wrong_report_stops_the_benchmark(changes: dict[str, Any], words: str | None) -> None:
    origin = Origin("v0.1.0", "package", "github", ("dockerfile",))
    right = {"release": "v0.1.0", "behind": 2, "drift": {"Dockerfile": "changed"}, "refused": {}}
    standing = Standing("clone", **{**right, **changes})
    if words is None:
        check_standing(standing, origin, ["v0.1.0", "v0.2.0", NEXT])
    else:
        with pytest.raises(SystemExit, match=words):
            check_standing(standing, origin, ["v0.1.0", "v0.2.0", NEXT])
