"""The files for the repository's host: schemas, linters, and agreement with the answers."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

from tests.kit.answers import working_tree
from tests.kit.ci_runner import jobs_that_build
from tests.kit.host_files import HOST_FILE_CHECKS, HostFileCheck
from tests.kit.pythons import pythons
from tests.kit.rendered_files import shapes


@pytest.mark.parametrize("check", HOST_FILE_CHECKS)
def test_every_file_for_a_host_is_correct(check: HostFileCheck, tmp_path: Path) -> None:
    """One of each shape; tests/nightly/test_variants.py has all of them."""
    check(shapes(), tmp_path)


def test_ci_has_every_python_that_the_project_supports() -> None:
    for combination in working_tree().product(vary=["project_type", "repository_host", "image_python"]):
        files = shapes().files(combination)
        supported = SpecifierSet(tomllib.loads(files["pyproject.toml"].decode())["project"]["requires-python"])
        expected = [version for version in pythons() if version in supported]
        if github := files.get(".github/workflows/ci.yml"):
            matrix = yaml.load(github, yaml.CSafeLoader)["jobs"]["test"]["strategy"]["matrix"]
            assert matrix == {"python-version": expected}, combination.asked
        if gitlab := files.get(".gitlab-ci.yml"):
            assert yaml.load(gitlab, yaml.CSafeLoader)["test"]["parallel"]["matrix"] == [{"PYTHON": expected}], (
                combination.asked
            )


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_ci_runs_each_image(host: str) -> None:
    """The command of a package may need arguments: CI asks for its help."""
    expected = {
        "package": "docker run --rm myproject --help",
        "service": "docker run --detach --health-interval=1s --name=myproject myproject",
        "environment": "docker run --rm myproject",
    }
    for kind, command in expected.items():
        files = working_tree().render({"project_type": kind, "repository_host": host})
        text = "\n".join(script for script, _ in jobs_that_build(host, files))
        assert re.findall("docker run .*", text) == [command]


def test_without_a_host_no_file_names_one() -> None:
    for combination in working_tree().product(vary=["repository_host", "docker", "project_type", "docs"]):
        if combination.asked["repository_host"] == "none":
            for path, content in shapes().files(combination).items():
                hosts = re.findall(r"(?i)github|gitlab|ghcr|renovate|dependabot", content.decode())
                assert path in (".copier-answers.yml", "poetry.lock", "README.md") or not hosts, path
                assert path != "README.md" or "CI" not in content.decode()
