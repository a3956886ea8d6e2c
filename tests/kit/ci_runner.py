"""Runs the scripts of generated CI files in their order, as a runner of the host does."""

import atexit
import json
import os
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml

from tests.kit.commands import run
from tools.repository import ROOT

BIN = ROOT / ".venv/bin"
WORKFLOWS = tuple(f"template/.github/workflows/{name}.yml.jinja" for name in ("ci", "release", "template"))
GITLAB = "template/.gitlab-ci.yml.jinja"
SCHEMAS = {
    "github-workflows": WORKFLOWS,
    "gitlab-ci": (GITLAB,),
    "dependabot": ("template/.github/dependabot.yml.jinja",),
    "renovate": ("template/renovate.json.jinja",),
    "compose-spec": ("template/compose.yaml.jinja",),
}
"""Files of the template by the name that check-jsonschema has for what they are."""

OURS = sorted((ROOT / ".github/workflows").iterdir())
"""This repository's own workflows, which are held to the same."""

ELSEWHERE = re.compile(r"docker login |docker buildx create |--cache-to=|--push |^docker context create |twine upload")
"""What cannot be done without the host: its registry, an image of BuildKit that is pulled, the public index."""

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
}
"""What a host tells its jobs, as far as steps read it."""

SECRETS: dict[str, str] = {}
"""What a repository on GitHub has under its secrets; of another it gives nothing."""


def steps(job: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the scripts of a job of GitHub, with what each adds to the environment."""
    for step in job["steps"]:
        if "run" in step:
            yield step["run"], step.get("env", {})


def script(config: Any, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the script of a job of GitLab, whose lines share their variables, with what it adds to the environment."""
    job = config[name]
    lines = [line for line in job["script"] if not ELSEWHERE.search(line)]
    yield "\n".join(lines), {name: value for name, value in job.get("variables", {}).items() if "$" not in value}


def fresh_tools(python: str) -> Path:
    """Make an environment for what jobs install."""
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder)
    run(python, "-m", "venv", folder)
    return folder


kept_tools = cache(fresh_tools)
"""The same, with what the jobs before have installed, as on a runner that is kept."""


def on_a_runner(
    jobs: Iterator[tuple[str, dict[str, str]]], project: Path, python: str, *, fresh: bool = False
) -> list[str]:
    """Run the scripts of a job in their order, as a runner does, and return those that it ran."""
    tools = fresh_tools(python) if fresh else kept_tools(python)
    ran = []
    for text, more in jobs:
        if ELSEWHERE.search(text):
            continue
        told = {name: SECRET.sub(lambda secret: SECRETS.get(secret[1], ""), value) for name, value in more.items()}
        environment = {**os.environ, **ENVIRONMENT, **told, "PATH": f"{tools}/bin:{os.environ['PATH']}"}
        before, pip, after = text.partition("pip install --requirement=poetry-requirements.txt")
        run("bash", "-ec", before + pip, cwd=project, env=environment)
        if pip:
            # What Poetry needs on some machines, and no user has to see.
            run(tools / "bin/python", ROOT / ".ci/offline/poetry-mirror")
        run("bash", "-ec", after, cwd=project, env=environment)
        ran.append(text)
    return ran


@cache
def own_workflow() -> dict[str, Any]:
    """Return this repository's own workflow."""
    return dict(yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")))


def own_job(name: str) -> Any:
    """Return a job of this repository's own workflow."""
    return own_workflow()["jobs"][name]


def planned_shards() -> dict[str, list[int]]:
    """Return the shards of each target of make that the own workflow runs."""
    plan = "".join(text for text, _ in steps(own_job("plan")))
    return {target: json.loads(shards) for target, shards in re.findall(r'target=(\S+) shards="(\[.*?\])"', plan)}
