"""The rule of all jobs: one that can write, or reads a secret token, runs no code of the project and no unpinned package."""

import re
from functools import cache

import yaml

from tests.kit.answers import working_tree
from tests.kit.attacks import earlier_template
from tests.kit.ci_jobs import GITLAB_FILE, Job, jobs
from tests.kit.ci_runner import GITLAB, WORKFLOWS
from tests.kit.rendered_files import distinct, shapes
from tools.render.template import Answers
from tools.repository import ROOT

RECORD = ROOT / "docs/decisions/0032-token-jobs.md"
ALL: Answers = {"dependency_updates": "none", "docs": True, "package_index": "additional"}
"""Answers with all jobs, but for those that publish packages."""

OF_EVERY_JOB = {"CI_JOB_TOKEN", "CI_REGISTRY_PASSWORD"}
"""GitLab gives these tokens to every job. No setting withholds them."""


@cache
def every_job() -> list[Job]:
    """List the jobs of one variant of each shape."""
    variants = distinct(*WORKFLOWS, GITLAB, every=shapes())
    return [job for variant in variants for job in jobs({variant.path: variant.content})]


def violations(job: Job) -> set[str]:
    """Return the code that a job runs in spite of its rights."""
    own = job.powers - OF_EVERY_JOB
    return job.code if own or job.environment else job.code - {"project in containers"} if job.powers else set()


def test_no_job_with_a_token_runs_code_of_the_project_or_unpinned_packages() -> None:
    found = {f"{job.name}: {code}" for job in every_job() for code in violations(job)}
    assert found == set()


def test_the_jobs_before_broke_that_rule() -> None:
    for host, broken in (("github", {"template"}), ("gitlab", {"template", "release package"})):
        files = earlier_template().render({**ALL, "package_index": "public", "repository_host": host})
        assert {job.name for job in jobs(files) if "project" in violations(job)} == broken


def test_code_of_the_project_runs_after_the_login_is_removed() -> None:
    """In the test, docs, image, drift and update jobs, of both kinds of private index."""
    found = every_job()
    assert {job.name for job in found if "NETRC" in job.secrets} >= {"test", "image", "update", "drift", "test image"}
    assert [job.name for job in found if job.code_after_login] == []
    files = earlier_template().render({**ALL, "package_index": "private"})
    assert {job.name for job in jobs(files) if job.code_after_login} == {"test", "image", "template"}


def test_a_job_that_publishes_has_an_environment_and_needs_the_tests() -> None:
    for job in every_job():
        if job.writes or job.powers - OF_EVERY_JOB:
            environments = {"rebuild": "", "propose": "template", "publish": "release"}
            expected = environments.get(job.name, "release")
            assert job.environment == ("github-pages" if job.file.endswith("docs.yml") else expected), job.name
        assert job.environment in ("", "template", "release", "github-pages")


def test_jobs_with_a_token_start_from_a_new_clone() -> None:
    """On GitHub every job does. A runner of GitLab keeps the folder, with the hooks that an earlier job has left there."""
    for job in every_job():
        if job.host == "gitlab" and job.environment:
            assert job.text["variables"]["GIT_STRATEGY"] == "clone", job.name


def test_the_record_has_the_jobs_with_their_rights() -> None:
    """Of a package on each host that has all jobs."""
    table = [
        [cell.strip(" `") for cell in line.removeprefix("|").removesuffix("|").split("|")]
        for line in RECORD.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `")
    ]
    assert table == [row(job) for host in ("github", "gitlab") for job in complete(host)]


def test_no_variant_has_more_rights_than_the_record() -> None:
    known = {(job.file, job.name): job for host in ("github", "gitlab") for job in complete(host)}
    for job in every_job():
        most = known[job.file, job.name]
        assert job.writes <= most.writes, job.name
        assert job.secrets - {"DOCKER_AUTH_CONFIG"} <= most.secrets, job.name


def complete(host: str) -> list[Job]:
    """List the jobs of a package that has all of them, in the order of their files.

    Packages of a repository with a private index are not published, so it lacks a job.
    """
    public, private = (
        jobs(working_tree().render({**ALL, "package_index": index, "repository_host": host}))
        for index in ("public", "additional")
    )
    with_login = {(job.file, job.name): job for job in private}
    return [with_login.get((job.file, job.name), job) for job in sorted(public, key=lambda job: job.file)]


def row(job: Job) -> list[str]:
    """Return the row of a job in the record: name, rights, secrets, environment, code."""
    place = "" if job.file == GITLAB_FILE else re.sub(r".*/(.*)\.yml", r"\1.", job.file)
    code = "project" if "project" in job.code else ", ".join(sorted(job.code))
    return [
        f"{place}{job.name}",
        ", ".join(sorted(job.writes)),
        ", ".join(sorted(job.secrets)),
        job.environment,
        code or ("jobs of " + job.calls.rpartition("/")[2] if job.calls else ""),
    ]


def test_each_processor_has_a_native_runner() -> None:
    workflow = yaml.safe_load(working_tree().render({})[".github/workflows/release.yml"])
    image = workflow["jobs"]["image"]
    assert image["runs-on"] == "${{ matrix.runner }}"
    runners = {each["processor"]: each["runner"] for each in image["strategy"]["matrix"]["include"]}
    assert runners == {"amd64": "ubuntu-24.04", "arm64": "ubuntu-24.04-arm"}
