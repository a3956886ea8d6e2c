"""The steps of CI and of releases on each host, run in their order. tests/nightly/test_ci_steps.py has the other types."""

import os
import re
import sys
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.ci_checks import BUILT, check_image_steps, check_login
from tests.kit.ci_runner import (
    ENVIRONMENT,
    jobs_that_release,
    kept_tools,
    on_a_runner,
    options,
)
from tests.kit.commands import committed, run
from tests.kit.pythons import HERE


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_nothing_is_installed_without_a_login(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_login(host, "package", tmp_path, monkeypatch, secret=False)


@pytest.mark.parametrize(("host", "kind"), BUILT)
def test_the_steps_that_build_and_run_the_image_run(host: str, kind: str, tmp_path: Path) -> None:
    check_image_steps(host, kind, tmp_path)


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_a_release_has_the_version_for_its_tag(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = working_tree().render(options("package", HERE, host))
    project = committed(files, tmp_path)
    ran = "\n".join(on_a_runner(jobs_that_release(host, files), project, sys.executable))
    assert "poetry build" in ran
    assert len(list((project / "dist").iterdir())) == 2
    for other in ("v0.1", "v0.1.1", "0.1.0"):
        for name in ("GITHUB_REF_NAME", "CI_COMMIT_TAG"):
            monkeypatch.setitem(ENVIRONMENT, name, other)
        for text, more in jobs_that_release(host, files):
            if re.search(r"grep |test \"", text):
                names_the_version(
                    text, more, project, kept_tools(sys.executable), passes=other == "0.1.0" and "grep " in text
                )


def names_the_version(text: str, more: dict[str, str], project: Path, tools: Path, *, passes: bool) -> None:
    """Check whether a step accepts a tag."""
    environment = {**os.environ, **ENVIRONMENT, **more, "PATH": f"{tools}/bin:{os.environ['PATH']}"}
    lines = re.sub(r"(?m)^(pip|poetry) .*$", "", text)
    if passes:
        run("bash", "-ec", lines, cwd=project, env=environment)
    else:
        with pytest.raises(AssertionError):
            run("bash", "-ec", lines, cwd=project, env=environment)
