"""An image of each type and base keeps its contract: the test builds it and runs it."""

import re
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.kit.answers import IMAGE_QUESTIONS, combined, working_tree
from tests.kit.ci_runner import SCHEMAS
from tests.kit.commands import run
from tests.kit.docker import (
    container_of,
    context_of,
    image_of,
    inspect,
    need_compose,
    need_engine,
    wait_until,
)
from tests.kit.host_files import written
from tests.kit.image_cases import chosen_image_cases, image_cases
from tests.kit.image_contract import check_image_case
from tests.kit.pythons import pythons
from tests.kit.rendered_files import distinct, shapes
from tools.render.template import Answers, Files


def pairs(answers: Answers) -> set[tuple[tuple[str, Any], ...]]:
    """Return every two answers of a combination, of those that are chosen; the oldest Python with the image's only."""
    chosen = [(question, answers[question]) for question in IMAGE_QUESTIONS if question in answers]
    return {two for two in combinations(chosen, 2) if "python_version" not in dict(two) or "image_python" in dict(two)}


def test_every_two_answers_meet_in_an_image_that_is_built() -> None:
    possible = set().union(*(pairs(answers) for answers in combined(*IMAGE_QUESTIONS) if answers["docker"]))
    built = set().union(*(pairs(context.values[0]) for context in image_cases()))
    assert possible - built == set()


def test_each_installer_is_chosen_with_each_base_and_each_python_but_the_newest() -> None:
    chosen = [case.values[0] for case in chosen_image_cases()]
    assert {answers["image_python"] for answers in chosen} >= set(pythons()[:-1])
    assert len({(answers["installer"], answers["base_image"]) for answers in chosen}) == 4


@pytest.mark.cases(("answers", "files"), chosen_image_cases)
def test_image_keeps_its_contract(
    answers: Answers, files: Files, tmp_path: Path, record_property: Callable[[str, str], None]
) -> None:
    check_image_case(answers, files, tmp_path, record_property)


SLOW = """
import asyncio

from myproject import __main__, app

@app.app.get("/slow")
async def slow() -> str:
    print("asked", flush=True)
    await asyncio.sleep(3)
    return "answered"

__main__.main()
"""
"""The service, with something that takes its time."""


@pytest.mark.parametrize("base", ["slim", "distroless"])
def test_a_service_answers_what_it_was_asked_before_it_stops(base: str, tmp_path: Path) -> None:
    answers = {"project_type": "service", "python_version": "3.13", "base_image": base}
    need_engine(answers)
    port = "--publish=127.0.0.1::8000"
    with (
        image_of(context_of(working_tree().render(answers)), tmp_path) as image,
        container_of(image, port, "--entrypoint=python", command=("-c", SLOW)) as container,
        ThreadPoolExecutor() as background,
    ):
        address = run("docker", "port", container, "8000").strip()
        assert wait_until(30, lambda: "Uvicorn running" in run("docker", "logs", container))
        request = background.submit(urllib.request.urlopen, f"http://{address}/slow", timeout=30)
        assert wait_until(10, lambda: "asked" in run("docker", "logs", container))
        run("docker", "stop", container)
        assert request.result().read() == b'"answered"'
        assert "Application shutdown complete." in run("docker", "logs", container)
        assert inspect(container)["State"]["ExitCode"] == 0


def test_compose_understands_every_file(tmp_path: Path) -> None:
    need_compose()
    for path in written(distinct(*SCHEMAS["compose-spec"], every=shapes()), tmp_path):
        assert re.search(r"(?m)^services:\n  (app|environment):$", run("docker", "compose", "config", cwd=path.parent))
