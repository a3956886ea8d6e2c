"""What programs from npm make of a generated repository: Renovate, gitlab-ci-local, the command line of dev containers."""

import json
import os
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.kit.answers import working_tree
from tests.kit.ci_runner import GITLAB
from tests.kit.commands import COPIER, committed, run, write
from tests.kit.docker import need_engine, remove
from tests.kit.private_index import serve
from tests.kit.rehearsal import small_template, tagged
from tests.kit.rendered_files import distinct, shapes
from tools.repository import ROOT

PROGRAMS = ROOT / ".node/node_modules/.bin"
ENVIRONMENT = {**os.environ, "PATH": f"{ROOT}/.venv/bin:{os.environ['PATH']}"}
FROM = b"_commit: v0.1.0\n_src_path: https://github.com/octo-org/copier-poetry-docker.git\n"


def program(name: str, *arguments: str | Path, cwd: Path, **environment: str) -> str:
    """Run a program and return its output; skip the test if it is not installed."""
    if not (PROGRAMS / name).exists():
        pytest.skip("npm has installed nothing: run `make test` where it reaches its registry")
    return run(PROGRAMS / name, *arguments, cwd=cwd, env={**ENVIRONMENT, **environment})


def test_renovate_accepts_every_configuration(tmp_path: Path) -> None:
    for variant in distinct("template/renovate.json.jinja"):
        write({"renovate.json": variant.content}, tmp_path)
        program("renovate-config-validator", "--strict", "--no-global", "renovate.json", cwd=tmp_path)
    program("renovate-config-validator", "--strict", "--no-global", "renovate.json", cwd=ROOT)


def test_renovate_refuses_what_is_wrong(tmp_path: Path) -> None:
    [variant, *_] = distinct("template/renovate.json.jinja")
    write({"renovate.json": variant.content.replace(b'"groupName"', b'"groupNam"')}, tmp_path)
    program("renovate-config-validator", "--version", cwd=tmp_path)
    with pytest.raises(AssertionError, match="groupNam"):
        program("renovate-config-validator", "--strict", "--no-global", "renovate.json", cwd=tmp_path)


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_renovate_finds_every_version(host: str, tmp_path: Path) -> None:
    """Those of Poetry and its plugin in one place, and that of the template."""
    files = working_tree().render({"repository_host": host, "docs": True})
    answers = re.sub(rb"(?m)^_src_path: .*\n", FROM, files[".copier-answers.yml"])
    project = write(files | {".copier-answers.yml": answers}, tmp_path)
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=Start", cwd=project)
    extracted = extract(project)
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


def test_renovate_finds_every_version_of_this_repository(tmp_path: Path) -> None:
    """And of the workflows that it generates, where the same actions are."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    parts = ("renovate.json", ".github/", "extensions/actions.jinja", "extensions/dependencies/", "template/", "tests/")
    made = ("examples/",)
    wanted = [path for path in listed if path.startswith((*parts, *made, "pyproject.toml", "poetry.lock"))]
    extracted = extract(committed({path: (ROOT / path).read_bytes() for path in wanted}, tmp_path))
    assert {manager: {file["packageFile"] for file in files} for manager, files in extracted.items()} == {
        "regex": {"extensions/actions.jinja"},
        "github-actions": {".github/workflows/ci.yml"},
        "npm": {"tests/nightly/package.json"},
        "pip_requirements": {
            path for path in wanted if path.endswith("-requirements.txt") and not path.startswith(made)
        },
        "poetry": {"pyproject.toml"},
    }
    pinned = re.findall(r'"(\S+)@([0-9a-f]{40}) # (v\S+)"', (ROOT / "extensions/actions.jinja").read_text("utf-8"))
    assert pinned
    [file] = extracted["regex"]
    assert sorted(pinned) == sorted(
        (dependency["depName"], dependency["currentDigest"], dependency["currentValue"]) for dependency in file["deps"]
    )


def extract(project: Path) -> dict[str, Any]:
    """Return the findings of each manager of Renovate in a repository."""
    log = program("renovate", "--platform=local", "--dry-run=extract", cwd=project, LOG_FORMAT="json", LOG_LEVEL="info")
    [extracted] = [record["packageFiles"] for record in records(log) if "packageFiles" in record]
    return dict(extracted)


def records(log: str) -> list[dict[str, Any]]:
    """Return the entries of a log of Renovate."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def found(extracted: dict[str, Any], manager: str) -> set[str]:
    """Return the names of the dependencies that a manager of Renovate has found."""
    return {str(dependency.get("depName")) for file in extracted[manager] for dependency in file["deps"]}


def looked_up(project: Path, manager: str, **environment: str) -> dict[str, Any]:
    """Return the dependencies that a manager of Renovate has found, with the update that it proposes for each."""
    settings = {"RENOVATE_ENABLED_MANAGERS": json.dumps([manager]), "RENOVATE_BASE_DIR": f"{project.parent}/renovate"}
    log = program(
        "renovate",
        "--platform=local",
        "--dry-run=lookup",
        cwd=project,
        LOG_FORMAT="json",
        LOG_LEVEL="debug",
        **settings,
        **environment,
    )
    [found] = [record["config"] for record in records(log) if record["msg"] == "packageFiles with updates"]
    return dict(found)


def proposed(project: Path, manager: str, **environment: str) -> dict[str, list[tuple[str, bool]]]:
    """Return by the name of each dependency which versions Renovate proposes, and whether it holds them back."""
    return {
        dependency["depName"]: [(one["newVersion"], one.get("pendingChecks", False)) for one in dependency["updates"]]
        for file in looked_up(project, manager, **environment)[manager]
        for dependency in file["deps"]
        if dependency.get("updates")
    }


def demand_dates(project: Path) -> None:
    """Have Renovate hold back releases without a date, as it does by default."""
    file = project / "renovate.json"
    configuration = json.loads(file.read_text(encoding="utf-8"))
    rules = configuration["packageRules"]
    configuration["packageRules"] = [rule for rule in rules if "minimumReleaseAgeBehaviour" not in rule]
    file.write_text(json.dumps(configuration), encoding="utf-8")


def generated(alias: str, host: str, folder: Path) -> tuple[Path, str, dict[str, str]]:
    """Return a repository from a template's first release, the template's address, and whose machine knows that.

    The template was named by a short address, which Renovate does not know, and its tags have no dates.
    """
    small_template(folder / "template")
    address = f"https://{host}.com/octo-org/copier-poetry-docker.git"
    there = f'[url "{folder}/template"]\n\tinsteadOf = {address}\n'
    home = write({".gitconfig": there.encode()}, folder / "home")
    user = {"HOME": f"{home}", "XDG_CACHE_HOME": f"{home}/.cache", "GIT_CONFIG_GLOBAL": f"{home}/.gitconfig"}
    project = folder / "project"
    command = ("copy", "--quiet", "--defaults", "--vcs-ref=v0.1.0", f"--data=repository_host={host}")
    run(COPIER, *command, f"{alias}:octo-org/copier-poetry-docker", project, env={**os.environ, **user})
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=Start", cwd=project)
    return project, address, user


@pytest.mark.parametrize(("alias", "host"), [("gh", "github"), ("gl", "gitlab")])
def test_renovate_proposes_the_next_release(alias: str, host: str, tmp_path: Path) -> None:
    project, address, user = generated(alias, host, tmp_path)
    assert proposed(project, "copier", **user) == {address: [("v0.2.0", False)]}
    demand_dates(project)
    assert proposed(project, "copier", **user) == {address: [("v0.2.0", True)]}


def test_renovate_proposes_the_newest_release_and_no_trial(tmp_path: Path) -> None:
    """By the numbers, and not by the letters, of its tag."""
    project, address, user = generated("gh", "github", tmp_path)
    for tag in ("v0.10.0", "v1.0.0rc1"):
        tagged(tmp_path / "template", tag)
    assert proposed(project, "copier", **user) == {address: [("v0.10.0", False)]}


def test_renovate_proposes_the_releases_of_a_private_index(tmp_path: Path) -> None:
    """The pages of the index have no dates.

    Renovate asks the public index for packages that the private one lacks. Here that is the private one as well, so
    that no release of the day is proposed.
    """
    packages = write({f"packages/ruff-0.17.{patch}-py3-none-any.whl": b"" for patch in (0, 999)}, tmp_path)
    with serve(tmp_path, packages / "packages") as index:
        answers = {"package_index": "private", "package_index_url": index.url}
        project = committed(working_tree().render(answers), tmp_path)
        rules = json.dumps([{"matchHost": "127.0.0.1", "username": index.user, "password": index.password}])
        settings = {"RENOVATE_HOST_RULES": rules, "PIP_INDEX_URL": index.url}
        assert proposed(project, "poetry", **settings) == {"ruff": [("0.17.999", False)]}
        demand_dates(project)
        assert proposed(project, "poetry", **settings) == {"ruff": [("0.17.999", True)]}


@pytest.mark.parametrize("registry", ["", "registry.octo.example:5000/mirror/"])
def test_renovate_leaves_the_python_of_the_image_to_the_template(registry: str, tmp_path: Path) -> None:
    """It finds the image in the argument, with a registry as well, and asks nobody for newer ones."""
    project = committed(working_tree().render({"base_registry": registry.removesuffix("/")}), tmp_path)
    [file] = looked_up(project, "dockerfile")["dockerfile"]
    found = {(one["depName"], one["currentValue"], one.get("skipReason")) for one in file["deps"]}
    assert found == {(f"{registry}python", "3.14-slim-trixie", "disabled")}


EVENTS = {
    "branch": "CI_COMMIT_BRANCH=main",
    "tag": "CI_COMMIT_TAG=v0.1.0",
    "weekly": "CI_PIPELINE_SOURCE=schedule",
}
"""The events of GitLab, each by a variable."""

PARSED = re.compile(
    r"parsing and downloads finished in .*|json schema validated in .*|name +description .*|[\w ]+(: \[.*\])? .*"
)
"""The lines that gitlab-ci-local prints about a correct file: two steps and a table of the jobs."""


def test_gitlab_parses_every_file(tmp_path: Path) -> None:
    """And prints the jobs without a warning."""
    start = "git init --quiet --initial-branch=main && git commit --quiet --allow-empty --message=Start"
    remote = "git remote add origin git@gitlab.com:octo-org/myproject.git"
    head = "git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main"
    run("sh", "-c", f"{start} && {remote} && {head}", cwd=tmp_path)
    for variant in distinct(GITLAB, every=shapes()):
        write({".gitlab-ci.yml": variant.content}, tmp_path)
        lines = program("gitlab-ci-local", "--list-all", f"--variable={EVENTS['tag']}", cwd=tmp_path).splitlines()
        assert [line for line in lines if not PARSED.fullmatch(line)] == [], variant.combination.asked
        assert any(line.startswith("check tag ") for line in lines)


@pytest.mark.parametrize("event", EVENTS)
def test_the_jobs_of_gitlab_need_jobs_of_the_same_event(event: str, tmp_path: Path) -> None:
    answers = {"repository_host": "gitlab", "dependency_updates": "none", "docs": True}
    project = committed(working_tree().render(answers), tmp_path)
    program("gitlab-ci-local", "--validate-dependency-chain", f"--variable={EVENTS[event]}", cwd=project)


@pytest.mark.parametrize(("kind", "base"), [("package", "slim"), ("service", "distroless"), ("environment", "slim")])
def test_a_dev_container_has_all_that_is_needed(kind: str, base: str, tmp_path: Path) -> None:
    """For each kind and on each base: its stage depends on the base and not on the kind."""
    answers = {"project_type": kind, "python_version": "3.13", "base_image": base, "devcontainer": True}
    need_engine(answers)
    project = write(working_tree().render(answers), tmp_path / uuid4().hex)
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
