"""A private package index: a real server on this machine, which answers nobody without a password."""

import base64
import hashlib
import os
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pip._internal.models.index import PyPI

from tests.kit.commands import run
from tests.kit.docker import base_of
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
        return f"machine 127.0.0.1 login {self.user} password {self.password}\n"


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
