"""A private package index: a real server on this machine, which answers nobody without a password."""

import base64
import hashlib
import io
import json
import os
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zipfile import ZipFile

from pip._internal.models.index import PyPI

from tests.kit.answers import KINDS, working_tree
from tests.kit.commands import run, write
from tests.kit.docker import base_of
from tests.kit.poetry_process import read_by_poetry
from tests.kit.pythons import pythons
from tests.kit.servers import serving
from tools.render.template import Answers, Files
from tools.repository import ROOT

SERVER = ROOT / ".venv/bin/pypi-server"


class Index(NamedTuple):
    """What has to be known to use an index."""

    url: str
    user: str
    password: str

    @property
    def htpasswd(self) -> str:
        """Return the line that lets the user in, in the format of Apache."""
        digest = base64.b64encode(hashlib.sha1(self.password.encode()).digest()).decode()
        return f"{self.user}:{{SHA}}{digest}\n"

    @property
    def netrc(self) -> str:
        """Return the line that tells pip, Poetry and others how to log in."""
        return f"machine {urlsplit(self.url).hostname} login {self.user} password {self.password}\n"

    def login(self, folder: Path) -> dict[str, str]:
        """Return the environment of a user who has this login in a netrc file, and has used Poetry for nothing else."""
        (folder / "netrc").write_text(self.netrc, encoding="utf-8")
        names = {"NETRC": "netrc", "POETRY_CACHE_DIR": "cache", "POETRY_CONFIG_DIR": "config"}
        return {variable: str(folder / name) for variable, name in names.items()}


@contextmanager
def serve(folder: Path, packages: Path | None = None) -> Iterator[Index]:
    """Serve a package index on a free port of this machine.

    Args:
        folder: Where the server keeps its files.
        packages: What it has, and it has nothing else. Without this, it has what pip's default index has: it redirects
            to the pages there, so that every release has all its files and none is downloaded for nothing.

    Yields:
        Where it is, and how to log in.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    index = Index(f"http://127.0.0.1:{port}/simple", f"user-{secrets.token_hex(8)}", secrets.token_hex(16))
    (folder / "htpasswd").write_text(index.htpasswd, encoding="utf-8")
    (folder / "empty").mkdir()
    place = ["--interface=127.0.0.1", f"--port={port}"]
    login = [f"--passwords={folder}/htpasswd", "--authenticate=list,download,update"]
    public = [f"--fallback-url={PyPI.simple_url}", f"{folder}/empty"]
    content = ["--disable-fallback", str(packages)] if packages else public
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([SERVER, "run", *place, *login, *content], stdout=log, stderr=log)
    try:
        wait_for(server, port)
        yield index
    finally:
        server.kill()
        server.wait()


def wheel(name: str, version: str, content: Mapping[str, str] | None = None) -> bytes:
    """Return a wheel with metadata and the given files."""
    folder = f"{name}-{version}.dist-info"
    files = {
        **(content or {}),
        f"{folder}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{folder}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{folder}/RECORD"] = "".join(f"{file},,\n" for file in (*files, f"{folder}/RECORD"))
    written = io.BytesIO()
    with ZipFile(written, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return written.getvalue()


def newer_package() -> Files:
    """Return the files of an index with a newer package of Poetry, which changes the source of the project.

    Each Python of an environment runs a file .pth at its start, in the folder of the project when Poetry builds.
    """
    change = "import pathlib; [file.write_text('print()') for file in pathlib.Path('src').glob('*/__init__.py')]\n"
    package = wheel("trove_classifiers", "9999", {"change.pth": change})
    return {"simple/trove-classifiers/trove_classifiers-9999-py3-none-any.whl": package}


@contextmanager
def serve_dated(packages: Mapping[str, timedelta]) -> Iterator[str]:
    """Serve an index of empty wheels that tells when each was uploaded, as the public index does.

    Args:
        packages: The age of each release, keyed by the name and the version.

    Yields:
        Its address.
    """
    files: dict[str, bytes] = {}
    pages: dict[str, list[dict[str, object]]] = {}
    for release, age in packages.items():
        name, version = release.split()
        path, content = f"/files/{name}-{version}-py3-none-any.whl", wheel(name, version)
        files[path] = content
        file = {"filename": Path(path).name, "url": path, "hashes": {"sha256": hashlib.sha256(content).hexdigest()}}
        pages.setdefault(f"/simple/{name}/", []).append({**file, "upload-time": (datetime.now(UTC) - age).isoformat()})

    class Handler(BaseHTTPRequestHandler):
        """Answers with a page of JSON or a file."""

        def do_GET(self) -> None:
            """Send the page or file at the path."""
            page = {"meta": {"api-version": "1.1"}, "name": self.path.split("/")[-2], "files": pages.get(self.path)}
            content = json.dumps(page).encode() if page["files"] else files.get(self.path)
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json" if page["files"] else "text/plain")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content or b"")

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}/simple"


@contextmanager
def serve_refusals() -> Iterator[str]:
    """Serve an index that requires a login and accepts none.

    Yields:
        Its address.
    """

    class Handler(BaseHTTPRequestHandler):
        """Refuses."""

        def do_GET(self) -> None:
            """Ask for a login."""
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="packages"')
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}/simple"


@contextmanager
def index_of(answers: Answers, folder: Path) -> Iterator[tuple[Answers, dict[str, str]]]:
    """Serve the private index if some answers have one.

    Yields:
        The answers, with its address; and the environment of a user who can log in there.
    """
    if answers["package_index"] == "public":
        yield answers, {}
        return
    with serve(folder) as index:
        (folder / ".netrc").write_text(index.netrc, encoding="utf-8")
        login = {"HOME": str(folder), "NETRC": f"{folder}/.netrc"}
        places = {"POETRY_CACHE_DIR": f"{folder}/cache", "PIP_INDEX_URL": index.url}
        yield {**answers, "package_index_url": index.url}, login | places


def private(url: str, wanted: Callable[[str], bool] = lambda _: True, **answers: Any) -> Files:
    """Render a repository whose packages come from a private index, all of them unless an answer says otherwise."""
    return working_tree().render({"package_index": "private", "package_index_url": url, **answers}, wanted)


def private_project(url: str, folder: Path, kind: str = "package", version: str | None = None) -> Path:
    """Write the files that Poetry reads of a project with a private index into a folder, and return the folder."""
    answers = {"project_type": kind} | ({"python_version": version} if version else {})
    return write(private(url, read_by_poetry, **answers), folder)


def lock_cases() -> list[tuple[str, str]]:
    """Pair each type with the oldest, a middle and the newest Python in turn."""
    versions = pythons()
    return list(zip(KINDS, (versions[0], versions[len(versions) // 2], versions[-1]), strict=True))


def wait_for(server: subprocess.Popen[bytes], port: int, seconds: float = 30) -> None:
    """Wait until a server listens on a port of this machine."""
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{SERVER} does not listen on port {port}")


def fetch(requirements: Sequence[str], version: str, folder: Path) -> None:
    """Fetch packages, with all that they need, into a folder: from pip's default index, for the image of a Python."""
    folder.mkdir(exist_ok=True)
    place = [f"--user={os.getuid()}:{os.getgid()}", f"--volume={folder}:/packages", "--env=HOME=/tmp"]
    base = base_of({"python_version": version})
    run("docker", "run", "--rm", *place, base, "pip", "download", "--quiet", "--dest=/packages", *requirements)


def with_secret(files: Files, netrc: str, folder: Path) -> tuple[str, str]:
    """Return the options of `docker build` that give a .netrc to it, as the README of the repository names them."""
    folder.mkdir(exist_ok=True)
    (folder / ".netrc").write_text(netrc, encoding="utf-8")
    option = re.search(r'docker build --secret "(\S+)" ', files["README.md"].decode())
    assert option
    return "--network=host", f"--secret={option[1].replace('$HOME', str(folder))}"
