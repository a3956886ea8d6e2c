"""Checks of the generated files for a repository's host, by schemas, linters and rules of our own.

Each takes variants of the template's files and an empty folder.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.kit.ci_runner import BIN, GITLAB, SCHEMAS, WORKFLOWS, own_workflows
from tests.kit.commands import run, write
from tests.kit.rendered_files import DEV_DOCKERFILE, DOCKERFILE, distinct
from tools.render.variants import Variant, Variants
from tools.repository import ROOT

HostFileCheck = Callable[[Variants, Path], None]


def written(found: list[Variant], folder: Path) -> list[Path]:
    """Write variants of files of a host into folders of their own and return where each is."""
    for number, variant in enumerate(found):
        write({variant.path: variant.content}, folder / str(number))
    return [folder / str(number) / variant.path for number, variant in enumerate(found)]


def check_schema(schema: str, every: Variants, folder: Path) -> None:
    """Validate files against the schema of their format."""
    transform = ["--data-transform=gitlab-ci"] if schema == "gitlab-ci" else []
    own = {"github-workflows": own_workflows(), "renovate": [ROOT / "renovate.json"]}
    paths = [*written(distinct(*SCHEMAS[schema], every=every), folder), *own.get(schema, [])]
    assert paths
    run(BIN / "check-jsonschema", f"--builtin-schema=vendor.{schema}", *transform, *paths)


def with_new_scripts(found: list[Variant]) -> list[Variant]:
    """Return the workflows that have a script which no earlier one has."""
    seen: set[str] = set()
    chosen = []
    for variant in found:
        jobs = yaml.load(variant.content, yaml.CSafeLoader)["jobs"].values()
        scripts = {step["run"] for job in jobs for step in job.get("steps", ()) if "run" in step}
        if scripts - seen:
            chosen.append(variant)
        seen |= scripts
    return chosen


def check_actionlint(every: Variants, folder: Path) -> None:
    """Lint workflows, and each shell script in them once."""
    found = distinct(*WORKFLOWS, every=every)
    run(BIN / "actionlint", "-shellcheck=", *written(found, folder / "all"))
    scripts = written(with_new_scripts(found), folder / "scripts")
    run(BIN / "actionlint", f"-shellcheck={BIN}/shellcheck", *scripts, *own_workflows())


def check_zizmor(every: Variants, folder: Path) -> None:
    """Lint workflows for security, in the strictest persona but one.

    The strictest wants secrets in environments, which pull requests cannot use.
    """
    paths = [*written(distinct(*WORKFLOWS, *SCHEMAS["dependabot"], every=every), folder), *own_workflows()]
    run(BIN / "zizmor", "--offline", "--no-progress", "--persona=pedantic", *paths)


def check_permissions(every: Variants, folder: Path) -> None:
    """Check that each workflow gives no permission to all jobs, and that each job has a time limit and its own ones."""
    for variant in distinct(*WORKFLOWS, every=every):
        workflow = yaml.load(variant.content, yaml.CSafeLoader)
        assert workflow["permissions"] == {}
        assert workflow["concurrency"]
        for job in workflow["jobs"].values():
            assert "uses" in job or job["timeout-minutes"] <= 30
            assert job["permissions"]
    for variant in distinct(GITLAB, every=every):
        assert yaml.load(variant.content, yaml.CSafeLoader)["default"]["timeout"]


def check_pins(every: Variants, folder: Path) -> None:
    """Check that each action is pinned by its commit and no image is the latest one, except as a tag of a release."""
    for variant in distinct(*WORKFLOWS, every=every):
        for used in re.findall(r"uses: (.*)", variant.content.decode()):
            assert used == "$/.github/workflows/ci.yml" or re.fullmatch(
                r"[\w-]+/[\w-]+(/\w+)?@[0-9a-f]{40} # v\d+\.\d+\.\d+", used
            )
    files = [source for sources in SCHEMAS.values() for source in sources]
    for variant in distinct(*files, DOCKERFILE, every=every):
        assert {*re.findall(r"\S*\blatest\b\S*", variant.content.decode())} <= {'--tag="$image:latest"'}


INSTALLS = re.compile(
    r"\bpip\d? .*\b(?:install|download|wheel)\b.*|\b(?:pipx|uvx?|npm|npx|wget) [-\w].*|\bcurl (?!.*CI_API_V4_URL)[-\w].*"
)
"""Commands that install programs or packages."""

VERIFIED = ("--no-input", "--require-hashes", "--requirement=")


def check_installs(every: Variants, folder: Path) -> None:
    """Check that each command that installs something verifies hashes, and takes the tools from wheels alone.

    Packages from Git have a commit in place of a hash.
    """
    for variant in distinct(*WORKFLOWS, GITLAB, DOCKERFILE, DEV_DOCKERFILE, every=every):
        lines = [line for line in variant.content.decode().splitlines() if not line.lstrip().startswith("#")]
        found = [install[0] for line in lines if (install := INSTALLS.search(line))]
        tools = [command for command in found if not command.startswith("pip --python=/app/.venv/bin/python install ")]
        for command in tools:
            assert all(option in command for option in VERIFIED), f"{variant.path}: {command}"
            assert re.search(r' --only-binary="?:all:"? ', command), f"{variant.path}: {command}"
            assert re.search(r" --requirement=(\.tools|/build)/[a-z]+\.txt\b", command), f"{variant.path}: {command}"
        for command in set(found) - set(tools):
            assert re.search(r" --require-hashes .*-r /build/requirements\.txt|--no-deps .*/git-req", command), command
        assert tools or variant.path.endswith("release.yml"), f"{variant.path} installs no tool"


HOST_FILE_CHECKS = [
    *(pytest.param(partial(check_schema, schema), id=schema) for schema in SCHEMAS),
    *(
        pytest.param(check, id=check.__name__.removeprefix("check_"))
        for check in (check_actionlint, check_zizmor, check_permissions, check_pins, check_installs)
    ),
]
"""Every check, as a parameter of a test."""
