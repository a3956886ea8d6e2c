"""Checks of an image whose packages come from a private index."""

import base64
import fcntl
import gzip
import re
import tarfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.kit.answers import combination, working_tree
from tests.kit.commands import run, write
from tests.kit.docker import docker, image_of, lint, on_own_bases, refused
from tests.kit.image_contract import check_contract
from tests.kit.mutants import mutants
from tests.kit.private_index import Index, fetch, private, with_secret
from tests.kit.secure_index import CA, serve_securely
from tests.kit.verdicts import ProductError, expect, expect_equal
from tools.docs.markdown import code_blocks
from tools.render.template import Answers, Files
from tools.repository import ROOT

REMEDY = 'docker build --secret "id=netrc,src=$HOME/.netrc" .'
"""The remedy in the Dockerfile for a build without a login."""

NO_POETRY = r"No matching distribution found for \w"
"""The message of pip if the index in place of the public one refuses the login."""


class Network(NamedTuple):
    """A corporate network: the address of its index, and a registry with base images that trust its certificate."""

    url: str
    registry: str


def base_with_certificate(image: str) -> str:
    """Return the Dockerfile of a base image that trusts a certificate, from docs/networks.md."""
    blocks = code_blocks((ROOT / "docs/networks.md").read_text(encoding="utf-8"), "dockerfile")
    for block in blocks:
        start = block.split()[1]
        if start.partition(":")[0] == image.partition(":")[0]:
            return block.replace(f"FROM {start}", f"FROM {image}")
    return f"FROM {image}\n"


def answers_of(installer: str, base: str) -> Answers:
    """Return the answers of the service whose image is built here."""
    return {"project_type": "service", "python_version": "3.13", "installer": installer, "base_image": base}


def service(network: Network | None, installer: str = "pip", base: str = "slim") -> Files:
    """Render the service whose image is built here. Without a network, its packages come from the public index."""
    answers = answers_of(installer, base)
    if network is None:
        return working_tree().render(answers)
    return private(network.url, base_registry=network.registry, **answers)


def packages_of_the_image(folder: Path) -> Path:
    """Return a folder with all packages for the image of the service; the first process fetches them for all."""
    packages = folder / "packages"
    files = service(Network("https://packages.example.com/simple", ""))
    tools = re.findall(r"(?m)^[\w-]+==.*?(?= \\$)", files[".tools/poetry.txt"].decode())
    build = (working_tree().folder / "extensions/dependencies/build-requirements.txt").read_text(encoding="utf-8")
    lock = tomllib.loads(files["poetry.lock"].decode())
    with (folder / "packages.guard").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not packages.exists():
            fetched = folder / "packages.fetched"
            fetch([f"{each['name']}=={each['version']}" for each in lock["package"]], "3.13", fetched)
            fetch([*tools, *build.split()], "3.13", fetched)
            fetched.rename(packages)
    return packages


@contextmanager
def trusted(answers: Answers, folder: Path) -> Iterator[str]:
    """Make base images that trust the certificate in a folder, and give the registry that has them."""
    with on_own_bases(answers, base_with_certificate, {CA: (folder / CA).read_bytes()}) as ours:
        yield ours["base_registry"]


@contextmanager
def closed_index(factory: pytest.TempPathFactory, base: str = "slim") -> Iterator[tuple[Index, Network]]:
    """Serve an index of the packages for the image of the service, and no others, in a corporate network."""
    answers = answers_of("pip", base)
    folder = factory.mktemp("closed")
    with (
        serve_securely(folder, packages_of_the_image(factory.getbasetemp().parent)) as index,
        trusted(answers, folder) as registry,
    ):
        yield index, Network(index.url, registry)


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


def check_secret(installer: str, base: str, closed: tuple[Index, Network], folder: Path) -> None:
    """Build an image with the secret, and check that no stage has a trace of it: users push stages as caches."""
    index, network = closed
    files = service(network, installer, base)
    options = with_secret(files, index.netrc, folder)
    login = base64.b64encode(f"{index.user}:{index.password}".encode()).decode()
    traces = (index.user, index.password, login)
    # A cache mount is open to every other build, and one in memory takes twice the size of the packages.
    assert re.findall("type=(cache|tmpfs)", files["Dockerfile"].decode()) == []
    for stage in re.findall(r"(?m)^FROM \S+ AS (\w+)$", files["Dockerfile"].decode()):
        with image_of(files, folder, *options, f"--target={stage}") as image:
            assert held([*traces, "LANG"], image, folder) <= {"LANG"}
    answers = combination(project_type="service", installer=installer, base_image=base, python_version="3.13")
    check_contract({**answers, "base_registry": network.registry}, files, folder, *options)
    records = run("docker", "buildx", "du", "--verbose")
    assert [trace for trace in traces if trace in records] == []


def logins(index: Index) -> dict[str, str | None]:
    """Return .netrc files that an index refuses; None is a build without the secret."""
    return {"none": None, "empty": "", "wrong": index._replace(password="wrong").netrc}


def check_refused(stage: str, login: str | None, words: str, files: Files, folder: Path) -> None:
    """Check that a stage without the right login is not built, and that the build says how to give it.

    Args:
        stage: The first stage that needs the login.
        login: The .netrc, or None for a build without the secret.
        words: A pattern of the installer's message.
        files: The build context.
        folder: An empty folder.
    """
    options = ["--network=host"] if login is None else with_secret(files, login, folder)
    # A build with the right secret may have filled the cache, and cached steps need no secret.
    stages = (f"--target={stage}", f"--no-cache-filter={stage}")
    words = "secret netrc: not found" if login is None else words
    output = refused(write(files, folder), words, *stages, *options)
    expect(REMEDY in output, output)
    expect("Traceback" not in output, output)


def check_no_downloads(files: Files, index: Index, folder: Path) -> None:
    """Check that a build succeeds whose build system has requirements, and that its stages keep no download."""
    options = with_secret(files, index.netrc, folder)
    # With a build script, Poetry installs the requirements of the build system.
    pyproject = files["pyproject.toml"].replace(b"[tool.poetry]\n", b'[tool.poetry]\nbuild.script = "README.md"\n')
    assert pyproject != files["pyproject.toml"]
    files = {**files, "pyproject.toml": pyproject, "README.md": b""}
    for stage in ("poetry", "dependencies", "project"):
        with image_of(files, folder, *options, f"--target={stage}") as image:
            # virtualenv caches facts about Python alone.
            find = ("--entrypoint=sh", image, "-c", "find /root -type f -path '*/.cache/*' -not -path '*/virtualenv/*'")
            expect_equal(docker("run", "--rm", *find), "", "downloads")


def check_nothing_to_install(files: Files, index: Index, folder: Path) -> None:
    """Check that a build succeeds if neither the project nor its build system has dependencies to install."""
    package = private(index.url, project_type="package", python_version="3.13")
    files = {**files, **{name: package[name] for name in ("pyproject.toml", "poetry.lock")}}
    options = with_secret(files, index.netrc, folder)
    for stage in ("dependencies", "project"):
        with image_of(files, folder, *options, f"--target={stage}"):
            pass


def check_index(files: Files, index: Index, folder: Path) -> None:
    """Check a build with a private index, from which Poetry itself comes too."""
    lint(write({"Dockerfile": files["Dockerfile"]}, folder / "style") / "Dockerfile")
    check_refused("poetry", logins(index)["wrong"], NO_POETRY, files, folder)
    check_no_downloads(files, index, folder)
    check_nothing_to_install(files, index, folder / "nothing")


def only_private(installer: str) -> list[tuple[str, str]]:
    """List the parts that the Dockerfile for a private index has and the one for the public index lacks, with their stage.

    Commands that differ only in an option count as the same.
    """
    networks = (Network("https://packages.example.com/simple", ""), None)
    private_one, public_one = (
        [(mutant.stage, mutant.missing) for mutant in mutants(service(network, installer)["Dockerfile"].decode())]
        for network in networks
    )
    own = [
        (stage, part) for stage, part in private_one if (stage, part.replace("--no-cache-dir ", "")) not in public_one
    ]
    return list(dict.fromkeys((stage, part) for stage, part in own if not part.startswith("RUN")))


def check_without(installer: str, stage: str, part: str, closed: tuple[Index, Network], folder: Path) -> None:
    """Check that a build fails a check of the private index when a part of a stage is taken out."""
    index, network = closed
    files = service(network, installer)
    found = [
        mutant for mutant in mutants(files["Dockerfile"].decode()) if (mutant.stage, mutant.missing) == (stage, part)
    ]
    assert found
    for place, mutant in enumerate(found):
        lacking = {**files, "Dockerfile": mutant.dockerfile.encode()}
        with pytest.raises(ProductError):
            check_index(lacking, index, folder / str(place))
