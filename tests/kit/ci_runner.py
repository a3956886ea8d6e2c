"""Runs the scripts of generated CI files in their order, as a runner of the host does."""

import atexit
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml

from tests.kit.commands import run
from tools.render.template import Answers, Files
from tools.repository import ROOT

Scripts = Iterator[tuple[str, dict[str, str]]]
"""The scripts of a job, each with the environment variables that it adds."""

BIN = ROOT / ".venv/bin"
WORKFLOWS = tuple(f"template/.github/workflows/{name}.yml.jinja" for name in ("ci", "docs", "release", "template"))
GITLAB = "template/.gitlab-ci.yml.jinja"
SCHEMAS = {
    "github-workflows": WORKFLOWS,
    "gitlab-ci": (GITLAB,),
    "dependabot": ("template/.github/dependabot.yml.jinja",),
    "renovate": ("template/renovate.json.jinja",),
    "compose-spec": ("template/compose.yaml.jinja",),
}
"""Files of the template by the name of their schema in check-jsonschema."""

ELSEWHERE = re.compile(r"docker login |docker buildx create |--cache-to=|--push |^docker context create |twine upload")
"""Commands that need the host: its registry, an image of BuildKit that is pulled, the public index."""

INSTALL_POETRY = re.compile(r"pip install .*\.tools/poetry\.txt.*")

SECRET = re.compile(r"\$\{\{ secrets\.(\w+) \}\}")

TAG = "v0.1.0"
ENVIRONMENT = {
    "GITHUB_ACTOR": "octocat",
    "GITHUB_REPOSITORY": "Octo-Org/MyProject",
    "GITHUB_REF_NAME": TAG,
    "CI_COMMIT_BRANCH": "a-branch",
    "CI_COMMIT_TAG": TAG,
    "CI_DEFAULT_BRANCH": "main",
    "CI_REGISTRY_IMAGE": "registry.example.com/octo-org/myproject",
    "RUNNER_TEMP": "/nowhere",
}
"""Variables that a host sets for its jobs, as far as steps read them."""

SECRETS: dict[str, str] = {}
"""The secrets of a repository on GitHub. All others are empty."""


def steps(job: Any) -> Scripts:
    """Yield each script of a job of GitHub with its environment variables."""
    for step in job["steps"]:
        if "run" in step:
            yield step["run"], {**job.get("env", {}), **step.get("env", {})}


def script(config: Any, name: str) -> Scripts:
    """Yield the script of a job of GitLab, whose lines share their variables, with its environment variables."""
    job = config[name]
    lines = [line for line in job["script"] if not ELSEWHERE.search(line)]
    yield "\n".join(lines), {name: value for name, value in job.get("variables", {}).items() if "$" not in value}


def temporary_folder() -> Path:
    """Make a folder that goes with this process."""
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder)
    return folder


def fresh_tools(python: str) -> Path:
    """Make a virtual environment for the tools that jobs install."""
    folder = temporary_folder()
    run(python, "-m", "venv", folder)
    return folder


kept_tools = cache(fresh_tools)
"""Return an environment that earlier jobs have used, as on a runner that is kept."""


def run_script(text: str, folder: Path, environment: Mapping[str, str], tools: Path) -> None:
    """Run a script of a job with the tools that the job installs."""
    environment = {**environment, "PATH": f"{tools}/bin:{environment['PATH']}"}
    end = max((line.end() for line in INSTALL_POETRY.finditer(text)), default=0)
    run("bash", "-ec", text[:end], cwd=folder, env=environment)
    if end:
        # Poetry needs it on machines whose index has no JSON pages. Users never see it.
        run(tools / "bin/python", ROOT / ".ci/offline/poetry-mirror")
    run("bash", "-ec", text[end:], cwd=folder, env=environment)


def on_a_runner(jobs: Scripts, project: Path, python: str, *, fresh: bool = False) -> list[str]:
    """Run the scripts of a job in their order, as a runner does, and return those that it ran."""
    tools = fresh_tools(python) if fresh else kept_tools(python)
    ran = []
    for text, more in jobs:
        if ELSEWHERE.search(text):
            continue
        told = {name: SECRET.sub(lambda secret: SECRETS.get(secret[1], ""), value) for name, value in more.items()}
        run_script(text, project, {**os.environ, **ENVIRONMENT, **told}, tools)
        ran.append(text)
    return ran


def options(kind: str, version: str, host: str) -> Answers:
    """Return answers that give CI all its steps."""
    return {
        "project_type": kind,
        "python_version": version,
        "repository_host": host,
        "project_name": f"{kind} {host}",
        "package_name": "myproject",
        "docs": kind != "environment",
    }


def jobs_that_test(host: str, files: Files) -> Scripts:
    """Return the scripts that check a project."""
    if host == "github":
        return steps(yaml.safe_load(files[".github/workflows/ci.yml"])["jobs"]["test"])
    return script(yaml.safe_load(files[".gitlab-ci.yml"]), "test")


def jobs_that_build(host: str, files: Files) -> Scripts:
    """Return the scripts that build and run the image."""
    if host == "github":
        return steps(yaml.safe_load(files[".github/workflows/ci.yml"])["jobs"]["image"])
    return script(yaml.safe_load(files[".gitlab-ci.yml"]), "test image")


def jobs_that_release(host: str, files: Files) -> Scripts:
    """Return the scripts that build the packages of a release."""
    if host == "github":
        return steps(yaml.safe_load(files[".github/workflows/release.yml"])["jobs"]["packages"])
    return script(yaml.safe_load(files[".gitlab-ci.yml"]), "build packages")


def own_workflows() -> list[Path]:
    """Return the paths of this repository's own workflows."""
    return sorted((ROOT / ".github/workflows").iterdir())


@cache
def own_workflow(name: str = "ci") -> dict[str, Any]:
    """Return a workflow of this repository."""
    return dict(yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8")))


def own_job(name: str) -> Any:
    """Return a job of this repository's own workflow."""
    return own_workflow()["jobs"][name]


def planned_shards() -> dict[str, list[int]]:
    """Return the shards of each target of make that the own workflow runs."""
    plan = "".join(text for text, _ in steps(own_job("plan")))
    return {target: json.loads(shards) for target, shards in re.findall(r'target=(\S+) shards="(\[.*?\])"', plan)}
