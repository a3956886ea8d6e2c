"""Updates of projects in a subfolder, a worktree or a submodule, behind links, and beside ignored files.

docs/monorepos.md is about the first. tests/nightly/test_monorepos.py runs its commands.
"""

from pathlib import Path

import pytest

from tests.kit.commands import committed, read, run
from tests.kit.rehearsal import (
    AFTER,
    MARKERS,
    NEXT,
    generated,
    guarded_update,
    release_tags,
    replace,
    successor,
    update,
)
from tools.render.template import Files

ANSWERS = {"project_name": "data-tool"}

OUTSIDE: Files = {"README.md": b"Everything.\n", "logo.png": b"\x89PNG\x00\xff", "libs/one.py": b"one = 1\n"}
"""Files of the repository around a project."""

MODULE = "git -c protocol.file.allow=always submodule --quiet add"


def in_a_subfolder(files: Files, folder: Path) -> Path:
    """Return a project in a subfolder of a repository."""
    inside = {f"services/api/{path}": content for path, content in files.items()}
    return committed({**OUTSIDE, **inside}, folder) / "services/api"


def in_a_subfolder_of_a_worktree(files: Files, folder: Path) -> Path:
    """Return a project in a subfolder of a second worktree."""
    top = in_a_subfolder(files, folder).parents[1]
    run("git", "worktree", "add", "--quiet", "-b", "work", folder / "worktree", cwd=top)
    return folder / "worktree/services/api"


def in_a_submodule(files: Files, folder: Path) -> Path:
    """Return a project that is a submodule of a repository."""
    top = committed(OUTSIDE, folder / "top")
    run("sh", "-c", f"{MODULE} {committed(files, folder)} services/api", cwd=top)
    run("git", "commit", "--quiet", "--message=Module", cwd=top)
    return top / "services/api"


def with_a_submodule(files: Files, folder: Path) -> Path:
    """Return a project that has a submodule."""
    project = committed(files, folder)
    run("sh", "-c", f"{MODULE} {committed(OUTSIDE, folder / 'other')} vendor/other", cwd=project)
    run("git", "commit", "--quiet", "--message=Module", cwd=project)
    return project


@pytest.mark.parametrize("place", [in_a_subfolder, in_a_subfolder_of_a_worktree, in_a_submodule, with_a_submodule])
def test_an_update_keeps_edits_in_every_place(place: object, template: Path, tmp_path: Path) -> None:
    """And deleted files stay deleted, markers are in the template's lines, and nothing changes outside of the project."""
    assert callable(place)
    project: Path = place(generated(template, release_tags()[-1], ANSWERS, tmp_path / "old"), tmp_path)
    top = Path(run("git", "rev-parse", "--show-toplevel", cwd=project).strip())
    with (project / "src/data_tool/cli.py").open("a", encoding="utf-8") as file:
        file.write("\n\ndef leave() -> None:\n    pass\n")
    text = (project / "Dockerfile").read_text(encoding="utf-8")
    (project / "Dockerfile").write_text(text.replace("FROM ", "from "), encoding="utf-8")
    run("git", "rm", "--quiet", "renovate.json", cwd=project)
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
    if top != project:
        (top / "README.md").write_text("Changed, and not committed.\n", encoding="utf-8")
    outside = {path: content for path, content in read(top).items() if not (top / path).is_relative_to(project)}
    assert update(project, NEXT).returncode == 0
    files = read(project)
    assert b"def leave" in files["src/data_tool/cli.py"]
    assert "renovate.json" not in files
    assert "AGENTS.md" in files
    assert {path for path, content in files.items() if MARKERS.search(content)} == {"Dockerfile"}
    assert outside.items() <= read(top).items()
    assert not [path for path in read(top) if path.endswith(".rej")]
    assert read(top).keys() - outside.keys() == {(project / path).relative_to(top).as_posix() for path in files}


def test_copier_restores_deleted_files_outside_of_the_subfolder(template: Path, tmp_path: Path) -> None:
    """It applies the difference of the whole repository. docs/monorepos.md says to commit first."""
    project = in_a_subfolder(generated(template, release_tags()[-1], ANSWERS, tmp_path / "old"), tmp_path)
    top = project.parents[1]
    (top / "libs/one.py").unlink()
    assert update(project, NEXT).returncode == 0
    assert (top / "libs/one.py").exists()


def test_renovate_writes_a_project_of_a_subfolder_into_the_top(template: Path, tmp_path: Path) -> None:
    """By this command of its manager for Copier. docs/monorepos.md turns the manager off."""
    top = in_a_subfolder(generated(template, release_tags()[-1], ANSWERS, tmp_path / "old"), tmp_path).parents[1]
    assert update(top, NEXT, "--answers-file=services/api/.copier-answers.yml").returncode == 0
    files = read(top)
    assert "AGENTS.md" in files
    assert "services/api/AGENTS.md" not in files


def test_edits_behind_a_link_to_a_folder_are_lost(template: Path, tmp_path: Path) -> None:
    """`copier update` writes through the link, exits with 0, and Git has the edits. docs/monorepos.md warns of it."""

    def change(source: Path) -> None:
        replace(source / "template/src/{{ package_name }}/cli.py.jinja", "Hello, World!", "Hello, all!")

    repository = successor(template, tmp_path, change)
    project = committed(generated(repository, NEXT, ANSWERS, tmp_path / "old"), tmp_path)
    run(
        "sh", "-c", "mv src/data_tool code && ln -s ../code src/data_tool && echo '# Ours.' >> code/cli.py", cwd=project
    )
    run("sh", "-c", "git add --all && git commit --quiet --message=Link", cwd=project)
    assert update(project, AFTER).returncode == 0
    text = (project / "code/cli.py").read_text(encoding="utf-8")
    assert "Hello, all!" in text
    assert "# Ours." not in text
    run("git", "checkout", "HEAD", "--", "code", cwd=project)
    assert "# Ours." in (project / "code/cli.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("is_tracked", [True, False])
def test_a_renamed_file_that_the_user_ignores(is_tracked: bool, template: Path, tmp_path: Path) -> None:
    """`copier update` deletes the old one, exits with 0, and the edits of an untracked file are nowhere else.

    `poe update` leaves an untracked file alone, and lists the lost lines of a tracked one.
    """

    def change(source: Path) -> None:
        (source / "template/poetry.toml").rename(source / "template/tools.toml")

    repository = successor(template, tmp_path, change)
    project = committed(generated(repository, NEXT, ANSWERS, tmp_path / "old"), tmp_path)
    for path, line in ((".gitignore", "poetry.toml"), ("poetry.toml", "# Ours.")):
        with (project / path).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    if not is_tracked:
        run("git", "rm", "--quiet", "--cached", "poetry.toml", cwd=project)
    run("git", "commit", "--quiet", "--all", "--message=Ignore", cwd=project)
    assert run("git", "status", "--porcelain", cwd=project) == ""
    result = guarded_update(project, f"--vcs-ref={AFTER}")
    assert "changed: tools.toml\n" in result.stdout
    assert (result.returncode, "lost: poetry.toml: '# Ours.'\n" in result.stdout) == (
        (3, True) if is_tracked else (0, False)
    )
    assert (project / "poetry.toml").exists() != is_tracked
    run("sh", "-c", "git reset --quiet --hard && git clean --quiet --force -d", cwd=project)

    assert update(project, AFTER).returncode == 0
    assert not (project / "poetry.toml").exists()
    assert b"# Ours." not in read(project)["tools.toml"]
    shown = run("sh", "-c", "git show HEAD:poetry.toml || true", cwd=project)
    assert ("# Ours." in shown) == is_tracked
    assert (" D poetry.toml" in run("git", "status", "--porcelain", cwd=project)) == is_tracked
