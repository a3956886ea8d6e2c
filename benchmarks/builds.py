"""Timed builds with a Docker engine whose build cache other programs share.

No build may reuse the cache of an earlier one, and none may leave anything behind. So each series of builds has a token.
Its base image has an extra layer of a few bytes with the token, and its cache mounts have the token in their names.
Afterwards the token identifies the images and cache records to remove.
"""

import gzip
import json
import os
import re
import subprocess
import tarfile
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.kit.commands import run

REPOSITORY = "copier-poetry-docker-benchmark"
CHUNK = 16 * 2**20
INSIDE = Path(__file__).with_name("inside.py")


class BuildError(Exception):
    """A failed build, with its output as the message."""


def tag(token: str) -> str:
    """Return the name of the image with a token."""
    return f"{REPOSITORY}:{token}"


def build(context: Path, dockerfile: str, name: str, arguments: Mapping[str, str], *options: str) -> float:
    """Build an image and return the seconds.

    Raises:
        BuildError: The build failed.
    """
    given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    command = ["docker", "build", "--pull=false", "--progress=plain", f"--tag={name}", "--file=-", *given, *options]
    start = time.perf_counter()
    result = subprocess.run(
        [*command, str(context)],
        input=dockerfile,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    seconds = time.perf_counter() - start
    if result.returncode:
        raise BuildError(result.stdout)
    return seconds


def with_own_mounts(dockerfile: str, token: str) -> str:
    """Give each cache mount of a Dockerfile an id with the token, so that it starts empty."""

    def own(match: re.Match[str]) -> str:
        options = [option for option in match[1].split(",") if not option.startswith("id=")]
        target = next(option for option in options if option.startswith(("target=", "dst=", "destination=")))
        return ",".join(["--mount=type=cache", f"id={token}-{target.partition('=')[2]}", *options])

    return re.sub(r"--mount=type=cache,(\S+)", own, dockerfile)


def fresh_base(base: str, token: str) -> str:
    """Make a copy of a base image that no build has cached, and return its name."""
    name = tag(token)
    with TemporaryDirectory() as empty:
        build(Path(empty), f"FROM {base}\nRUN echo {token} > /etc/benchmark\n", name, {})
        # A record in the build cache whose parent is that image's: see records_of.
        build(Path(empty), f"FROM {name}\nRUN true {token}\n", name, {}, "--output=type=cacheonly")
    return name


@dataclass(frozen=True)
class Record:
    """A record of the build cache."""

    id: str
    parents: frozenset[str]
    description: str


def cache_records() -> Iterator[Record]:
    """List the records of the build cache."""
    for block in run("docker", "buildx", "du", "--verbose").split("\n\n"):
        fields = dict(re.findall(r"^(\w+):[ \t]*(.*)$", block, re.MULTILINE))
        if "ID" in fields:
            parents = re.findall(r"\w+", fields.get("Parent") or fields.get("Parents") or "")
            yield Record(fields["ID"], frozenset(parents), fields.get("Description", ""))


def records_of(token: str) -> set[str]:
    """Return the ids of the cache records that descend from the base image with a token."""
    records = list(cache_records())
    own = {record.id for record in records if token in record.description}
    for record in records:
        if re.search(rf"true {token}", record.description):
            own |= record.parents
    while more := {record.id for record in records if record.id not in own and own & record.parents}:
        own |= more
    return own


def remove_images(prefix: str) -> None:
    """Remove the images of this benchmark whose tag has a prefix."""
    names = run("docker", "image", "ls", "--format={{.Repository}}:{{.Tag}}", REPOSITORY).split()
    if own := [name for name in names if name.startswith(tag(prefix))]:
        run("docker", "image", "rm", "--force", *own)


def remove_records(ids: Collection[str]) -> None:
    """Remove records from the build cache."""
    if ids:
        run("docker", "buildx", "prune", "--force", f"--filter=id={'|'.join(sorted(ids))}")


def clean(token: str) -> None:
    """Remove the containers, the images and the cache records that have a token."""
    if containers := run("docker", "ps", "--all", "--quiet", f"--filter=label={REPOSITORY}={token}").split():
        run("docker", "rm", "--force", *containers)
    remove_images(token)
    remove_records(records_of(token))


def inspect(image: str) -> dict[str, Any]:
    """Return the output of `docker image inspect`."""
    found: dict[str, Any] = json.loads(run("docker", "image", "inspect", image))[0]
    return found


def layers_of(image: str) -> list[str]:
    """Return the digests of the layers of an image."""
    layers: list[str] = inspect(image)["RootFS"]["Layers"]
    return layers


@contextmanager
def saved_layers(image: str, wanted: Collection[str]) -> Iterator[dict[str, Path]]:
    """Save an image, and give the tar files of some of its layers, keyed by digest."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        run("docker", "save", f"--output={folder / 'image.tar'}", image)
        with tarfile.open(folder / "image.tar") as archive:
            archive.extract("manifest.json", folder, filter="data")
            (manifest,) = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            paths = dict(zip(layers_of(image), manifest["Layers"], strict=True))
            for layer in wanted:
                archive.extract(paths[layer], folder, filter="data")
        (folder / "image.tar").unlink()
        yield {layer: folder / paths[layer] for layer in wanted}


def chunks_of(file: Path) -> Iterator[bytes]:
    """Read a file in chunks."""
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def gzip_size(file: Path) -> int:
    """Return the gzipped size of a file in bytes. Chunks on all cores make it 0.01 % larger."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(lambda chunk: len(gzip.compress(chunk, 6)), chunks_of(file)))


def shipped(image: str, before: set[str]) -> dict[str, int]:
    """Return number, bytes and gzipped bytes of the layers of an image that are new."""
    new = [layer for layer in layers_of(image) if layer not in before]
    if not new:
        return {"layers": 0, "bytes": 0, "gzip": 0}
    with saved_layers(image, new) as files:
        return {
            "layers": len(new),
            "bytes": sum(files[layer].stat().st_size for layer in new),
            "gzip": sum(gzip_size(files[layer]) for layer in new),
        }


def layers_with(image: str, layers: Collection[str], folder: str) -> dict[str, set[str]]:
    """Return the entries of a folder in each of some layers of an image, without layers that lack the folder."""
    found: dict[str, set[str]] = {}
    prefix = folder.strip("/") + "/"
    with saved_layers(image, layers) as files:
        for layer, file in files.items():
            with tarfile.open(file) as archive:
                names = [name.removeprefix("./") for name in archive.getnames()]
            inside = {name.removeprefix(prefix).split("/")[0] for name in names if name.startswith(prefix)}
            if inside:
                found[layer] = inside
    return found


def look_inside(image: str, token: str, runs: int) -> dict[str, Any]:
    """Run inside.py in a container, as the image's user.

    Bytecode is not written: with it, the second start would be faster than the first start of a new container.
    """
    options = ["--env=PYTHONDONTWRITEBYTECODE=1", "--network=none", f"--label={REPOSITORY}={token}"]
    wait = "import time; time.sleep(3600)"
    container = run("docker", "run", "--detach", *options, "--entrypoint=python", image, "-c", wait).strip()
    try:
        script = INSIDE.read_text(encoding="utf-8")
        answer = run("docker", "exec", "--interactive", container, "python", "-IB", "-", str(runs), input=script)
    finally:
        run("docker", "rm", "--force", container)
    measured: dict[str, Any] = json.loads(answer)
    return measured
