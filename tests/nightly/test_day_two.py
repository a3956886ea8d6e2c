"""Slow cases of tests/images/test_day_two.py: compilers, private repositories, and libraries with caches."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path

import pytest

from tests.kit import day_two
from tests.kit.commands import POETRY, run
from tests.kit.day_two import allow, serve_files, started, wheel_of_the_image
from tests.kit.docker import built, docker, need_engine, wait_until
from tests.kit.experiments import environment
from tests.kit.poetry_process import Poetry
from tests.kit.private_index import wait_for
from tests.kit.pythons import HERE

EXTENSION = """
#include <Python.h>
static PyMethodDef methods[] = {{NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "fast", NULL, -1, methods};
PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&module); }
"""

SCRIPT = """
import shutil, subprocess
from pathlib import Path
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext
command = build_ext(Distribution({"name": "myproject", "ext_modules": [Extension("myproject.fast", ["fast.c"])]}))
command.ensure_finalized()
command.run()
for output in command.get_outputs():
    shutil.copy(output, "src/myproject")
for source in Path("src/myproject").glob("*.po"):
    subprocess.run(["msgfmt", f"--output={source.with_suffix('.mo')}", source], check=True)
"""

TRANSLATION = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "a"\nmsgstr "b"\n'

CACHES = """
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot, numba, os, pathlib
matplotlib.pyplot.plot([1]).clear()
@numba.njit(cache=True)
def double(x):
    return 2 * x
assert double(2) == 4
from huggingface_hub.constants import HF_HUB_CACHE
pathlib.Path(HF_HUB_CACHE).mkdir(parents=True, exist_ok=True)
print(sorted(str(path.relative_to(pathlib.Path.home())) for path in pathlib.Path.home().glob(".c*/*")))
"""


@pytest.fixture(autouse=True)
def engine() -> None:
    """Skip every test where there is no engine, or no base image."""
    need_engine({"python_version": HERE})


def compile_extension(project: Path) -> None:
    """Compile a module in C and a translation when the wheel is built."""
    (project / "fast.c").write_text(EXTENSION, encoding="utf-8")
    (project / "src/myproject/de.po").write_text(TRANSLATION, encoding="utf-8")
    day_two.build_by_script(project, "*.[sm]o")
    (project / "generate.py").write_text(SCRIPT, encoding="utf-8")
    allow(project, "fast.c", "generate.py")


def test_the_project_stage_has_compilers_and_tools(tmp_path: Path) -> None:
    """python3-dev is for the stand-in with Debian's Python. The official images have the headers."""
    project = started(tmp_path, compile_extension, builder_packages="gcc libc6-dev python3-dev gettext")
    with built(project) as (image, _):
        names = wheel_of_the_image(image).files
        assert "myproject/de.mo" in names
        assert any(name.startswith("myproject/fast.") and name.endswith(".so") for name in names)
        docker("run", "--rm", "--entrypoint=python", image, "-c", "import myproject.fast")


def add(project: Path, requirement: str, **variables: str) -> None:
    """Add a dependency to the lock, with Git's own program."""
    variables |= {"POETRY_SYSTEM_GIT_CLIENT": "true"}
    run(POETRY, "add", "--lock", requirement, cwd=project, env=environment(**variables))


@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_the_image_has_a_package_from_a_private_repository(installer: str, tmp_path: Path) -> None:
    """The login is that of the .netrc, as a secret."""
    day_two.serve_repository(tmp_path / "served", "remote")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password secret\n", encoding="utf-8")
    with serve_files(tmp_path / "served", "ada:secret") as address:

        def change(project: Path) -> None:
            add(project, f"git+{address}/remote.git", HOME=str(tmp_path))

        project = started(tmp_path, change, installer=installer, builder_packages="git")
        options = ("--network=host", f"--secret=id=netrc,src={tmp_path}/.netrc")
        with built(project, *options) as (image, _):
            docker("run", "--rm", "--entrypoint=python", image, "-c", "import remote")


@contextmanager
def ssh_server(folder: Path) -> Iterator[tuple[int, str]]:
    """Serve SSH on this machine, for the user who runs the tests.

    Yields:
        The port, and the socket of an agent that has the key.
    """
    folder.mkdir()
    for name in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name)
    Path("/run/sshd").mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    settings = {
        "AuthorizedKeysFile": folder / "user.pub",
        "HostKey": folder / "host",
        "ListenAddress": "127.0.0.1",
        "PidFile": "none",
        "Port": port,
        "StrictModes": "no",
    }
    options = [f"-o{name}={value}" for name, value in settings.items()]
    agent = folder / "agent"
    with (
        subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", os.devnull, *options]) as server,
        subprocess.Popen(["ssh-agent", "-D", "-a", agent], stdout=subprocess.DEVNULL) as keeper,
    ):
        try:
            wait_for(server, port)
            assert wait_until(10, agent.exists)
            run("ssh-add", "-q", folder / "user", env={**os.environ, "SSH_AUTH_SOCK": str(agent)})
            yield port, str(agent)
        finally:
            server.kill()
            keeper.terminate()


@pytest.mark.skipif(not Path("/usr/sbin/sshd").exists(), reason="there is no sshd: on Debian it is in openssh-server")
@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_the_image_has_a_package_from_a_repository_over_ssh(installer: str, tmp_path: Path) -> None:
    """The agent of the user logs in."""
    day_two.serve_repository(tmp_path / "served", "remote")
    with ssh_server(tmp_path / "ssh") as (port, agent):
        variables = {
            "SSH_AUTH_SOCK": agent,
            "GIT_SSH_COMMAND": "ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null",
        }

        def change(project: Path) -> None:
            add(project, f"git+ssh://{getuser()}@127.0.0.1:{port}{tmp_path}/served/remote.git", **variables)

        project = started(tmp_path, change, installer=installer, builder_packages="git openssh-client")
        with built(project, "--network=host", f"--ssh=default={agent}") as (image, _):
            docker("run", "--rm", "--entrypoint=python", image, "-c", "import remote")


def test_libraries_keep_their_caches_in_the_home_directory(poetry: Poetry, tmp_path: Path) -> None:
    """For any user, and with a read-only root."""

    def change(project: Path) -> None:
        poetry(project, "add", "--lock", "matplotlib", "numba", "huggingface-hub")
        (project / "scripts/caches.py").write_text(CACHES, encoding="utf-8")

    with built(started(tmp_path, change, project_type="environment")) as (image, _):
        for options in ([], ["--user=123456:0"], ["--read-only", "--tmpfs=/home/app", "--tmpfs=/tmp"]):
            found = docker("run", "--rm", *options, image, "python", "scripts/caches.py")
            assert all(f"'.cache/{name}'" in found for name in ("huggingface", "matplotlib", "numba")), found
