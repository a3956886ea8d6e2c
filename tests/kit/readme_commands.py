"""Runs the commands in the README of a generated repository, as they are printed and in their order."""

import os
import re
import shutil
import signal
import subprocess
import tomllib
import urllib.error
import urllib.request
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path

import pytest

from tests.kit.answers import KINDS, name
from tests.kit.commands import COPIER, POETRY, run, write
from tests.kit.day_one import check_mistakes, check_output, checks
from tests.kit.docker import need_compose, need_engine, new_name, remove, wait_until
from tests.kit.private_index import index_of
from tests.kit.pythons import HERE, interpreters
from tests.kit.rehearsal import small_template
from tools.docs.markdown import code_blocks
from tools.lock.refresh import FOLDER
from tools.render.template import Answers
from tools.repository import ROOT

SERVES = {"poe serve": 8000, "--publish 8000:8000": 8000, "compose up": 8000, "jupyter lab": 8888}
"""The port of each command that serves until it is stopped, keyed by words of the command."""

ELSEWHERE = re.compile("^(devcontainer|gh|git remote set-head|glab) ")
"""Blocks of commands that other tests run: in tests/nightly/test_programs.py, in a folder that belongs to the user of the
container, and in tests/fast/test_readme_settings.py, against stand-ins for the host's command line."""


def commands(readme: str) -> list[str]:
    """Return the commands of a README, without their comments."""
    text = "".join(block for block in code_blocks(readme) if not ELSEWHERE.match(block)).replace("\\\n", "")
    return [re.sub(r"\s+#.*$", "", line) for line in text.splitlines()]


def answers(port: int) -> bool:
    """Return whether something answers on a port of this machine."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def serve(command: str, port: int, project: Path, environment: dict[str, str]) -> None:
    """Run a command that serves until it answers, and stop it as people do."""
    log = project.parent / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["bash", "-c", command],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        ) as process,
    ):
        try:
            assert wait_until(180, lambda: answers(port) or process.poll() is not None)
            assert process.poll() is None, log.read_text(encoding="utf-8")
            assert answers(port)
            os.killpg(process.pid, signal.SIGINT)
            process.wait(60)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def repository(given: Answers, folder: Path) -> Path:
    """Make a repository from the first release of the template, with a remote."""
    project = folder / "project"
    data = [f"--data={key}={value}" for key, value in given.items()]
    run(
        COPIER, "copy", "--quiet", "--defaults", "--vcs-ref=v0.1.0", *data, small_template(folder / "template"), project
    )
    run("git", "init", "--quiet", "--bare", folder / "remote.git")
    start = "git init --quiet && git add --all && git commit --quiet --message=Start && git remote add origin"
    run("sh", "-c", f"{start} {folder}/remote.git", cwd=project)
    return project


DOCKER = f"""#!/bin/sh
[ "$1" != build ] || {{ shift; set -- build --network=host "$@"; }}
exec {shutil.which("docker")} "$@"
"""
"""Docker, whose builds have the network of this machine, where the private index is."""


def as_a_user(folder: Path) -> dict[str, str]:
    """Return the environment of a machine with Poetry and Copier, whose user has the number 1000."""
    tools = write({"id": b"#!/bin/sh\necho 1000\n", "docker": DOCKER.encode()}, folder / "tools")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    path = [tools, POETRY.parent, COPIER.parent, os.environ["PATH"]]
    trust = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    return {**os.environ, "PATH": ":".join(map(str, path)), **trust}


LITTLE = {"repository_host": "none", "docker": False}


def chosen() -> list[Answers]:
    """List the repository whose first day `make test` rehearses."""
    return each_type()[:1]


def other_types() -> list[Answers]:
    """List the repositories of the other types."""
    return each_type()[1:]


def each_type() -> list[Answers]:
    """List a repository of each type: two with all that they can have, and one with little.

    Their Pythons take turns. HERE, with which the steps of CI run, is left out if the machine has other ones.
    """
    versions = cycle([version for version in interpreters() if version != HERE] or [HERE])
    more: dict[str, Answers] = {"package": {"docs": True}, "service": {"docs": True}, "environment": LITTLE}
    return [{"project_type": kind, "python_version": next(versions), **more[kind]} for kind in KINDS]


def others() -> list[Answers]:
    """List repositories whose README has other commands: more or fewer, without a shell, or with a private index."""
    return [
        *({"project_type": kind, "python_version": HERE, **LITTLE} for kind in KINDS if kind != "environment"),
        {"project_type": "environment", "python_version": HERE},
        {
            "project_type": "environment",
            "python_version": "3.13",
            "repository_host": "gitlab",
            "base_image": "distroless",
        },
        {"project_type": "package", "python_version": HERE, "package_index": "private"},
    ]


def readme_name(answers: Answers) -> str:
    """Name a repository for the name of a test."""
    return name(answers, ("project_type", "repository_host", "base_image", "package_index"))


def as_of_the_lock(project: Path) -> dict[str, str]:
    """Return settings that keep `poetry add` from releases that are newer than the lock files of the template.

    Without them a test depended on the releases of the day. The locked packages are exempt, as their versions are
    fixed, but a project may have uploaded a wheel since.
    """
    commit = ["git", "log", "-1", "--format=%ct", "--", str(FOLDER)]
    seconds = subprocess.run(commit, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    locked = tomllib.loads((project / "poetry.lock").read_text(encoding="utf-8"))["package"]
    return {
        "POETRY_SOLVER_MIN_RELEASE_AGE": str((datetime.now(UTC) - datetime.fromtimestamp(int(seconds), UTC)).days),
        "POETRY_SOLVER_MIN_RELEASE_AGE_EXCLUDE": ",".join(package["name"] for package in locked),
    }


def run_command(command: str, project: Path, environment: dict[str, str]) -> str:
    """Run a command as it is printed, and return its output; nothing for one that serves, which is stopped."""
    if ports := [port for words, port in SERVES.items() if words in command]:
        serve(command, ports[0], project, environment)
        return ""
    return run("bash", "-c", command, cwd=project, env=environment, stdin=subprocess.DEVNULL)


COMMIT = "git commit --quiet --allow-empty --all --message=Work"


def run_readme(project: Path, environment: dict[str, str]) -> None:
    """Run every command of a README in their order, and those that only AGENTS.md has. The checks may change no file."""
    readme = (project / "README.md").read_text(encoding="utf-8")
    assert set(checks(readme)) <= set(commands(readme))
    for command in commands(readme):
        if command.startswith("poetry run poe update"):
            run_command(COMMIT, project, environment)
        output = run_command(command, project, environment)
        if command in checks(readme):
            check_output(command, output)
            assert run_command("git status --porcelain", project, environment) == ""
    agents = commands((project / "AGENTS.md").read_text(encoding="utf-8"))
    for command in agents:
        if command not in commands(readme):
            assert " passed" in run_command(command, project, environment)


def check_readme(given: Answers, folder: Path, *, mistakes: bool = False) -> None:
    """Run every command of the README of a repository.

    Args:
        given: Answers to questions; the others have their defaults.
        folder: An empty folder.
        mistakes: Whether to make mistakes then, and to check that each of the project's checks fails.
    """
    everything, kind, version = given.get("docker", True), given["project_type"], given["python_version"]
    if version not in interpreters():
        pytest.skip(f"there is no Python {version}")
    title = f"readme-{name(given, ('project_type', 'repository_host', 'package_index'))}"
    if everything:
        need_engine(given)
        if kind != "package":
            need_compose()
    with index_of({"package_index": "public", **given}, folder) as (known, user):
        project = repository({**known, "project_name": title, "package_name": "myproject"}, folder)
        run(interpreters()[version], "-m", "venv", "--without-pip", ".venv", cwd=project)
        run("chown", "--recursive", "1000:1000", project)
        # Compose takes the name of the folder otherwise, which other tests have too.
        environment = as_a_user(folder) | user | as_of_the_lock(project) | {"COMPOSE_PROJECT_NAME": new_name()}
        try:
            run_readme(project, environment)
        finally:
            if everything:
                run(
                    "sh",
                    "-c",
                    "test ! -e compose.yaml || docker compose down --remove-orphans --rmi=local --volumes",
                    cwd=project,
                    env=environment,
                )
                remove(title)
        assert "# Newer." in (project / ".pre-commit-config.yaml").read_text(encoding="utf-8")
        if everything:
            assert run("git", "tag", cwd=folder / "remote.git") == "v0.1.1\n"
        if mistakes:
            run_command(COMMIT, project, environment)
            check_mistakes(project, partial(run_command, project=project, environment=environment), kind)
