"""The commands of docs/adopting.md in a Poetry repository that was never generated."""

import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import ENVIRONMENT, POETRY, run, write
from tests.kit.docker import built, need_engine
from tests.kit.rehearsal import MARKERS, replace
from tools.docs.markdown import code_blocks
from tools.lock.refresh import cut
from tools.render.template import Files, copy_parts
from tools.repository import ROOT

GROWING = {"pyproject.toml", ".gitignore", "poetry.lock"}
"""The user's files that the guide changes."""

TEMPLATE_ANSWERS = {"docker: false": "docker: true", "repository_host: none": "repository_host: github"}
"""Changes of the guide's answers for the image and the CI of the template."""

CODE = b'''"""Counts words."""

from collections import Counter

import click


@click.command()
@click.argument("words", nargs=-1)
def main(words: tuple[str, ...]) -> None:
    """Say how often each word is there."""
    for word, count in Counter(words).items():
        click.echo(f"{count} {word}")
'''

TEST = b"""from click.testing import CliRunner

from data_tool.tally import main


def test_words_are_counted() -> None:
    assert CliRunner().invoke(main, ["to", "be", "to"]).output == "2 to\\n1 be\\n"
"""

TABLES = b"""
[project.optional-dependencies]
dev = [
    "pytest>=8",
]

[project.scripts]
tally = "data_tool.tally:main"

[tool.ruff]
line-length = 100

[tool.coverage.report]
skip_covered = true
"""

FILES: Files = {
    "README.md": b"# Tally\n\nOurs.\n",
    ".gitignore": b"*.secret\n",
    ".github/workflows/ci.yml": b"# Ours.\nname: Ours\n",
    "Dockerfile": b"# Ours.\nFROM scratch\n",
    "src/data_tool/tally.py": CODE,
    "tests/test_tally.py": TEST,
}


def existing(files: Files, folder: Path) -> Path:
    """Make a repository with `poetry new`, and add files and dependencies to it."""
    project = folder / "data-tool"
    needs = ("--python=>=3.11", "--dependency=click>=8,<9", "--dev-dependency=pytest>=8")
    run(POETRY, "new", "--quiet", *needs, project, env=ENVIRONMENT)
    write(files, project)
    with (project / "pyproject.toml").open("ab") as file:
        file.write(TABLES)
    lock_with_versions_of_the_template(project)
    run(
        "sh",
        "-c",
        "git init --quiet && git add --all && git commit --quiet --message=Work && git tag start",
        cwd=project,
    )
    return project


def lock_with_versions_of_the_template(project: Path) -> None:
    """Lock a project, and add the template's development dependencies to its lock.

    Poetry keeps locked versions, so the checks do not depend on the newest ones.
    """
    lock = project / "poetry.lock"
    rendered = working_tree().render({"python_version": "3.11"}, "poetry.lock".__eq__)["poetry.lock"]
    lock.write_bytes(rendered)
    run(POETRY, "lock", "--quiet", cwd=project, env=ENVIRONMENT)
    locked = packages(project)
    missing = [text for text in cut(rendered.decode())[0] if tomllib.loads(text)["package"][0]["name"] not in locked]
    head, separator, metadata = lock.read_text(encoding="utf-8").partition("[metadata]\n")
    lock.write_text("".join([head, *(f"{text}\n" for text in missing), separator, metadata]), encoding="utf-8")


def tracked(project: Path) -> Files:
    """Return the files that Git tracks."""
    return {path: (project / path).read_bytes() for path in run("git", "ls-files", cwd=project).splitlines()}


def follow(guide: str, replacements: Mapping[str, str], project: Path) -> str:
    """Run the commands of a part of the guide, and return their output."""
    script = "".join(block for block in code_blocks(guide) if not block.startswith("docker "))
    for old, new in replacements.items():
        script = script.replace(old, new)
    return run("bash", "-euo", "pipefail", "-c", script, cwd=project, env=ENVIRONMENT, stdin=subprocess.DEVNULL)


def released(folder: Path) -> Path:
    """Make a repository of the template with one release."""
    folder.mkdir()
    copy_parts(ROOT, folder)
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=1 && git tag v0.1.0", cwd=folder)
    return folder


def release_again(template: Path) -> None:
    """Release the template with changes in user, template and shared files."""
    replace(template / "template/README.md.jinja", "## Licence", "## License")
    replace(template / "template/.editorconfig", "root = true", "root = true\n# Newer.")
    replace(template / "template/.github/workflows/ci.yml.jinja", "name: CI\n", "name: Newer\n")
    replace(template / "template/pyproject.toml.jinja", "branch = true", "branch = false")
    run("sh", "-c", "git commit --quiet --all --message=2 && git tag v0.2.0", cwd=template)


@pytest.mark.parametrize("own", [True, False], ids=["own-image-and-ci", "template-image-and-ci"])
def test_a_repository_adopts_the_template(own: bool, tmp_path: Path) -> None:
    """It keeps its files and its CI, passes the checks, and gets the next release."""
    files = FILES if own else {path: content for path, content in FILES.items() if path != "Dockerfile"}
    project, template = existing(files, tmp_path), released(tmp_path / "template")
    before, locked = tracked(project), packages(project)
    now, _, later = (ROOT / "docs/adopting.md").read_text(encoding="utf-8").partition("## Afterwards")
    replacements = {"gh:OWNER/copier-poetry-docker": str(template)} | ({} if own else TEMPLATE_ANSWERS)
    assert all(text in now for text in replacements)
    assert "1 passed" in follow(now, replacements, project)
    assert run("git", "status", "--porcelain", cwd=project) == ""
    after = tracked(project)
    assert [path for path in before if after[path] != before[path] and path not in GROWING] == []
    counts = run("git", "diff", "--numstat", "start", "--", "pyproject.toml", ".gitignore", cwd=project)
    assert [line.split()[1] for line in counts.splitlines()] == ["0", "0"]
    assert locked.items() <= packages(project).items()
    assert [path for path in after.keys() - before.keys() if path.startswith(("src/", "tests/"))] == []
    assert ("Dockerfile" in after.keys() - before.keys()) != own
    assert ("renovate.json" in after) != own

    release_again(template)
    follow(later, {}, project)
    run("git", "commit", "--quiet", "--all", "--message=Update", cwd=project)
    files = tracked(project)
    assert b"# Newer." in files[".editorconfig"]
    assert b"branch = false" in files["pyproject.toml"]
    marked = [path for path, content in files.items() if MARKERS.search(content)]
    assert marked == ([] if own else [".github/workflows/ci.yml"])
    for path, content in before.items():
        assert set(content.splitlines()) <= set(files[path].splitlines()) or path == "poetry.lock", path
    if not own:
        need_engine({"python_version": "3.11"})
        with built(project) as (image, _):
            assert run("docker", "run", "--rm", image, "to", "be", "to") == "2 to\n1 be\n"


def packages(project: Path) -> dict[str, str]:
    """Return the version of each package in the lock."""
    lock = tomllib.loads((project / "poetry.lock").read_text(encoding="utf-8"))
    return {package["name"]: package["version"] for package in lock["package"]}
