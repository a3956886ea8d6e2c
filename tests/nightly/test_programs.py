"""Programs from npm on a generated repository: Renovate, gitlab-ci-local, the command line of dev containers."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
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
from tests.kit.servers import serving
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
    """Those of the tools in the files that people edit, and that of the template."""
    files = working_tree().render({"repository_host": host, "docs": True, "dependency_updates": "renovate"})
    answers = re.sub(rb"(?m)^_src_path: .*\n", FROM, files[".copier-answers.yml"])
    project = write(files | {".copier-answers.yml": answers}, tmp_path)
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=Start", cwd=project)
    extracted = extract(project)
    assert found(extracted, "copier") == {"https://github.com/octo-org/copier-poetry-docker.git"}
    assert "pip_requirements" not in extracted
    compiled = {file["packageFile"]: (file["lockFiles"], edited(file)) for file in extracted["pip-compile"]}
    expected = {".tools/poetry.in": ([".tools/poetry.txt"], {"poetry", "poetry-plugin-export"})}
    if host == "gitlab":
        expected |= {".tools/twine.in": ([".tools/twine.txt"], {"twine"})}
    assert compiled == expected
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
        "github-actions": {path for path in wanted if path.startswith(".github/workflows/")},
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


def edited(file: dict[str, Any]) -> set[str]:
    """Return the names of the requirements that people edit, among all that their compiled file has."""
    return {dependency["depName"] for dependency in file["deps"] if dependency.get("depType") != "indirect"}


def lookup(project: Path, manager: str, **environment: str) -> list[dict[str, Any]]:
    """Return the log of a lookup by a manager of Renovate."""
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
    return records(log)


def looked_up(project: Path, manager: str, **environment: str) -> dict[str, Any]:
    """Return the dependencies that a manager of Renovate has found, with the update that it proposes for each."""
    log = lookup(project, manager, **environment)
    [found] = [record["config"] for record in log if record["msg"] == "packageFiles with updates"]
    return dict(found)


def planned(project: Path, manager: str, **environment: str) -> tuple[int, list[str]]:
    """Return how many updates a manager of Renovate plans, and the types of all that it has found.

    A refresh of all locked packages is planned, and not found. An update that a rule disables is found, and not planned.
    """
    log = lookup(project, manager, **environment)
    numbers = [re.match(r"\d+(?= flattened updates found)", record["msg"]) for record in log]
    [number] = [int(found[0]) for found in numbers if found]
    [config] = [record["config"] for record in log if record["msg"] == "packageFiles with updates"]
    dependencies = [dependency for file in config[manager] for dependency in file["deps"]]
    return number, [update["updateType"] for dependency in dependencies for update in dependency.get("updates", [])]


def proposed(project: Path, manager: str, **environment: str) -> dict[str, list[tuple[str, bool]]]:
    """Return by the name of each dependency which versions Renovate proposes, and whether it holds them back."""
    return {
        dependency["depName"]: [(one["newVersion"], one.get("pendingChecks", False)) for one in dependency["updates"]]
        for file in looked_up(project, manager, **environment)[manager]
        for dependency in file["deps"]
        if dependency.get("updates")
    }


def change_rules(project: Path, kept: Callable[[dict[str, Any]], bool]) -> None:
    """Take rules out of the configuration of Renovate."""
    file = project / "renovate.json"
    configuration = json.loads(file.read_text(encoding="utf-8"))
    rules = configuration["packageRules"]
    configuration["packageRules"] = [rule for rule in rules if kept(rule)]
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
    change_rules(project, lambda rule: "minimumReleaseAgeBehaviour" not in rule)
    assert proposed(project, "copier", **user) == {address: [("v0.2.0", True)]}


def test_renovate_proposes_the_newest_release_and_no_trial(tmp_path: Path) -> None:
    """By the numbers, and not by the letters, of its tag."""
    project, address, user = generated("gh", "github", tmp_path)
    for tag in ("v0.10.0", "v1.0.0rc1"):
        tagged(tmp_path / "template", tag)
    assert proposed(project, "copier", **user) == {address: [("v0.10.0", False)]}


def release_file(name: str, version: str) -> str:
    """Return the name of the wheel of a release."""
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


@contextmanager
def two_indexes(folder: Path, private: list[str], public: list[str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """Serve two indexes with files, and give a repository of the first that Renovate reads, and Renovate's settings."""
    for name, files in (("private", private), ("public", public)):
        (folder / name / "packages").mkdir(parents=True)
        write({f"{name}/packages/{file}": b"" for file in files}, folder)
    with (
        serve(folder / "private", folder / "private/packages") as index,
        serve(folder / "public", folder / "public/packages") as other,
    ):
        answers = {"package_index": "private", "package_index_url": index.url}
        rules = [{"matchHost": each.url, "username": each.user, "password": each.password} for each in (index, other)]
        settings = {"RENOVATE_HOST_RULES": json.dumps(rules), "PIP_INDEX_URL": other.url}
        yield committed(working_tree().render(answers), folder), settings


def test_renovate_proposes_the_releases_of_a_private_index(tmp_path: Path) -> None:
    """The pages of the index have no dates."""
    with two_indexes(tmp_path, [release_file("ruff", f"0.17.{patch}") for patch in (0, 999)], []) as (
        project,
        settings,
    ):
        assert proposed(project, "poetry", **settings) == {"ruff": [("0.17.999", False)]}
        change_rules(project, lambda rule: "minimumReleaseAgeBehaviour" not in rule)
        assert proposed(project, "poetry", **settings) == {"ruff": [("0.17.999", True)]}


@pytest.mark.parametrize(
    ("manager", "name", "known", "newer"),
    [("poetry", "ruff", "0.17.0", "0.17.999"), ("pip-compile", "poetry", "2.5.1", "2.9.0")],
)
def test_renovate_proposes_nothing_that_only_the_public_index_has(
    manager: str, name: str, known: str, newer: str, tmp_path: Path
) -> None:
    """A stranger can publish a package there under the name of a private one. Without the rule, it is proposed."""
    public = [release_file(name, known), release_file(name, newer)]
    with two_indexes(tmp_path, [release_file(name, known)], public) as (project, settings):
        assert proposed(project, manager, **settings) == {}
        if manager == "poetry":
            change_rules(project, lambda rule: "registryUrls" not in rule)
            assert proposed(project, manager, **settings) == {name: [(newer, False)]}


def test_renovate_proposes_a_newer_poetry(tmp_path: Path) -> None:
    """In the file that people edit. It then runs the command in the header of the compiled one."""
    files = [release_file("poetry", version) for version in ("2.5.1", "2.9.0")]
    with two_indexes(tmp_path, files, []) as (project, settings):
        assert proposed(project, "pip-compile", **settings) == {"poetry": [("2.9.0", False)]}


DIGEST = f"sha256:{'0' * 64}"


@contextmanager
def serve_registry(tags: list[str]) -> Iterator[str]:
    """Serve a registry in which each image has some tags, and all tags the same digest; give its address."""

    class Handler(BaseHTTPRequestHandler):
        """Answers with the tags, or with the digest of one."""

        def do_GET(self) -> None:
            """Send the tags for the path that ends with them."""
            content = json.dumps({"tags": tags} if self.path.split("?")[0].endswith("/tags/list") else {}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Docker-Content-Digest", DIGEST)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with serving(Handler) as port:
        yield f"127.0.0.1:{port}"


def test_renovate_pins_the_image_and_leaves_its_python_to_the_template(tmp_path: Path) -> None:
    """Without the rule, it proposes a newer minor version as well."""
    with serve_registry(["3.14-slim-trixie", "3.15-slim-trixie", "4.0-slim-trixie"]) as address:
        project = committed(working_tree().render({"base_registry": f"{address}/mirror"}), tmp_path)
        rules = json.dumps([{"matchHost": address, "insecureRegistry": True}])
        number, kinds = planned(project, "dockerfile", RENOVATE_HOST_RULES=rules)
        assert set(kinds) == {"pinDigest", "minor", "major"}
        assert number == kinds.count("pinDigest")
        change_rules(project, lambda rule: "matchUpdateTypes" not in rule)
        assert planned(project, "dockerfile", RENOVATE_HOST_RULES=rules) == (len(kinds), kinds)


@pytest.mark.parametrize("manager", ["poetry", "pip-compile"])
def test_renovate_refreshes_all_locked_packages(manager: str, tmp_path: Path) -> None:
    """It does so each week, also for packages that no dependency names."""
    with two_indexes(tmp_path, [], []) as (project, settings):
        assert planned(project, manager, **settings) == (1, [])
        settings["RENOVATE_IGNORE_PRESETS"] = json.dumps([":maintainLockFilesWeekly"])
        assert planned(project, manager, **settings) == (0 if manager == "poetry" else 1, [])


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
    """It prints the jobs without a warning."""
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
