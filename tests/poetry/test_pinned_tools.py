"""The pinned tools: a newer package changes nothing, and the command in their header compiles them again."""

import os
import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import POETRY, run, write
from tests.kit.day_two import serve_files
from tests.kit.private_index import Index, newer_package, private, serve, serve_dated
from tests.kit.pythons import HERE
from tests.kit.rehearsal import NEXT, generated
from tests.kit.rendered_files import pins
from tools.lock.tool_store import UV, command, compile_tool, tool_names


@pytest.mark.parametrize("tag", ["v0.2.0", NEXT])
def test_a_newer_package_of_poetry_changes_no_wheel(tag: str, template: Path, tmp_path: Path) -> None:
    """By the steps of the release. In v0.2.0, it changed the source that the wheel then packed."""
    files = generated(template, tag, {}, tmp_path / "project")
    write(newer_package(), tmp_path / "index")
    run(sys.executable, "-m", "venv", tmp_path / "tools")
    steps = re.findall(r"(?m)(pip install .*poetry.*|poetry build)$", files[".github/workflows/release.yml"].decode())
    assert len(steps) == 2
    with serve_files(tmp_path / "index") as address:
        environment = {
            **os.environ,
            "PATH": f"{tmp_path}/tools/bin:{os.environ['PATH']}",
            "PIP_EXTRA_INDEX_URL": f"{address}/simple",
        }
        for step in steps:
            run("bash", "-ec", step, cwd=tmp_path / "project", env=environment)
    [built] = (tmp_path / "project/dist").glob("*.whl")
    with ZipFile(built) as archive:
        changed = archive.read("myproject/__init__.py") != files["src/myproject/__init__.py"]
    assert changed == (tag != NEXT)


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
        (project / "poetry.toml").unlink()
        run(POETRY, "update", "--lock", cwd=project)
        assert '\nversion = "1.2"\n' in (project / "poetry.lock").read_text(encoding="utf-8")


def test_fresh_uploads_of_tools_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the command in the header, for `make lock` as well as for bots. What cannot be compiled is an error."""
    day = timedelta(days=1)
    write({"twine.in": b"tool\n"}, tmp_path)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with serve_dated({"tool 1.0": 20 * day, "tool 1.1": 8 * day, "tool 1.2": 6 * day}) as url:
        monkeypatch.setenv("UV_DEFAULT_INDEX", url)
        assert pins(compile_tool(tmp_path, command(working_tree(), "twine"))).keys() == {"tool==1.1"}
        write({"twine.in": b"tool==9\n"}, tmp_path)
        with pytest.raises(RuntimeError, match=r"(?s)uv pip compile .*failed:.*tool==9"):
            compile_tool(tmp_path, command(working_tree(), "twine"))
