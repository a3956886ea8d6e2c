"""A private package index: what is rendered for it, against a real one that asks for a password."""

import base64
import fcntl
import gzip
import re
import tarfile
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.answers import KINDS, combination, working_tree
from tests.kit.commands import POETRY, run, write
from tests.kit.docker import docker, image_of, lint, need_engine, refused
from tests.kit.image_contract import check_contract
from tests.kit.mutants import mutants
from tests.kit.private_index import Index, fetch, serve, with_secret
from tests.kit.pythons import interpreters, pythons
from tests.kit.verdicts import ProductError, expect_equal
from tools.lock.refresh import cut, poetry_lock
from tools.render.template import Files

ADDRESSES = [
    "https://packages.example.com/simple",
    "https://packages.example.com/simple/",
    "http://localhost:8080/simple",
    "https://gitlab.example.com/api/v4/groups/12/-/packages/pypi/simple",
    "https://artifactory.example.com/artifactory/api/pypi/team%20one/simple",
    "https://devpi.example.com/root/dev/+simple/",
]
"""In the forms that well-known servers have."""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Serve an index that has all that the public one has."""
    with serve(tmp_path_factory.mktemp("index")) as running:
        yield running


@pytest.fixture(autouse=True)
def as_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Poetry and pip know nothing of this machine's users, and remember nothing of another index."""
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


def private(url: str, **answers: Any) -> Files:
    """Render a repository whose packages come from a private index."""
    return working_tree().render({"package_index": "private", "package_index_url": url, **answers})


def stale(files: Files, folder: Path) -> Path:
    """Write a repository whose lock has another content-hash: Poetry asks the index again, and keeps the versions."""
    lock = files["poetry.lock"].decode()
    return write(files | {"poetry.lock": lock.replace(cut(lock)[1], "0" * 64).encode()}, folder / "project")


def test_the_server_answers_nobody_without_a_password(index: Index) -> None:
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{index.url}/pytest/", timeout=30)


@pytest.mark.parametrize("kind", KINDS)
def test_poetry_finds_nothing_to_object_to(kind: str, tmp_path: Path) -> None:
    """By default as well, where the address has to be replaced."""
    files = working_tree().render({"project_type": kind, "package_index": "private"})
    run(POETRY, "check", "--lock", "--strict", cwd=write(files, tmp_path))


@pytest.mark.parametrize("url", ADDRESSES)
def test_an_address_comes_out_intact(url: str, tmp_path: Path) -> None:
    files = private(url)
    source = {"name": "private", "url": url, "priority": "primary"}
    assert tomllib.loads(files["pyproject.toml"].decode())["tool"]["poetry"]["source"] == [source]
    assert f"<{url}>" in files["README.md"].decode()
    run(POETRY, "check", "--lock", "--strict", cwd=write(files, tmp_path))


@pytest.mark.cases("version", pythons)
@pytest.mark.parametrize("kind", KINDS)
def test_poetry_writes_the_lock_as_it_was_rendered(
    kind: str, version: str, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in_by_netrc(index, tmp_path, monkeypatch)
    files = private(index.url, project_type=kind, python_version=version)
    assert poetry_lock(stale(files, tmp_path)).encode() == files["poetry.lock"]


def test_poetry_leaves_out_what_ends_an_address(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in_by_netrc(index, tmp_path, monkeypatch)
    files = private(f"{index.url}/")
    assert f'url = "{index.url}"\n' in files["poetry.lock"].decode()
    assert poetry_lock(stale(files, tmp_path)).encode() == files["poetry.lock"]


@pytest.mark.parametrize("log_in", [log_in_by_netrc, log_in_by_variables, log_in_by_config])
def test_poetry_logs_in_as_the_readme_says(
    log_in: Any, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = private(index.url)
    project = stale(files, tmp_path)
    with pytest.raises(RuntimeError, match="Authorization error accessing"):
        poetry_lock(project)
    log_in(index, tmp_path, monkeypatch)
    assert poetry_lock(project).encode() == files["poetry.lock"]


def test_nothing_comes_from_the_public_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the private index lacks is not there for Poetry, whoever has it."""
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
    """And nothing that Poetry exports holds the password, though it knows it."""
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


def service(url: str | None, installer: str = "pip", base: str = "slim") -> Files:
    """Render the service whose image is built here, for the public index when there is no address."""
    answers = {"project_type": "service", "python_version": "3.13", "installer": installer, "base_image": base}
    return private(url, **answers) if url else working_tree().render(answers)


def packages_of_the_image(folder: Path) -> Path:
    """Give a folder with all packages that the image of the service is built from, in whichever process it is made."""
    packages = folder / "packages"
    tools = [working_tree().folder / f"extensions/dependencies/{name}-requirements.txt" for name in ("tools", "build")]
    lock = tomllib.loads(service("https://packages.example.com/simple")["poetry.lock"].decode())
    with (folder / "packages.guard").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not packages.exists():
            fetched = folder / "packages.fetched"
            fetch([f"{each['name']}=={each['version']}" for each in lock["package"]], "3.13", fetched)
            fetch(" ".join(file.read_text(encoding="utf-8") for file in tools).split(), "3.13", fetched)
            fetched.rename(packages)
    return packages


@pytest.fixture(scope="module")
def closed_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Serve an index that has what the image of the service is built from, and nothing else."""
    need_engine({"python_version": "3.13"})
    packages = packages_of_the_image(tmp_path_factory.getbasetemp().parent)
    with serve(tmp_path_factory.mktemp("closed"), packages) as running:
        yield running


def held(texts: Iterable[str], image: str, folder: Path) -> set[str]:
    """Return which texts any layer, the configuration or the history of an image holds."""
    run("docker", "image", "save", f"--output={folder}/image.tar", image)
    found: set[str] = set()
    with tarfile.open(folder / "image.tar") as archive:
        for member in archive:
            file = archive.extractfile(member)
            content = file.read() if file else b""
            content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
            found.update(text for text in texts if text.encode() in content)
    return found


@pytest.mark.parametrize(("installer", "base"), [("pip", "slim"), ("poetry", "slim"), ("pip", "distroless")])
def test_the_image_is_built_with_the_secret_and_without_a_trace(
    installer: str, base: str, closed_index: Index, tmp_path: Path
) -> None:
    """In no stage: each is what somebody may push as a cache."""
    files = service(closed_index.url, installer, base)
    options = with_secret(files, closed_index.netrc, tmp_path)
    login = base64.b64encode(f"{closed_index.user}:{closed_index.password}".encode()).decode()
    traces = (closed_index.user, closed_index.password, login)
    assert "type=cache" not in files["Dockerfile"].decode()
    for stage in re.findall(r"(?m)^FROM \S+ AS (\w+)$", files["Dockerfile"].decode()):
        with image_of(files, tmp_path, *options, f"--target={stage}") as image:
            assert held([*traces, "LANG"], image, tmp_path) <= {"LANG"}
    check_contract(
        combination(project_type="service", installer=installer, base_image=base, python_version="3.13"),
        files,
        tmp_path,
        *options,
    )
    records = run("docker", "buildx", "du", "--verbose")
    assert [trace for trace in traces if trace in records] == []


def test_what_is_looked_for_is_found(tmp_path: Path) -> None:
    """A password that a later instruction hides, and one in the history."""
    recipe = b"FROM scratch\nARG TOKEN=in-the-history\nCOPY secret /\nLABEL token=$TOKEN\n"
    with image_of({"Dockerfile": recipe, "secret": b"in-a-layer"}, tmp_path) as image:
        texts = ["in-the-history", "in-a-layer", "nowhere"]
        assert held(texts, image, tmp_path) == {"in-the-history", "in-a-layer"}


def test_without_the_secret_the_build_says_how_to_give_it(closed_index: Index, tmp_path: Path) -> None:
    words = "secret netrc: not found"
    output = refused(write(service(closed_index.url), tmp_path), words, "--no-cache", "--network=host")
    assert 'docker build --secret "id=netrc,src=$HOME/.netrc" .' in output


def check_wrong_password(files: Files, index: Index, folder: Path) -> None:
    """Hold a build to asking the private index for Poetry already, which does not let in whoever has no password."""
    # With the right secret it may have been built before, and cached steps need none.
    options = ("--no-cache", *with_secret(files, index._replace(password="wrong").netrc, folder))
    refused(write(files, folder), "No matching distribution found for poetry==", *options)


def check_no_downloads(files: Files, index: Index, folder: Path) -> None:
    """Hold a build to coming about, and its stages to keeping nothing that the index has sent."""
    options = with_secret(files, index.netrc, folder)
    for stage in ("poetry", "dependencies"):
        with image_of(files, folder, *options, f"--target={stage}") as image:
            find = ("--entrypoint=sh", image, "-c", "find /root -type f -path '*/.cache/*'")
            expect_equal(docker("run", "--rm", *find), "", "downloads")


def check_index(files: Files, index: Index, folder: Path) -> None:
    """Hold a build to all that it promises of a private index.

    pip keeps downloads from an address with https alone, which this server has not: that it has nowhere to keep them
    is what hadolint looks at.
    """
    lint(write({"Dockerfile": files["Dockerfile"]}, folder / "style") / "Dockerfile")
    check_wrong_password(files, index, folder)
    check_no_downloads(files, index, folder)


@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_poetry_itself_comes_from_the_private_index(installer: str, closed_index: Index, tmp_path: Path) -> None:
    check_index(service(closed_index.url, installer), closed_index, tmp_path)


def only_private(installer: str) -> list[str]:
    """Return what can be taken out of the Dockerfile for a private index, and is not in that for the public one."""
    urls = ("https://packages.example.com/simple", None)
    private_one, public_one = (
        [mutant.what for mutant in mutants(service(url, installer)["Dockerfile"].decode())] for url in urls
    )
    return list(dict.fromkeys(what for what in private_one if what not in public_one and not what.startswith("RUN")))


@pytest.mark.parametrize(
    ("installer", "number"),
    [(installer, number) for installer in ("pip", "poetry") for number in range(len(only_private(installer)))],
)
def test_something_fails_when_it_is_taken_out(installer: str, number: int, closed_index: Index, tmp_path: Path) -> None:
    """Of what is there for a private index alone: the rest is tried with the public one."""
    files = service(closed_index.url, installer)
    what = only_private(installer)[number].replace("https://packages.example.com/simple", closed_index.url)
    found = [mutant for mutant in mutants(files["Dockerfile"].decode()) if mutant.what == what]
    assert found
    for place, mutant in enumerate(found):
        lacking = {**files, "Dockerfile": mutant.dockerfile.encode()}
        with pytest.raises(ProductError):
            check_index(lacking, closed_index, tmp_path / str(place))
