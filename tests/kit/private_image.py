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

import pytest

from tests.kit.answers import combination, working_tree
from tests.kit.commands import run, write
from tests.kit.docker import docker, image_of, lint, need_engine, refused
from tests.kit.image_contract import check_contract
from tests.kit.mutants import mutants
from tests.kit.private_index import Index, fetch, private, serve, with_secret
from tests.kit.verdicts import ProductError, expect_equal
from tools.render.template import Answers, Files


def service(url: str | None, installer: str = "pip", base: str = "slim") -> Files:
    """Render the service whose image is built here. Without an address, its packages come from the public index."""
    answers: Answers = {"project_type": "service", "python_version": "3.13", "installer": installer, "base_image": base}
    return private(url, **answers) if url else working_tree().render(answers)


def packages_of_the_image(folder: Path) -> Path:
    """Return a folder with all packages for the image of the service; the first process fetches them for all."""
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


@contextmanager
def closed_index(factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Serve an index of the packages for the image of the service, and no others."""
    need_engine({"python_version": "3.13"})
    packages = packages_of_the_image(factory.getbasetemp().parent)
    with serve(factory.mktemp("closed"), packages) as running:
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


def check_secret(installer: str, base: str, index: Index, folder: Path) -> None:
    """Build an image with the secret, and check that no stage has a trace of it: users push stages as caches."""
    files = service(index.url, installer, base)
    options = with_secret(files, index.netrc, folder)
    login = base64.b64encode(f"{index.user}:{index.password}".encode()).decode()
    traces = (index.user, index.password, login)
    assert "type=cache" not in files["Dockerfile"].decode()
    for stage in re.findall(r"(?m)^FROM \S+ AS (\w+)$", files["Dockerfile"].decode()):
        with image_of(files, folder, *options, f"--target={stage}") as image:
            assert held([*traces, "LANG"], image, folder) <= {"LANG"}
    check_contract(
        combination(project_type="service", installer=installer, base_image=base, python_version="3.13"),
        files,
        folder,
        *options,
    )
    records = run("docker", "buildx", "du", "--verbose")
    assert [trace for trace in traces if trace in records] == []


def check_wrong_password(files: Files, index: Index, folder: Path) -> None:
    """Check that a build gets Poetry itself from the private index, which refuses a wrong password."""
    # A build with the right secret may have filled the cache, and cached steps need no secret.
    options = ("--no-cache", *with_secret(files, index._replace(password="wrong").netrc, folder))
    refused(write(files, folder), "No matching distribution found for poetry==", *options)


def check_no_downloads(files: Files, index: Index, folder: Path) -> None:
    """Check that a build succeeds, and that its stages keep no download."""
    options = with_secret(files, index.netrc, folder)
    for stage in ("poetry", "dependencies"):
        with image_of(files, folder, *options, f"--target={stage}") as image:
            find = ("--entrypoint=sh", image, "-c", "find /root -type f -path '*/.cache/*'")
            expect_equal(docker("run", "--rm", *find), "", "downloads")


def check_index(files: Files, index: Index, folder: Path) -> None:
    """Check a build with a private index.

    pip keeps downloads from an address with https, which this server lacks: hadolint checks that pip keeps none.
    """
    lint(write({"Dockerfile": files["Dockerfile"]}, folder / "style") / "Dockerfile")
    check_wrong_password(files, index, folder)
    check_no_downloads(files, index, folder)


def only_private(installer: str) -> list[str]:
    """List the parts of the Dockerfile for a private index that the one for the public index lacks."""
    urls = ("https://packages.example.com/simple", None)
    private_one, public_one = (
        [mutant.missing for mutant in mutants(service(url, installer)["Dockerfile"].decode())] for url in urls
    )
    return list(dict.fromkeys(part for part in private_one if part not in public_one and not part.startswith("RUN")))


def check_without(installer: str, part: str, index: Index, folder: Path) -> None:
    """Check that a build fails a check of the private index when a part of its Dockerfile is taken out."""
    files = service(index.url, installer)
    part = part.replace("https://packages.example.com/simple", index.url)
    found = [mutant for mutant in mutants(files["Dockerfile"].decode()) if mutant.missing == part]
    assert found
    for place, mutant in enumerate(found):
        lacking = {**files, "Dockerfile": mutant.dockerfile.encode()}
        with pytest.raises(ProductError):
            check_index(lacking, index, folder / str(place))
