"""Slow cases of tests/images/test_day_two.py: compilers, private repositories, and libraries with caches."""

from pathlib import Path

import pytest

from tests.kit import day_two
from tests.kit.day_two import allow, serve_files, started, wheel_of_the_image
from tests.kit.docker import built, docker, need_engine
from tests.kit.poetry_process import Poetry
from tests.kit.pythons import HERE
from tests.kit.rehearsal import replace

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
    day_two.configure(project, 'include = [{ path = "src/myproject/*.[sm]o", format = "wheel" }]')
    day_two.build_by_script(project)
    (project / "generate.py").write_text(SCRIPT, encoding="utf-8")
    allow(project, "fast.c", "generate.py")


def test_the_project_stage_has_compilers_and_tools(tmp_path: Path) -> None:
    """And the build stops without them."""
    project = started(tmp_path, compile_extension, builder_packages="gcc libc6-dev gettext")
    with built(project) as (image, _):
        names = wheel_of_the_image(image).files
        assert "myproject/de.mo" in names
        assert any(name.startswith("myproject/fast.") and name.endswith(".so") for name in names)
        docker("run", "--rm", "--entrypoint=python", image, "-c", "import myproject.fast")


@pytest.mark.parametrize("installer", ["pip", "poetry"])
def test_the_image_has_a_package_from_a_private_repository(installer: str, poetry: Poetry, tmp_path: Path) -> None:
    """The login is that of the .netrc, as a secret."""
    served = tmp_path / "served"
    day_two.serve_repository(served, "remote")
    with serve_files(served) as public, serve_files(served, "ada:secret") as private:

        def change(project: Path) -> None:
            poetry(project, "add", "--lock", f"git+{public}/remote.git")
            for name in ("pyproject.toml", "poetry.lock"):
                replace(project / name, public, private)
            poetry(project, "lock")

        project = started(tmp_path, change, installer=installer, builder_packages="git")
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password secret\n", encoding="utf-8")
        options = ("--network=host", f"--secret=id=netrc,src={tmp_path}/.netrc")
        with built(project, *options) as (image, _):
            docker("run", "--rm", "--entrypoint=python", image, "-c", "import remote")


def test_libraries_keep_their_caches_in_the_home_directory(poetry: Poetry, tmp_path: Path) -> None:
    """For any user, and with a read-only root."""

    def change(project: Path) -> None:
        poetry(project, "add", "--lock", "matplotlib", "numba", "huggingface-hub")

    with built(started(tmp_path, change, project_type="environment")) as (image, _):
        for options in ([], ["--user=123456:0"], ["--read-only", "--tmpfs=/home/app", "--tmpfs=/tmp"]):
            found = docker("run", "--rm", *options, image, "python", "-c", CACHES)
            assert ".cache/huggingface" in found
            assert ".cache/matplotlib" in found
