"""The files for the repository's host: against schemas and linters, and the steps of CI in their order."""

import os
import re
import sys
from pathlib import Path

import pytest
import yaml

from tests.kit.answers import working_tree
from tests.kit.ci_checks import BUILT, CHECKED, LOGGED_IN, check_image_steps, check_login, check_project_steps
from tests.kit.ci_runner import (
    BIN,
    ENVIRONMENT,
    GITLAB,
    SCHEMAS,
    WORKFLOWS,
    jobs_that_release,
    kept_tools,
    on_a_runner,
    options,
    own_workflows,
)
from tests.kit.commands import committed, run, write
from tests.kit.day_one import HERE
from tests.kit.docker import need_compose
from tests.kit.pythons import pythons
from tests.kit.rendered_files import distinct, variants
from tools.render.variants import Variant
from tools.repository import ROOT


def written(found: list[Variant], folder: Path) -> list[Path]:
    """Write variants of files of a host into folders of their own and return where each is."""
    for number, variant in enumerate(found):
        write({variant.path: variant.content}, folder / str(number))
    return [folder / str(number) / variant.path for number, variant in enumerate(found)]


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_file_for_a_host_is_valid(schema: str, tmp_path: Path) -> None:
    transform = ["--data-transform=gitlab-ci"] if schema == "gitlab-ci" else []
    ours = {"github-workflows": own_workflows(), "renovate": [ROOT / "renovate.json"]}
    paths = [*written(distinct(*SCHEMAS[schema]), tmp_path), *ours.get(schema, [])]
    assert paths
    run(BIN / "check-jsonschema", f"--builtin-schema=vendor.{schema}", *transform, *paths)


def test_compose_understands_every_file(tmp_path: Path) -> None:
    need_compose()
    for path in written(distinct(*SCHEMAS["compose-spec"]), tmp_path):
        assert re.search(r"(?m)^services:\n  (app|environment):$", run("docker", "compose", "config", cwd=path.parent))


def test_actionlint_and_shellcheck_have_nothing_to_say(tmp_path: Path) -> None:
    paths = [*written(distinct(*WORKFLOWS), tmp_path), *own_workflows()]
    run(BIN / "actionlint", f"-shellcheck={BIN}/shellcheck", *paths)


def test_zizmor_has_nothing_to_say(tmp_path: Path) -> None:
    """In the strictest persona but one: that would have secrets in environments, which requests could not use."""
    paths = [*written(distinct(*WORKFLOWS, *SCHEMAS["dependabot"]), tmp_path), *own_workflows()]
    run(BIN / "zizmor", "--offline", "--no-progress", "--persona=pedantic", *paths)


def test_every_job_has_a_limit_and_the_least_permissions() -> None:
    for variant in distinct(*WORKFLOWS):
        workflow = yaml.safe_load(variant.content)
        assert workflow["permissions"] == {}
        assert workflow["concurrency"]
        for name, job in workflow["jobs"].items():
            assert job["timeout-minutes"] <= 30
            allowed = {"image": {"contents": "read", "packages": "write"}, "publish": {"id-token": "write"}}
            if name == "template" and variant.combination.asked["dependency_updates"] != "renovate":
                allowed["template"] = {"contents": "write", "pull-requests": "write"}
            assert job["permissions"] == allowed.get(name, {"contents": "read"})
    for variant in distinct(GITLAB):
        assert yaml.safe_load(variant.content)["default"]["timeout"]


def test_every_action_is_pinned_by_its_commit() -> None:
    for variant in distinct(*WORKFLOWS):
        for used in re.findall(r"uses: (.*)", variant.content.decode()):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used)


def test_no_image_is_the_latest() -> None:
    every = [source for sources in SCHEMAS.values() for source in sources]
    for variant in distinct(*every, "template/Dockerfile.jinja"):
        assert "latest" not in variant.content.decode()


def test_ci_has_every_python_from_the_oldest_up() -> None:
    for version in pythons():
        expected = pythons()[pythons().index(version) :]
        github = working_tree().render({"python_version": version})[".github/workflows/ci.yml"]
        assert yaml.safe_load(github)["jobs"]["test"]["strategy"]["matrix"]["python-version"] == expected
        gitlab = working_tree().render({"python_version": version, "repository_host": "gitlab"})[".gitlab-ci.yml"]
        assert yaml.safe_load(gitlab)["test"]["parallel"]["matrix"] == [{"PYTHON": expected}]


def test_without_a_host_nothing_speaks_of_one() -> None:
    for combination in variants().template.product(vary=["repository_host", "docker", "project_type", "docs"]):
        if combination.asked["repository_host"] == "none":
            for path, content in variants().files(combination).items():
                hosts = re.findall(r"(?i)github|gitlab|ghcr|renovate|dependabot", content.decode())
                assert path in (".copier-answers.yml", "poetry.lock", "README.md") or not hosts, path
                assert path != "README.md" or "CI" not in content.decode()


@pytest.mark.parametrize(("host", "kind"), CHECKED)
def test_the_steps_that_check_the_project_run(host: str, kind: str, tmp_path: Path) -> None:
    """The other types and hosts are in tests/nightly/test_ci_steps.py."""
    check_project_steps(host, kind, tmp_path)


@pytest.mark.parametrize(("host", "kind"), LOGGED_IN)
def test_the_steps_log_in_to_a_private_index(
    host: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_login(host, kind, tmp_path, monkeypatch, secret=True)


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
