"""`copier update` in checkouts with CRLF, as Git for Windows makes them.

Git's user sets `core.autocrlf`. Lines in the repository end with LF, unless a test says otherwise.
"""

from pathlib import Path

import pytest

from tests.kit.commands import committed, read, run, write
from tests.kit.rehearsal import AFTER, MARKERS, NEXT, generated, release_tags, successor, update
from tools.docs.markdown import code_blocks, section
from tools.render.template import Files
from tools.repository import ROOT

LF = "* text=auto eol=lf\n"

ANSWERS = {"project_name": "data-tool"}


def configure(autocrlf: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give Git a setting of its user."""
    settings = f"[user]\nname = Ada\nemail = ada@example.org\n[core]\nautocrlf = {autocrlf}\nsafecrlf = false\n"
    write({".gitconfig": settings.encode()}, folder / "home")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(folder / "home/.gitconfig"))


@pytest.fixture
def windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give Git the setting that it has on Windows."""
    configure("true", tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def on_git(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the releases with the attributes of this repository, which Git applies in Copier's clones."""
    folder = tmp_path_factory.mktemp("attributes") / "copier-poetry-docker"
    run("git", "clone", "--quiet", template, folder)
    for tag in run("git", "tag", "--list", "--sort=creatordate", cwd=folder).split():
        run("git", "checkout", "--quiet", "--force", tag, cwd=folder)
        write({".gitattributes": LF.encode()}, folder)
        run("sh", "-c", f"git add --all && git commit --quiet --message={tag} && git tag --force {tag}", cwd=folder)
    return folder


def checked_out(files: Files, folder: Path, start: Files | None = None) -> Path:
    """Return a new checkout of a repository with some files.

    Args:
        files: The committed files.
        folder: A folder for the repository and the checkout.
        start: More files, which are committed as they are.
    """
    project = committed(files, folder)
    write(start or {}, project)
    asis = "git -c core.autocrlf=false add --all && git commit --quiet --allow-empty --message=More"
    run("sh", "-c", asis, cwd=project)
    run("git", "clone", "--quiet", project, folder / "checkout")
    return folder / "checkout"


def edit(project: Path) -> None:
    """Change lines of the user's files, of the template's, and of those that the template changes too."""
    for path, old, new in (
        ("README.md", b"## Develop", b"## Work on it"),
        ("pyproject.toml", b'version = "0.1.0"', b'version = "0.1.1"'),
        ("Dockerfile", b"FROM ", b"from "),
    ):
        text = (project / path).read_bytes()
        assert old in text
        (project / path).write_bytes(text.replace(old, new))
    cli = project / "src/data_tool/cli.py"
    end = b"\r\n" if b"\r\n" in cli.read_bytes() else b"\n"
    cli.write_bytes(cli.read_bytes() + end * 2 + b"def leave() -> None:" + end)
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)


def staged(project: Path) -> str:
    """Stage all files, and return the tree that the next commit would have."""
    run("git", "add", "--all", cwd=project)
    return run("git", "write-tree", cwd=project).strip()


def conflicts(project: Path) -> set[str]:
    """Return the files with conflict markers, of which each must have several: none is around a whole file."""
    found = {path: len(MARKERS.findall(content)) for path, content in read(project).items()}
    assert not [path for path, number in found.items() if number == 2]
    return {path for path, number in found.items() if number}


def line_ends(project: Path, place: str) -> set[str]:
    """Return the ends of lines, in the index (`i`) or in the working tree (`w`)."""
    listed = run("git", "ls-files", "--eol", cwd=project).split()
    return {word.removeprefix(f"{place}/") for word in listed if word.startswith(f"{place}/")} - {"none"}


@pytest.mark.cases("tag", release_tags)
def test_an_update_gives_the_same_files_as_with_lf(
    tag: str, on_git: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With edits, without another step. The update brings .gitattributes before it merges."""
    start = generated(on_git, tag, ANSWERS, tmp_path / "old")
    assert ".gitattributes" not in start
    found = []
    for autocrlf, ends in (("true", {"crlf"}), ("false", {"lf"})):
        configure(autocrlf, tmp_path, monkeypatch)
        project = checked_out(start, tmp_path / autocrlf)
        assert line_ends(project, "w") == ends
        edit(project)
        assert update(project, NEXT).returncode == 0
        found.append(staged(project))
        assert line_ends(project, "i") == {"lf"}
        assert conflicts(project) == {"Dockerfile"}
        assert b"def leave" in read(project)["src/data_tool/cli.py"]
    assert found[0] == found[1]


@pytest.mark.usefixtures("windows")
def test_without_attributes_there_are_markers_around_a_whole_file(on_git: Path, tmp_path: Path) -> None:
    """The same edits, and a template without .gitattributes."""
    history = successor(on_git, tmp_path, lambda source: (source / "template/.gitattributes.jinja").unlink())
    project = checked_out(generated(history, release_tags()[-1], ANSWERS, tmp_path / "old"), tmp_path)
    edit(project)
    assert update(project, AFTER).returncode == 0
    [before, after] = (project / "Dockerfile").read_bytes().split(b"=======\n")
    assert before.startswith(b"<<<<<<< ")
    assert after.splitlines()[-1].startswith(b">>>>>>> ")


@pytest.mark.usefixtures("windows")
def test_the_commands_of_the_page_mend_lines_that_end_with_crlf_in_the_repository(on_git: Path, tmp_path: Path) -> None:
    """`core.autocrlf` was off when the files were committed."""
    start = generated(on_git, release_tags()[-1], ANSWERS, tmp_path / "old")
    project = checked_out(start, tmp_path, {path: text.replace(b"\n", b"\r\n") for path, text in start.items()})
    edit(project)
    assert line_ends(project, "i") == {"crlf"}
    text = (ROOT / "docs/updates.md").read_text(encoding="utf-8")
    [block] = code_blocks(section(text, "Line endings"))
    run("bash", "-euc", block, cwd=project)
    assert line_ends(project, "i") == {"lf"}
    assert update(project, NEXT).returncode == 0
    assert conflicts(project) == {"Dockerfile"}
    files = read(project)
    assert files[".gitattributes"] == LF.encode()
    assert b"def leave" in files["src/data_tool/cli.py"]


@pytest.mark.usefixtures("windows")
def test_attributes_of_the_users_own_stay(on_git: Path, tmp_path: Path) -> None:
    """They meet no marker, which Git would read as attributes."""
    own = LF.encode() + b"*.bin filter=lfs diff=lfs merge=lfs -text\n"
    start = generated(on_git, release_tags()[0], ANSWERS, tmp_path / "old")
    project = checked_out({**start, ".gitattributes": own}, tmp_path)
    edit(project)
    assert update(project, NEXT).returncode == 0
    assert conflicts(project) == {"Dockerfile"}
    # Git checked it out with CRLF before the update.
    assert read(project)[".gitattributes"].splitlines() == own.splitlines()


def test_lines_that_the_user_adds_stay_when_the_template_changes_its_own(template: Path, tmp_path: Path) -> None:
    """At the same place, so that Git would mark them in any other file."""

    def change(source: Path) -> None:
        file = source / "template/.gitattributes.jinja"
        file.write_text(file.read_text(encoding="utf-8") + "*.svg linguist-generated\n", encoding="utf-8")

    repository = successor(template, tmp_path, change)
    project = committed(generated(repository, NEXT, ANSWERS, tmp_path / "old"), tmp_path)
    with (project / ".gitattributes").open("a", encoding="utf-8") as file:
        file.write("*.bin filter=lfs diff=lfs merge=lfs -text\n")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
    before = read(project)[".gitattributes"]
    assert update(project, AFTER).returncode == 0
    assert read(project)[".gitattributes"] == before
