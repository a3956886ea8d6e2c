"""What programs that come from npm make of a generated repository: Renovate, and the command line of dev containers."""

import json
import os
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from extensions.template import ROOT
from tests.docker import need_engine, remove
from tests.support import KINDS, TEMPLATE, run, write
from tests.test_render import distinct

PROGRAMS = ROOT / ".node/node_modules/.bin"
ENVIRONMENT = {**os.environ, "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}"}
FROM = b"_commit: v0.1.0\n_src_path: https://github.com/octo-org/copier-poetry-docker.git\n"


def program(name: str, *arguments: str | Path, cwd: Path, **environment: str) -> str:
    """Run a program and return what it printed; skip the test where it is not installed."""
    if not (PROGRAMS / name).exists():
        pytest.skip("npm has installed nothing: run `make test` where it reaches its registry")
    return run(PROGRAMS / name, *arguments, cwd=cwd, env={**ENVIRONMENT, **environment})


def test_renovate_accepts_every_configuration(tmp_path: Path) -> None:
    for variant in distinct("template/renovate.json.jinja"):
        write({"renovate.json": variant.content}, tmp_path)
        program("renovate-config-validator", "--strict", "--no-global", "renovate.json", cwd=tmp_path)


def test_renovate_refuses_what_is_wrong(tmp_path: Path) -> None:
    [variant, *_] = distinct("template/renovate.json.jinja")
    write({"renovate.json": variant.content.replace(b'"groupName"', b'"groupNam"')}, tmp_path)
    program("renovate-config-validator", "--version", cwd=tmp_path)
    with pytest.raises(AssertionError, match="groupNam"):
        program("renovate-config-validator", "--strict", "--no-global", "renovate.json", cwd=tmp_path)


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_renovate_finds_every_version(host: str, tmp_path: Path) -> None:
    """Those of Poetry and its plugin in one place, and that of the template."""
    files = TEMPLATE.render({"repository_host": host, "docs": True})
    answers = re.sub(rb"(?m)^_src_path: .*\n", FROM, files[".copier-answers.yml"])
    project = write(files | {".copier-answers.yml": answers}, tmp_path)
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=Start", cwd=project)
    log = program("renovate", "--platform=local", "--dry-run=extract", cwd=project, LOG_FORMAT="json", LOG_LEVEL="info")
    records = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    [extracted] = [record["packageFiles"] for record in records if "packageFiles" in record]
    assert found(extracted, "copier") == {"https://github.com/octo-org/copier-poetry-docker.git"}
    assert found(extracted, "pip_requirements") == {"poetry", "poetry-plugin-export"}
    assert {"mypy", "poetry-core", "pytest", "ruff", "sphinx"} <= found(extracted, "poetry")
    assert "python" in found(extracted, "dockerfile")
    if host == "github":
        assert {"actions/checkout", "actions/cache", "pypa/gh-action-pypi-publish"} <= found(
            extracted, "github-actions"
        )
    else:
        assert "docker" in found(extracted, "gitlabci")


def found(extracted: dict[str, Any], manager: str) -> set[str]:
    """Return the names of what a manager of Renovate has found."""
    return {str(dependency.get("depName")) for file in extracted[manager] for dependency in file["deps"]}


@pytest.mark.parametrize("base", ["slim", "distroless"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_dev_container_has_all_that_is_needed(kind: str, base: str, tmp_path: Path) -> None:
    answers = {"project_type": kind, "python_version": "3.13", "base_image": base, "devcontainer": True}
    need_engine(answers)
    project = write(TEMPLATE.render(answers), tmp_path / uuid4().hex)
    run("sh", "-c", "git init --quiet && git add --all && chown --recursive 1000:1000 .", cwd=project)
    label = f"--id-label=test={project.name}"
    place = (f"--workspace-folder={project}", label)
    try:
        program("devcontainer", "up", *place, cwd=project)
        for command in ("poe check", "poe test"):
            program("devcontainer", "exec", *place, "poetry", "run", *command.split(), cwd=project)
        assert program("devcontainer", "exec", *place, "whoami", cwd=project).strip() == "developer"
        assert not (project / ".venv").exists()
    finally:
        containers = f"docker ps --all --quiet --filter=label=test={project.name}"
        run("sh", "-c", f"{containers} | xargs --no-run-if-empty docker rm --force")
        images = run("docker", "images", "--format={{.Repository}}", f"--filter=reference=vsc-{project.name}-*")
        remove(*images.split())
