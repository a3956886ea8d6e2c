"""Updates of the pinned tools: newer ones of a bot stay, and repositories of v0.2.0 get the new files."""

from pathlib import Path

from tests.kit.commands import committed, run
from tests.kit.rehearsal import AFTER, MARKERS, NEXT, generated, replace, successor, updated

HASH = "--hash=sha256:"


def with_newer_tools(source: Path) -> None:
    """Change the pinned Poetry, and a hash of each package."""
    requirements = source / "extensions/dependencies/tools-requirements.txt"
    [poetry, export] = requirements.read_text(encoding="utf-8").split()
    requirements.write_text(f"poetry==98.0\n{export}\n", encoding="utf-8")
    old = f"{poetry}-{export}.txt".replace("==", "-")
    store = source / "extensions/tool_store"
    text = (store / old).read_text(encoding="utf-8").replace(poetry, "poetry==98.0").replace(HASH, f"{HASH}98")
    (store / old.replace(poetry.replace("==", "-"), "poetry-98.0", 1)).write_text(text, encoding="utf-8")


def test_newer_tools_of_a_bot_stay_without_markers(template: Path, tmp_path: Path) -> None:
    """Without a bot, the tools follow the template."""
    repository = successor(template, tmp_path, with_newer_tools)
    files = generated(repository, NEXT, {}, tmp_path / "old")
    bot = dict(files)
    for path in (".tools/poetry.in", ".tools/poetry.txt"):
        bot[path] = files[path].replace(b"\npoetry==2.", b"\npoetry==99.").replace(HASH.encode(), f"{HASH}99".encode())
    bot[".tools/poetry.in"] = files[".tools/poetry.in"].replace(b"poetry==2.", b"poetry==99.")
    (tmp_path / "bot").mkdir()
    (tmp_path / "none").mkdir()
    with_bot = updated(committed(bot, tmp_path / "bot"), AFTER)
    without = updated(committed(files, tmp_path / "none"), AFTER)
    for path in (".tools/poetry.in", ".tools/poetry.txt"):
        assert with_bot[path] == bot[path]
        assert b"poetry==98.0" in without[path]


def test_a_repository_of_an_early_release_gets_the_files_of_the_tools(template: Path, tmp_path: Path) -> None:
    """Also if the version of Poetry was edited. The old file would be taken for a compiled one."""
    files = generated(template, "v0.2.0", {}, tmp_path / "old")
    project = committed(files, tmp_path)
    [pinned] = [line for line in files["poetry-requirements.txt"].decode().splitlines() if line.startswith("poetry==")]
    replace(project / "poetry-requirements.txt", pinned, "poetry==2.5.9")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
    after, new = updated(project, NEXT), generated(template, NEXT, {}, tmp_path / "new")
    assert "poetry-requirements.txt" not in after
    for path in (".tools/poetry.in", ".tools/poetry.txt", "poetry.toml", "Dockerfile"):
        assert after[path] == new[path]
        assert not MARKERS.search(after[path])
