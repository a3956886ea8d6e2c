"""Changes that users make to a generated repository, and comparisons of its image with its wheel."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

from tests.kit.answers import working_tree
from tests.kit.commands import POETRY, committed, run
from tests.kit.docker import docker
from tests.kit.experiments import environment
from tests.kit.private_index import wheel
from tests.kit.pythons import HERE
from tests.kit.rehearsal import replace
from tests.kit.servers import serving

INSTALLED = """
import json
from importlib.metadata import distribution
project = distribution("myproject")
files = [str(file) for file in project.files if file.suffix != ".pyc" and ".." not in file.parts]
print(json.dumps({"files": files, "metadata": project.read_text("METADATA")}))
"""
"""Prints the files of the project in its image, and its metadata."""

RECORDS = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")
"""Files that an installer adds to a wheel or writes anew."""

PACKAGES = 'packages = [{ include = "myproject", from = "src" }]'


class Wheel(NamedTuple):
    """The content of a wheel: the names of its files in order, and its metadata."""

    files: list[str]
    metadata: list[tuple[str, str]]


def started(folder: Path, change: Callable[[Path], None], **answers: Any) -> Path:
    """Render a project for the Python that runs the tests, commit it, change it, commit that, and return its folder."""
    project = committed(working_tree().render({"python_version": HERE, **answers}), folder)
    change(project)
    run("sh", "-c", "git add --all && git commit --quiet --allow-empty --message=Change", cwd=project)
    return project


def contents(files: list[str], metadata: str) -> Wheel:
    """Return the content of a wheel without the records of an installer."""
    kept = sorted(file for file in files if Path(file).name not in RECORDS)
    return Wheel(kept, sorted(BytesParser().parsebytes(metadata.encode()).items()))


def wheel_of_the_host(project: Path) -> Wheel:
    """Return the content of the wheel that `poetry build` makes in the repository."""
    run(POETRY, "build", "--format=wheel", "--clean", cwd=project, env=environment())
    (built,) = (project / "dist").iterdir()
    with ZipFile(built) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return contents(archive.namelist(), archive.read(metadata).decode())


def wheel_of_the_image(image: str) -> Wheel:
    """Return the content of the wheel that an image was made from."""
    facts = json.loads(docker("run", "--rm", "--entrypoint=python", image, "-c", INSTALLED))
    return contents(facts["files"], facts["metadata"])


def write(project: Path, *paths: str) -> None:
    """Write small files."""
    for path in paths:
        file = project / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("VALUE = 1\n" if path.endswith(".py") else "", encoding="utf-8")


def allow(project: Path, *paths: str) -> None:
    """Add lines to .dockerignore above its last block, as its comment says."""
    last_block = "\n# Never in the build"
    replace(project / ".dockerignore", last_block, "".join(f"!{path}\n" for path in paths) + last_block)


def configure(project: Path, *lines: str) -> None:
    """Add lines to the table of Poetry in pyproject.toml."""
    replace(project / "pyproject.toml", "[tool.poetry]\n", "\n".join(("[tool.poetry]", *lines, "")))


def add_table(project: Path, name: str, line: str) -> None:
    """Add a table with one line to pyproject.toml."""
    with (project / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[{name}]\n{line}\n")


def require_for_build(project: Path, requirement: str) -> None:
    """Add a requirement of the build system to pyproject.toml."""
    replace(project / "pyproject.toml", 'requires = ["', f'requires = ["{requirement}", "')


# Changes of the wheel.


def include_files(project: Path) -> None:
    """Include files and a second package, from outside of the first."""
    write(project, "alembic.ini", "migrations/versions/one.py", "data/en/words.txt")
    configure(
        project,
        "include = [",
        '    { path = "alembic.ini", format = ["sdist", "wheel"] },',
        '    { path = "data/**/*.txt", format = "wheel" },',
        '    "tests",',
        "]",
    )
    add_package(project)


def include_file(project: Path) -> None:
    """Include a file of the root."""
    write(project, "alembic.ini")
    configure(project, 'include = [{ path = "alembic.ini", format = ["sdist", "wheel"] }]')


def add_package(project: Path) -> None:
    """Add a second package, in the root."""
    write(project, "migrations/__init__.py")
    replace(project / "pyproject.toml", PACKAGES, PACKAGES.replace("}]", '}, { include = "migrations" }]'))


def without_package_mode(project: Path) -> None:
    """Have a project that is not a package."""
    replace(project / "pyproject.toml", PACKAGES, "package-mode = false")


def rename_texts(project: Path) -> None:
    """Use other names for the texts, and have more of them."""
    run("git", "mv", "README.md", "README.rst", cwd=project)
    run("git", "mv", "LICENSE", "COPYING", cwd=project)
    write(project, "NOTICE", "AUTHORS.md")
    replace(project / "pyproject.toml", '"README.md"', '"README.rst"')


def license_files(project: Path) -> None:
    """Name licences in a folder."""
    write(project, "LICENSES/MIT.txt")
    replace(project / "pyproject.toml", 'license = "MIT"', 'license = "MIT"\nlicense-files = ["LICENSES/*"]')


def ignore_files(project: Path) -> None:
    """Have files that Git ignores in the package, and include one of them all the same."""
    package = "src/myproject"
    write(project, f"{package}/.env", f"{package}/users.sqlite3", f"{package}/node_modules/a/index.js")
    write(project, f"{package}/static/app.js", f"{package}/static/app.css", f"{package}/nested/x.tmp")
    with (project / ".gitignore").open("a", encoding="utf-8") as file:
        file.write("*.sqlite3\nnode_modules/\n**/static/*\n")
    (project / f"{package}/nested/.gitignore").write_text("*.tmp\n", encoding="utf-8")
    configure(project, f'include = [{{ path = "{package}/static/*.css", format = "wheel" }}]')


def flatten(project: Path) -> None:
    """Move the package out of src."""
    run("git", "mv", "src/myproject", "myproject", cwd=project)
    replace(project / "pyproject.toml", ', from = "src" }', " }")


def version_by_git(project: Path) -> None:
    """Let Git tags set the version."""
    pyproject = project / "pyproject.toml"
    replace(pyproject, 'version = "0.1.0"\n', "")
    replace(pyproject, 'dynamic = ["classifiers"]', 'dynamic = ["classifiers", "version"]')
    replace(pyproject, "poetry.core.masonry.api", "poetry_dynamic_versioning.backend")
    require_for_build(project, "poetry-dynamic-versioning")
    configure(project, 'version = "0.0.0"')
    add_table(project, "tool.poetry-dynamic-versioning", "enable = true")


def build_by_script(project: Path, made: str = "made.py") -> None:
    """Generate files of the package when the wheel is built, with a tool of the build system."""
    script = "import pathlib, setuptools\npathlib.Path('src/myproject/made.py').write_text('VALUE = 2\\n')\n"
    (project / "generate.py").write_text(script, encoding="utf-8")
    configure(project, f'include = [{{ path = "src/myproject/{made}", format = "wheel" }}]')
    require_for_build(project, "setuptools")
    add_table(project, "tool.poetry.build", 'script = "generate.py"')


# Changes of the dependencies.

LIBRARY = """
[project]
name = "{name}"
version = "1.0.0"
requires-python = ">=3.11"
dependencies = [{dependencies}]

[build-system]
requires = ["poetry-core>=2"]
build-backend = "poetry.core.masonry.api"
"""


def library(project: Path, name: str, dependencies: str = "") -> None:
    """Write a package into the folder `libs`."""
    write(project, f"libs/{name}/{name}/__init__.py")
    text = LIBRARY.format(name=name, dependencies=dependencies)
    (project / f"libs/{name}/pyproject.toml").write_text(text, encoding="utf-8")


def local_wheel(project: Path, name: str) -> str:
    """Write a wheel into the folder `vendor`, and return its path."""
    path = project / f"vendor/{name}-1.0.0-py3-none-any.whl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(wheel(name, "1.0.0"))
    return str(path.relative_to(project))


def serve_repository(folder: Path, name: str, *requirements: str) -> None:
    """Write a repository of Git with a package and its requirements, for a server of files."""
    source = folder / name
    library(source, name, *requirements)
    run(
        "sh",
        "-c",
        f"mv libs/{name}/* . && git init --quiet --initial-branch=main && git add --all && git commit --quiet -m Start",
        cwd=source,
    )
    run("git", "clone", "--quiet", "--bare", source, f"{source}.git")
    run("git", "update-server-info", cwd=Path(f"{source}.git"))


@contextmanager
def serve_files(folder: Path, login: str = "") -> Iterator[str]:
    """Serve the files of a folder on this machine.

    Args:
        folder: The folder.
        login: The user and the password that the server requires, as USER:PASSWORD.

    Yields:
        The address.
    """
    handler = partial(Handler, login, directory=str(folder))
    with serving(handler) as port:
        yield f"http://127.0.0.1:{port}"


class Handler(SimpleHTTPRequestHandler):
    """Serves files without a log, to users with a login."""

    def __init__(self, login: str, *args: Any, **options: Any) -> None:
        """Keep the login, and answer."""
        self.expected = f"Basic {b64encode(login.encode()).decode()}" if login else None
        super().__init__(*args, **options)

    def do_GET(self) -> None:
        """Send a file, or ask for the login."""
        if self.expected in (None, self.headers["Authorization"]):
            super().do_GET()
            return
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="test"')
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def installed(image: str) -> set[str]:
    """Return the names of the packages in the environment of an image."""
    program = (
        "import importlib.metadata, json; print(json.dumps([each.name for each in importlib.metadata.distributions()]))"
    )
    names = json.loads(docker("run", "--rm", "--entrypoint=python", image, "-I", "-c", program))
    return {name.lower().replace("_", "-") for name in names} - {"pip"}
