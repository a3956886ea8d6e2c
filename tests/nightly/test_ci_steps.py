"""The steps of CI for the hosts and types that tests/poetry/test_ci_steps.py leaves out."""

import os
from pathlib import Path

import pytest

from tests.kit.answers import KINDS, working_tree
from tests.kit.ci_checks import BUILT, Case, check_image_steps, check_login, check_project_steps
from tests.kit.ci_jobs import jobs
from tests.kit.ci_runner import ENVIRONMENT, options
from tests.kit.commands import committed, run
from tests.kit.docker import need_engine, remove

EVERY: list[Case] = [(host, kind) for host in ("github", "gitlab") for kind in KINDS]


@pytest.mark.parametrize(("host", "kind"), EVERY)
def test_the_steps_that_check_the_project_run(host: str, kind: str, tmp_path: Path) -> None:
    check_project_steps(host, kind, tmp_path)


@pytest.mark.parametrize(("host", "kind"), [("github", "package"), ("gitlab", "package"), ("gitlab", "service")])
def test_the_steps_log_in_to_a_private_index_and_check_the_project(
    host: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_login(host, kind, tmp_path, monkeypatch, secret=True)


@pytest.mark.parametrize(("host", "kind"), [case for case in EVERY if case not in BUILT])
def test_the_steps_that_build_and_run_the_image_run(host: str, kind: str, tmp_path: Path) -> None:
    check_image_steps(host, kind, tmp_path)


@pytest.mark.parametrize(("host", "name"), [("github", "image"), ("gitlab", "build image")])
def test_a_commit_gives_the_same_image_each_time(host: str, name: str, tmp_path: Path) -> None:
    """Layers, configuration and labels, though no layer is kept. The times of the files and of the build differ."""
    answers = options("package", "3.13", host)
    need_engine(answers)
    files = working_tree().render(answers)
    project = committed(files, tmp_path)
    [script] = [
        step.run for job in jobs(files) for step in job.steps if "SOURCE_DATE_EPOCH=" in step.run and job.name == name
    ]
    # Without the second build, which only a builder of its own can export.
    build, arguments, _ = script[script.index("SOURCE_DATE_EPOCH=") :].partition(' "$@"\n')
    image = f"package-{host}"
    identities = []
    for cache in ("", "--no-cache "):
        command = build.replace("docker buildx build ", f"docker buildx build {cache}")
        run("bash", "-ec", command + arguments, cwd=project, env={**os.environ, **ENVIRONMENT})
        identities.append(run("docker", "inspect", "--format={{.Id}} {{json .Config.Labels}}", image))
        remove(image)
        run("sh", "-c", "find . -exec touch {} +", cwd=project)
    assert identities[0] == identities[1]
    commit = run("git", "rev-parse", "HEAD", cwd=project).strip()
    assert f'"org.opencontainers.image.revision":"{commit}"' in identities[0]
    assert '"org.opencontainers.image.version":"0.1.0"' in identities[0]
