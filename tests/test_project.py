"""What a user does first in a generated repository, with the commands of its README."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_copier.plugin import CopierFixture

from tests.docker import image_of, need_engine
from tests.support import INTERPRETERS, KINDS, POETRY, PYTHONS, TEMPLATE, run, write
from tests.test_answers import NAMES

COMMAND = {
    "package": ("poetry run hello && poetry run python -m myproject --help", "Hello, World!\nusage: hello [-h]"),
    "environment": ("poetry run python scripts/summary.py", "outdoors"),
    "service": ("APP_PORT=x poetry run python -m myproject || true", "port\n  Input should be a valid integer"),
}


GIT = """
RUN apt-get update && apt-get install --yes --no-install-recommends git
"""
"""What pre-commit needs, at the end of a stage."""


def checks(readme: str) -> list[str]:
    """Return the commands that the README names for before a change is handed in."""
    block = re.search(r"Before a change is handed in:\n\n```sh\n(.*?)```", readme, re.DOTALL)
    assert block
    return [line.partition("#")[0].strip() for line in block[1].splitlines()]


def all_clean(folder: Path, sh: Callable[[str], str], kind: str) -> None:
    """Install from the lock and run every check; nothing may find or change anything."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    sh("poetry install")
    for command in checks((folder / "README.md").read_text(encoding="utf-8")):
        output = sh(command)
        if "test" in command:
            assert " passed" in output
            assert re.search(r"TOTAL .* 100%", output)
    command, expected = COMMAND[kind]
    assert expected in sh(command)
    if kind != "environment":
        assert "Built myproject-0.1.0-py3-none-any.whl" in re.sub(r"\x1b\[\d*m", "", sh("poetry build"))
    assert {path: path.read_bytes() for path in before} == before


def every_name_is_known(sh: Callable[[str], str], kind: str) -> None:
    """Hold the lists of names that are refused to what is installed."""
    command = "import importlib.metadata as m; print(*m.packages_distributions(), *(d.name for d in m.distributions()))"
    names = {re.sub("[-.]", "_", name).lower() for name in sh(f'poetry run python -c "{command}"').split()}
    lowercase = {name for name in names if re.fullmatch("[a-z][a-z0-9_]*", name)}
    assert lowercase - {"myproject"} <= {*NAMES.installed["all"], *NAMES.installed[kind], *NAMES.installed["docs"]}
    programs = sh('poetry run python -c "import os, sys; print(*os.listdir(os.path.dirname(sys.executable)))"').split()
    known = {*NAMES.commands, "hello", "uvicorn", "dotenv", "fastapi", "httpx2", "f2py", "numpy-config"}
    assert {name for name in programs if not re.search(r"\.|^python|^pip|^rst2|^myst-", name)} <= known


def every_check_can_fail(folder: Path, sh: Callable[[str], str], kind: str) -> None:
    """Make each kind of mistake, once all is clean: a check that lets it pass is not set up."""
    code = f"{'scripts' if kind == 'environment' else 'src/myproject'}/mistake.py"
    locked = (folder / "pyproject.toml").read_text(encoding="utf-8")
    warn = "import warnings\n\n\ndef test_warns() -> None:\n    warnings.warn('x')\n"
    mistakes = [
        ("check", "ruff format", code, "x = 'single quotes'\n"),
        ("check", "ruff check", code, "def camelCase() -> None:\n    print()\n"),
        ("check", "mypy", code, "def untyped(x):\n    return x\n"),
        ("check", "no conflict is left from a merge", "notes.txt", "<<<<<<< before updating\n"),
        ("check", "no rejected change is left from an update", "README.md.rej", "x\n"),
        (
            "check",
            "poetry.lock is up to date",
            "pyproject.toml",
            locked.replace('"pytest>=9', '"pytest>=9.0'),
        ),
        *([("docs", "Inline strong start-string", code, '"""An **error."""\n')] if kind != "environment" else []),
        ("test", r"mistake\.py .* 0%", code, "def not_covered() -> None:\n    print()\n"),
        ("test", "UserWarning: x", "tests/test_warning.py", warn),
    ]
    for task, words, path, text in mistakes:
        (folder / path).write_text(text, encoding="utf-8")
        sh("git add --all")
        with pytest.raises(AssertionError, match=words + (r"\.+Failed" if task == "check" else "")):
            sh(f"poetry run poe {task}")
        sh("git reset --hard --quiet")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", INTERPRETERS)
def test_all_clean_on_day_one(kind: str, version: str, copier: CopierFixture, tmp_path: Path) -> None:
    project = copier.copy(tmp_path / "new", project_type=kind, python_version=version, docs=kind != "environment")
    run(INTERPRETERS[version], "-m", "venv", "--without-pip", ".venv", cwd=project.path)
    project.run("git init && git add --all && git commit --message=Start")
    env = {**os.environ, "PATH": f"{POETRY.parent}:{os.environ['PATH']}"}

    def sh(command: str) -> str:
        return run("sh", "-c", command, cwd=project.path, env=env)

    all_clean(project.path, sh, kind)
    every_name_is_known(sh, kind)
    assert project.run("git status --porcelain") == ""
    every_check_can_fail(project.path, sh, kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("version", [version for version in PYTHONS if version not in INTERPRETERS])
def test_all_clean_on_day_one_on_a_python_in_docker(kind: str, version: str, tmp_path: Path) -> None:
    """For Pythons that the machine lacks, in the stage of the repository's own image that has Poetry, with Git."""
    need_engine({"python_version": version})
    files = TEMPLATE.render({"project_type": kind, "python_version": version})
    write(files, tmp_path / "project")
    place = [f"--volume={tmp_path}/project:/project", "--workdir=/project", "--env=POETRY_VIRTUALENVS_IN_PROJECT=true"]
    stage = files["Dockerfile"].decode().replace("\nFROM poetry AS ", f"{GIT}\nFROM poetry AS ", 1)
    with image_of({**files, "Dockerfile": stage.encode()}, tmp_path / "context", "--target=poetry") as image:

        def sh(command: str) -> str:
            return run("docker", "run", "--rm", *place, image, "sh", "-c", command)

        sh("git init --quiet && git add --all")
        all_clean(tmp_path / "project", sh, kind)


def test_an_update_keeps_the_users_lines(copier: CopierFixture, tmp_path: Path) -> None:
    """A line of the user's in one file, a line of the template's in another: both are there afterwards."""
    project = copier.copy(tmp_path / "new")
    project.run("git init && git add --all && git commit --message=Start")
    readme = project.path / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8").replace("## Licence", "## Thanks\n\nAda.\n\n## Licence"))
    project.run("git commit --all --message=Thanks")
    project.update(author_name="Ada")
    assert "Ada.\n\n## Licence" in readme.read_text(encoding="utf-8")
    assert 'authors = [{ name = "Ada" }]' in (project.path / "pyproject.toml").read_text(encoding="utf-8")
