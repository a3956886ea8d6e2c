"""The pinned tools: the command in their header compiles them again, and leaves fresh releases alone."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import POETRY, run, write
from tests.kit.private_index import Index, private, serve, serve_dated
from tests.kit.pythons import HERE
from tests.kit.rendered_files import pins
from tools.lock.tool_store import UV, command, compile_tool, tool_names


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Serve an index of all packages that the public index has."""
    with serve(tmp_path_factory.mktemp("index")) as running:
        yield running


def check_compiled(name: str, before: str, folder: Path, **environment: str) -> None:
    """Check that the command in the header of a file keeps its versions, its markers and its hashes.

    The index may have files that were uploaded later.
    """
    [line] = re.findall(r"(?m)\A# .*\n#    uv (.*)$", before)
    run(UV, *line.split(), cwd=folder, env={**os.environ, **environment})
    after = (folder / f"{name}.txt").read_text(encoding="utf-8")
    assert re.sub(r"(?m)^ +--hash=.*\n| \\$", "", after) == re.sub(r"(?m)^ +--hash=.*\n| \\$", "", before)
    found = pins(after)
    for requirement, hashes in pins(before).items():
        assert set(hashes) <= set(found[requirement])


@pytest.mark.cases("name", tool_names)
def test_the_command_in_the_header_changes_nothing(name: str, tmp_path: Path) -> None:
    """Update bots run it."""
    files = working_tree().render({"repository_host": "gitlab", "dependency_updates": "none"})
    folder = write({path: files[path] for path in files if path.startswith(".tools/")}, tmp_path) / ".tools"
    assert f"uv {' '.join(command(working_tree(), name)[1:])}\n" in files[f".tools/{name}.txt"].decode()
    check_compiled(name, files[f".tools/{name}.txt"].decode(), folder)


def test_the_command_in_the_header_reads_the_private_index_alone(index: Index, tmp_path: Path) -> None:
    """It fails without a login there."""
    files = private(index.url)
    folder = write({path: files[path] for path in files if path.startswith(".tools/")}, tmp_path) / ".tools"
    cache = {"UV_CACHE_DIR": f"{tmp_path}/cache"}
    with pytest.raises(AssertionError, match=r"401 Unauthorized"):
        check_compiled("poetry", files[".tools/poetry.txt"].decode(), folder, NETRC=f"{tmp_path}/none", **cache)
    (tmp_path / "netrc").write_text(index.netrc, encoding="utf-8")
    check_compiled("poetry", files[".tools/poetry.txt"].decode(), folder, NETRC=f"{tmp_path}/netrc", **cache)


def test_poetry_add_leaves_fresh_releases_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By poetry.toml, for people as well as for CI."""
    monkeypatch.setenv("POETRY_CACHE_DIR", str(tmp_path / "cache"))
    day = timedelta(days=1)
    with serve_dated({"tool 1.0": 20 * day, "tool 1.1": 8 * day, "tool 1.2": 6 * day}) as url:
        files = private(url, python_version=HERE)
        pyproject = re.sub(rb"(?s)\[dependency-groups\].*?(?=\[tool\.poetry\])", b"", files["pyproject.toml"])
        project = write({"pyproject.toml": pyproject, "poetry.toml": files["poetry.toml"]}, tmp_path / "project")
        run(POETRY, "add", "--lock", "tool", cwd=project)
        assert '\nversion = "1.1"\n' in (project / "poetry.lock").read_text(encoding="utf-8")
        [name, value] = re.findall(r"`(\w+)=(\w+) poetry add NAME@latest`", files["README.md"].decode())[0]
        run(POETRY, "add", "--lock", "tool@latest", cwd=project, env={**os.environ, name: value})
        assert '\nversion = "1.2"\n' in (project / "poetry.lock").read_text(encoding="utf-8")


def test_fresh_uploads_of_tools_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the command in the header, for `make lock` as well as for bots. A source that cannot be compiled is an error."""
    day = timedelta(days=1)
    write({"twine.in": b"tool\n"}, tmp_path)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with serve_dated({"tool 1.0": 20 * day, "tool 1.1": 8 * day, "tool 1.2": 6 * day}) as url:
        monkeypatch.setenv("UV_DEFAULT_INDEX", url)
        assert pins(compile_tool(tmp_path, command(working_tree(), "twine"))).keys() == {"tool==1.1"}
        write({"twine.in": b"tool==9\n"}, tmp_path)
        with pytest.raises(RuntimeError, match=r"(?s)uv pip compile .*failed:.*tool==9"):
            compile_tool(tmp_path, command(working_tree(), "twine"))
