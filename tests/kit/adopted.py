"""What holds for each project that has adopted the template: its files, its checks, its image and its next update."""

import subprocess
from pathlib import Path

from tests.kit.commands import ENVIRONMENT, POETRY, run
from tests.kit.docker import built, docker
from tests.kit.rehearsal import AFTER, MARKERS, NEXT, generated, owner, replace, successor, update
from tests.kit.shapes import OUTPUT, Shape, existing
from tools.adopt.adoption import BRANCH, FIRST, SECOND, adopt
from tools.adopt.poetry import environment
from tools.render.template import Files

GROWING = {"pyproject.toml", ".gitignore", "poetry.lock"}
"""The user's files that adoption changes."""


def with_next_release(template: Path, folder: Path) -> Path:
    """Return a repository of the template with a release in which shared files and the template's have changed."""

    def change(source: Path) -> None:
        replace(source / "template/poetry.toml", "[solver]", "[solver]\n# Newer.")
        replace(source / "template/pyproject.toml.jinja", "show_missing = true", "show_missing = true\nprecision = 1")
        replace(source / "template/README.md.jinja", "## Licence", "## License")

    return successor(template, folder, change)


def tracked(project: Path) -> Files:
    """Return the files that Git tracks."""
    return {path: (project / path).read_bytes() for path in run("git", "ls-files", cwd=project).splitlines()}


def assert_adopted(shape: Shape, template: Path, folder: Path, *, tests: bool, **data: str) -> Path:
    """Adopt the project of a shape, and return its folder at the new branch."""
    project = existing(shape, folder)
    before = tracked(project)
    adoption = adopt(project, data, template=str(template), reference=NEXT, tests=tests)
    assert adoption.differences == []
    assert not any("not compared" in result for subject, result in adoption.compared if subject != "tests" or tests)
    assert run("git", "status", "--porcelain", cwd=project) == ""
    assert tracked(project) == before
    assert run("git", "log", "--format=%s", f"start..{BRANCH}", cwd=project).splitlines() == [SECOND, FIRST]
    run("git", "switch", "--quiet", BRANCH, cwd=project)
    after = tracked(project)
    assert [
        path for path in before if after[path] != before[path] and path not in GROWING | set(adoption.plan.replaced)
    ] == []
    assert set(before["pyproject.toml"].splitlines()) <= set(after["pyproject.toml"].splitlines())
    run(POETRY, "check", "--lock", cwd=project)
    answers = {key: answer.value for key, answer in adoption.answers.items()}
    assert after[".copier-answers.yml"] == generated(template, NEXT, answers, folder / "copy")[".copier-answers.yml"]
    return project


def assert_checked(project: Path) -> None:
    """Install an adopted project, and run the template's checks and tests as its user does."""
    run(POETRY, "sync", "--quiet", "--all-extras", cwd=project, env=environment())
    script = "poetry run poe check && poetry run poe test"
    result = subprocess.run(
        ["sh", "-c", script], cwd=project, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout


def assert_updated(project: Path) -> None:
    """Update an adopted project to the next release: it keeps its lines, and has no conflict in its own."""
    before = tracked(project)
    result = update(project, AFTER)
    assert result.returncode == 0, result.stderr
    files = tracked(project)
    assert b"# Newer." in files["poetry.toml"]
    assert f"_commit: {AFTER}\n" in files[".copier-answers.yml"].decode()
    for path, content in before.items():
        if MARKERS.search(files[path]):
            assert owner(path) != "yours", path
        if path not in (".copier-answers.yml", "poetry.lock"):
            assert set(content.splitlines()) <= set(files[path].splitlines()), path
    assert not [path for path in files if path.endswith((".rej", ".orig"))]


def assert_runs(shape: Shape, project: Path) -> None:
    """Build the image of an adopted project, and run its program."""
    with built(project) as (image, _):
        assert docker("run", "--rm", "--read-only", "--network=none", image, *shape.command) == OUTPUT
