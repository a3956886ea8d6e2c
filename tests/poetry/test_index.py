"""A private package index: the rendered files, against a real server that requires a login."""

import json
import re
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import POETRY, run, write
from tests.kit.poetry_process import Poetry, poetry_process, read_by_poetry, relocked
from tests.kit.private_index import Index, lock_cases, private, private_project, serve, wheel
from tests.kit.pythons import interpreters
from tools.lock.refresh import poetry_lock

ADDRESSES = [
    "https://packages.example.com/simple",
    "https://packages.example.com/simple/",
    "http://localhost:8080/simple",
    "https://gitlab.example.com/api/v4/groups/12/-/packages/pypi/simple",
    "https://artifactory.example.com/artifactory/api/pypi/team%20one/simple",
    "https://devpi.example.com/root/dev/+simple/",
]
"""Addresses in the forms of well-known servers."""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Serve an index of all packages that the public index has."""
    with serve(tmp_path_factory.mktemp("index")) as running:
        yield running


@pytest.fixture(scope="module")
def logged_in(index: Index, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Poetry]:
    """Give Poetry the login to the index."""
    with poetry_process(index.login(tmp_path_factory.mktemp("user"))) as running:
        yield running


@pytest.fixture(scope="module")
def small_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Serve an index of one package."""
    packages = write({"tool-1.0-py3-none-any.whl": wheel("tool", "1.0")}, tmp_path_factory.mktemp("packages"))
    with serve(tmp_path_factory.mktemp("small"), packages) as running:
        yield running


@pytest.fixture(autouse=True)
def as_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the users of this machine and the caches of other indexes from Poetry and pip."""
    for variable, name in {"NETRC": "netrc", "POETRY_CACHE_DIR": "cache", "POETRY_CONFIG_DIR": "config"}.items():
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setenv("POETRY_KEYRING_ENABLED", "false")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_NO_INPUT", "1")


def log_in_by_netrc(index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "netrc").write_text(index.netrc, encoding="utf-8")


def log_in_by_variables(index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POETRY_HTTP_BASIC_PRIVATE_USERNAME", index.user)
    monkeypatch.setenv("POETRY_HTTP_BASIC_PRIVATE_PASSWORD", index.password)


def log_in_by_config(index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(POETRY, "config", "http-basic.private", index.user, index.password)


def needs_tool(url: str, folder: Path) -> Path:
    """Write a project with a private index whose only dependency is the package of the small index."""
    project = private(url)["pyproject.toml"].decode()
    project = re.sub(r"(?s)\[dependency-groups\].*?(?=\[tool\.poetry\])", "", project)
    project = project.replace("dependencies = []", 'dependencies = ["tool"]')
    return write({"pyproject.toml": project.encode()}, folder / "project")


def test_the_server_answers_nobody_without_a_password(index: Index) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{index.url}/pytest/", timeout=30)


PRIORITIES = {"private": "primary", "additional": "explicit"}
"""The priority of the source by the answer to package_index."""


@pytest.mark.parametrize("place", PRIORITIES)
@pytest.mark.parametrize("kind", KINDS)
def test_poetry_check_accepts_the_default_address(kind: str, place: str, poetry: Poetry, tmp_path: Path) -> None:
    """Users have to replace it."""
    answers = {"project_type": kind, "package_index": place}
    poetry(write(working_tree().render(answers, read_by_poetry), tmp_path), "check", "--lock", "--strict")


@pytest.mark.parametrize("place", PRIORITIES)
@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_comes_out_intact(url: str, place: str, poetry: Poetry, tmp_path: Path) -> None:
    files = private(url, package_index=place)
    source = {"name": "private", "url": url, "priority": PRIORITIES[place]}
    assert tomllib.loads(files["pyproject.toml"].decode())["tool"]["poetry"]["source"] == [source]
    assert f"<{url}>" in files["README.md"].decode()
    poetry(write(files, tmp_path), "check", "--lock", "--strict")


@pytest.mark.cases(("kind", "version"), lock_cases)
def test_poetry_writes_the_lock_as_it_was_rendered(
    kind: str, version: str, index: Index, logged_in: Poetry, tmp_path: Path
) -> None:
    """The other types and Pythons are in tests/nightly/test_private_index.py."""
    rendered, written = relocked(logged_in, private_project(index.url, tmp_path, kind, version))
    assert written == rendered


def test_poetry_leaves_out_the_slash_at_the_end_of_an_address(index: Index, logged_in: Poetry, tmp_path: Path) -> None:
    rendered, written = relocked(logged_in, private_project(f"{index.url}/", tmp_path))
    assert f'url = "{index.url}"\n' in rendered
    assert written == rendered


@pytest.mark.parametrize("log_in", [log_in_by_netrc, log_in_by_variables, log_in_by_config])
def test_poetry_logs_in_as_the_readme_says(
    log_in: Any, small_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = needs_tool(small_index.url, tmp_path)
    with pytest.raises(RuntimeError, match="Authorization error accessing"):
        poetry_lock(project)
    log_in(small_index, tmp_path, monkeypatch)
    assert '\nname = "tool"\nversion = "1.0"\n' in poetry_lock(project)


def test_a_package_comes_from_the_additional_index_only_if_it_is_added_from_there(
    small_index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the README says. Without a login to the index, all others are still locked and installed."""
    files = private(small_index.url, package_index="additional", python_version=min(interpreters()))
    assert "`poetry add --source private NAME`" in files["README.md"].decode()
    project = write(files, tmp_path / "project")
    run(interpreters()[min(interpreters())], "-m", "venv", ".venv", cwd=project)
    run(POETRY, "add", "--lock", "toolz==1.0.0", cwd=project)
    log_in_by_netrc(small_index, tmp_path, monkeypatch)
    with pytest.raises(AssertionError):
        run(POETRY, "add", "--lock", "tool==1.0", cwd=project)
    run(POETRY, "add", "--lock", "--source=private", "tool==1.0", cwd=project)
    packages = tomllib.loads((project / "poetry.lock").read_text(encoding="utf-8"))["package"]
    sources = {package["name"]: package["source"]["reference"] for package in packages if "source" in package}
    assert sources == {"tool": "private"}


def test_poetry_itself_comes_from_the_public_index_beside_an_additional_one() -> None:
    """So the steps that install it have no login."""
    answers = {"package_index": "additional", "devcontainer": True}
    files, public = (working_tree().render({**answers, **more}) for more in ({}, {"package_index": "public"}))
    for path in (".tools/poetry.in", ".tools/poetry.txt", ".devcontainer/Dockerfile"):
        assert files[path] == public[path]
    mounts = json.loads(files[".devcontainer/devcontainer.json"])
    assert "options" not in mounts["build"]
    assert ".netrc" in mounts["mounts"][0]
    stage = files["Dockerfile"].decode().partition(" AS poetry\n")[2].partition("\nFROM ")[0]
    assert "secret" not in stage


def test_nothing_comes_from_the_public_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Poetry does not find a package that the private index lacks, though the public index has it."""
    nothing = tmp_path / "packages"
    nothing.mkdir()
    with serve(tmp_path, nothing) as index:
        log_in_by_netrc(index, tmp_path, monkeypatch)
        write({"pyproject.toml": private(index.url)["pyproject.toml"]}, tmp_path / "project")
        with pytest.raises(RuntimeError, match=r"which doesn't match any versions"):
            poetry_lock(tmp_path / "project")


def test_pip_and_poetry_install_with_a_netrc_and_not_without(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also, the exported requirements never have the password."""
    version = min(interpreters())
    files = private(index.url, project_type="service", python_version=version)
    project = write(files, tmp_path / "project")
    run(interpreters()[version], "-m", "venv", ".venv", cwd=project)
    download = ("download", "--no-deps", "--require-hashes", "--requirement=requirements.txt")
    pip: tuple[str | Path, ...] = (project / ".venv/bin/pip", *download)
    poetry: tuple[str | Path, ...] = (POETRY, "install", "--only=main", "--no-root")
    run(POETRY, "export", "--only=main", "--output=requirements.txt", cwd=project)
    for command, refusal in (
        (pip, "No matching distribution found"),
        (poetry, "Unable to find installation candidates"),
    ):
        with pytest.raises(AssertionError, match=refusal):
            run(*command, cwd=project)
    log_in_by_netrc(index, tmp_path, monkeypatch)
    run(*pip, cwd=project)
    assert "Installing fastapi" in run(*poetry, cwd=project)
    log_in_by_variables(index, tmp_path, monkeypatch)
    exported = run(POETRY, "export", "--only=main", cwd=project)
    assert f"\n--index-url {index.url}\n" in exported
    assert index.user not in exported
    assert index.password not in exported


def test_the_readme_says_how_to_log_in() -> None:
    readme = private("https://packages.example.com:8443/simple")["README.md"].decode()
    assert "\nmachine packages.example.com login USER password PASSWORD\n" in readme
    assert "`poetry config http-basic.private USER`" in readme
    assert "POETRY_HTTP_BASIC_PRIVATE_PASSWORD" in readme
    assert '\ndocker build --secret "id=netrc,src=$HOME/.netrc" --tag myproject .\n' in readme
    public = working_tree().render({})["README.md"].decode()
    assert "netrc" not in public
