"""What a user does first in a generated repository, with the commands of its README."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_copier.plugin import CopierFixture

from tests.kit.answers import KINDS, chosen, name_lists, pairs, pairwise, told, working_tree
from tests.kit.commands import POETRY, committed, run
from tests.kit.docker import image_of, need_engine
from tests.kit.private_index import index_of
from tests.kit.pythons import interpreters
from tools.render.template import Answers

COMMAND = {
    "package": ("poetry run hello && poetry run python -m myproject --help", "Hello, World!\nusage: hello [-h]"),
    "environment": ("poetry run python scripts/summary.py", "outdoors"),
    "service": ("APP_PORT=x poetry run python -m myproject || true", "port\n  Input should be a valid integer"),
}

ALONE = {
    "package": ("hello && hello --version", "Hello, World!\n0.1.0\n"),
    "service": ("APP_PORT=x python -m myproject || true", "port\n  Input should be a valid integer"),
}
"""What the installed wheel can do, without the repository."""

INSTALL = """
set -e
wheel="$PWD/dist/myproject-0.1.0-py3-none-any.whl"
folder=$(mktemp --directory)
trap 'rm -rf "$folder"' EXIT
poetry run python -m venv --without-pip "$folder"
cd "$folder"
pip --python=bin/python install --quiet "$wheel"
export PATH="$folder/bin:$PATH"
"""
"""Installs the wheel into an empty environment, and lets it be found."""

GIT = """
RUN apt-get update && apt-get install --yes --no-install-recommends git
"""
"""What pre-commit needs, at the end of a stage."""

PAIRWISE = pairwise()


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
        command, expected = ALONE[kind]
        assert expected in sh(INSTALL + command)
    assert {path: path.read_bytes() for path in before} == before


def every_name_is_known(sh: Callable[[str], str], kind: str) -> None:
    """Hold the lists of names that are refused to what is installed."""
    command = "import importlib.metadata as m; print(*m.packages_distributions(), *(d.name for d in m.distributions()))"
    names = {re.sub("[-.]", "_", name).lower() for name in sh(f'poetry run python -c "{command}"').split()}
    lowercase = {name for name in names if re.fullmatch("[a-z][a-z0-9_]*", name)}
    assert lowercase - {"myproject"} <= {
        *name_lists().installed["all"],
        *name_lists().installed[kind],
        *name_lists().installed["docs"],
    }
    programs = sh('poetry run python -c "import os, sys; print(*os.listdir(os.path.dirname(sys.executable)))"').split()
    known = {*name_lists().commands, "hello", "uvicorn", "dotenv", "fastapi", "httpx2", "f2py", "numpy-config"}
    assert {name for name in programs if not re.search(r"\.|^python|^pip|^rst2|^myst-", name)} <= known


def every_check_can_fail(folder: Path, sh: Callable[[str], str], kind: str) -> None:
    """Make each kind of mistake: a check that lets it pass is not set up."""
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
        with pytest.raises(AssertionError, match=words + (r"\.+Failed" if task == "check" else "")) as failure:
            sh(f"poetry run poe {task}")
        assert path != "pyproject.toml" or "Run `poetry lock`" in str(failure.value)
        sh("git reset --hard --quiet")


def test_every_pair_is_there_that_any_combination_has() -> None:
    found = set().union(*map(pairs, PAIRWISE))
    assert found == set().union(*(pairs(combination.asked) for combination in working_tree().product()))
    some = pairs({"license": "MIT", "docker": True, "docs": False})
    some |= pairs({"license": "Proprietary", "base_image": "distroless", "package_index": "private"})
    assert len(some) == 6
    assert some <= found


@contextmanager
def shell_of(project: Path, version: str, user: dict[str, str]) -> Iterator[Callable[[str], str]]:
    """Give what runs a command in a project, with Poetry and a Python: the machine's, or one in Docker.

    That is in the stage of a generated image that has Poetry, with Git.
    """
    if version in interpreters():
        run(interpreters()[version], "-m", "venv", "--without-pip", ".venv", cwd=project)
        environment = {**os.environ, **user, "PATH": f"{POETRY.parent}:{os.environ['PATH']}"}
        yield lambda command: run("sh", "-c", command, cwd=project, env=environment)
        return
    need_engine({"python_version": version})
    files = working_tree().render({"python_version": version})
    stage = files["Dockerfile"].decode().replace("\nFROM poetry AS ", f"{GIT}\nFROM poetry AS ", 1)
    place = [f"--volume={project.parent}:{project.parent}", f"--workdir={project}", "--network=host"]
    shared = os.environ["MYPY_CACHE_DIR"]
    Path(shared).mkdir(exist_ok=True)
    place.append(f"--volume={shared}:{shared}")
    settings = {**user, "POETRY_VIRTUALENVS_IN_PROJECT": "true", "MYPY_CACHE_DIR": shared}
    told = [f"--env={name}={value}" for name, value in settings.items()]
    context = project.parent / "context"
    with image_of({**files, "Dockerfile": stage.encode()}, context, "--target=poetry") as image:
        yield lambda command: run("docker", "run", "--rm", *place, *told, image, "sh", "-c", command)


@pytest.mark.parametrize("asked", PAIRWISE, ids=lambda asked: "-".join(str(answer) for _, answer in chosen(asked)))
def test_all_clean_on_day_one(asked: Answers, tmp_path: Path, record_property: Callable[[str, str], None]) -> None:
    """For a set of combinations that has every pair of choices."""
    record_property("installed", told(asked, dict(chosen(asked))))
    kind, version = asked["project_type"], asked["python_version"]
    with index_of(asked, tmp_path) as (answers, user):
        project = committed(working_tree().render(answers), tmp_path)
        with shell_of(project, version, user) as sh:
            all_clean(project, sh, kind)
            if version in interpreters():
                every_name_is_known(sh, kind)
            record_property("found", json.dumps({"python": sh("poetry run python --version").split()[-1]}))
    assert run("git", "status", "--porcelain", cwd=project) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_check_can_fail(kind: str, tmp_path: Path) -> None:
    version = min(interpreters())
    answers = {"project_type": kind, "python_version": version, "docs": kind != "environment"}
    project = committed(working_tree().render(answers), tmp_path)
    with shell_of(project, version, {}) as sh:
        sh("poetry install")
        every_check_can_fail(project, sh, kind)


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
