"""Facts about an existing project, as its last commit has them."""

import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name
from poetry.core.constraints.version import parse_constraint
from poetry.core.factory import Factory
from poetry.core.packages.project_package import ProjectPackage

from tools.repository import git


class RefusalError(Exception):
    """A project cannot be adopted. The message is one sentence that begins with the remedy."""


SETTINGS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...], Mapping[str, str]]] = {
    "coverage": (
        ("coverage",),
        (".coveragerc", ".coveragerc.toml"),
        {"setup.cfg": "coverage:", "tox.ini": "coverage:"},
    ),
    "mypy": (("mypy",), ("mypy.ini", ".mypy.ini"), {"setup.cfg": "mypy"}),
    "poe": (("poe",), ("poe_tasks.toml", "poe_tasks.yaml", "poe_tasks.json"), {}),
    "pytest": (
        ("pytest",),
        ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"),
        {"tox.ini": "pytest", "setup.cfg": "tool:pytest"},
    ),
    "ruff": (("ruff",), ("ruff.toml", ".ruff.toml"), {}),
}
"""Where each tool finds settings: tables below `tool`, files, and sections of files with other settings."""


@dataclass(frozen=True)
class Project:
    """An existing project.

    Attributes:
        folder: The folder of pyproject.toml.
        top: The top of its Git repository.
        text: The text of pyproject.toml.
        data: The content of pyproject.toml.
        lock: The content of poetry.lock.
        files: The paths of the files that Git tracks below the folder.
        origin: The address of the remote `origin`, or nothing.
        package: The project as poetry-core reads it.
    """

    folder: Path
    top: Path
    text: str
    data: Mapping[str, Any]
    lock: Mapping[str, Any]
    files: tuple[str, ...]
    origin: str
    package: ProjectPackage

    @property
    def is_member(self) -> bool:
        """Whether the project is in a subfolder of its Git repository."""
        return self.folder != self.top

    @property
    def project(self) -> Mapping[str, Any]:
        """The table `[project]`."""
        return dict(self.data.get("project", {}))

    @property
    def poetry(self) -> Mapping[str, Any]:
        """The table `[tool.poetry]`."""
        return dict(self.data.get("tool", {}).get("poetry", {}))

    def fact(self, key: str) -> tuple[Any, str]:
        """Return a value of `[project]` or else of `[tool.poetry]`, and the name of its place."""
        if key in self.project:
            return self.project[key], f"[project] {key}"
        return self.poetry.get(key), f"[tool.poetry] {key}"

    @cached_property
    def name(self) -> str:
        """The name of the distribution, or of the folder if there is none."""
        return str(self.fact("name")[0] or self.folder.name)

    @property
    def pythons(self) -> str:
        """The supported Pythons, as pyproject.toml has them."""
        return self.package.python_versions

    def supports(self, minor_version: str) -> bool:
        """Return whether the project supports a release of a Python such as 3.12."""
        return self.package.python_constraint.allows_any(parse_constraint(f"~{minor_version}"))

    def matching(self, *patterns: str) -> list[str]:
        """Return the tracked files whose path matches a pattern, in any case."""
        return [path for path in self.files if any(fnmatchcase(path.lower(), one.lower()) for one in patterns)]

    def exists(self, path: str) -> bool:
        """Return whether a file is there, tracked or not."""
        return path in self.files or (self.folder / path).exists() or (self.folder / path).is_symlink()

    def read(self, path: str) -> str:
        """Return the text of a tracked file."""
        return (self.folder / path).read_text(encoding="utf-8", errors="replace")

    def declares(self, name: str) -> bool:
        """Return whether any group has a dependency."""
        return canonicalize_name(name) in {one.name for one in self.package.all_requires}

    def settings(self, tool: str) -> list[str]:
        """Return the places with settings of a tool."""
        tables, names, sections = SETTINGS[tool]
        found = [f"[tool.{table}] in pyproject.toml" for table in tables if table in self.data.get("tool", {})]
        found += [name for name in names if name in self.files]
        for file, section in sections.items():
            if file in self.files and any(one.startswith(section) for one in _sections(self.read(file))):
                found.append(f"[{section.rstrip(':')}] in {file}")
        return found

    @cached_property
    def scripts(self) -> dict[str, str]:
        """The commands, in their order."""
        tables = [self.project.get("scripts", {}), self.poetry.get("scripts", {})]
        return {name: str(value) for table in tables for name, value in table.items()}

    @cached_property
    def is_package(self) -> bool:
        """Whether the project is built into a wheel."""
        return bool(self.poetry.get("package-mode", True))

    @cached_property
    def module(self) -> str:
        """The import name of the project."""
        for package in self.poetry.get("packages", []):
            name = str(package["include"] if isinstance(package, Mapping) else package)
            if re.fullmatch(r"\w+", name):
                return name
        return self.name.replace("-", "_").replace(".", "_")

    def packages(self) -> Iterator[str]:
        """Yield the paths of the modules and packages of the wheel. A path can be a pattern."""
        listed = self.poetry.get("packages", [])
        for package in listed:
            if isinstance(package, Mapping):
                yield PurePosixPath(package.get("from", ""), package["include"]).as_posix()
            else:
                yield str(package)
        if not listed:
            for parent in ("", "src"):
                for name in (self.module, self.module.lower()):
                    path = PurePosixPath(parent, name).as_posix()
                    if any(file.startswith(f"{path}/") for file in self.files):
                        yield path
                        return
                    if f"{path}.py" in self.files:
                        yield f"{path}.py"
                        return


def read_project(path: Path) -> Project:
    """Read a project.

    Args:
        path: The folder of its pyproject.toml.

    Raises:
        RefusalError: The project cannot be adopted.
    """
    folder = path.resolve()
    if not folder.is_dir():
        raise RefusalError(f"Name a folder: {path} is none.")
    try:
        top = Path(git("rev-parse", "--show-toplevel", folder=folder).strip())
        git("rev-parse", "--verify", "--quiet", "HEAD", folder=folder)
    except subprocess.CalledProcessError as error:
        if "dubious ownership" in error.stderr:
            advice = f"git config --global --add safe.directory {folder}"
            raise RefusalError(f"Run `{advice}` first: the repository belongs to another user.") from None
        raise RefusalError(f"Commit the project to Git first: {path} is no Git repository with a commit.") from None
    files = tuple(git("ls-files", "-z", folder=folder).split("\0")[:-1])
    if "pyproject.toml" not in files:
        raise RefusalError(f"Name the folder of a tracked pyproject.toml: {path} has none.")
    if git("status", "--porcelain", "--untracked-files=no", folder=folder):
        raise RefusalError(f"Commit or stash the changes first: `git status` lists some in {path}.")
    text, data = _toml(folder, "pyproject.toml")
    backend = data.get("build-system", {}).get("build-backend", "")
    if "poetry" not in data.get("tool", {}) and "poetry" not in backend:
        raise RefusalError(
            "Move the project to Poetry first: pyproject.toml has neither [tool.poetry] nor its backend."
        )
    if "poetry.lock" not in files:
        raise RefusalError("Run `poetry lock` and commit poetry.lock first: Git does not track it.")
    _, lock = _toml(folder, "poetry.lock")
    if not str(lock.get("metadata", {}).get("lock-version", "0")).startswith("2."):
        raise RefusalError(
            "Run `poetry lock` with Poetry 2 and commit poetry.lock first: an old version has written it."
        )
    origin = subprocess.run(
        ["git", "remote", "get-url", "origin"], cwd=folder, capture_output=True, text=True, check=False
    ).stdout.strip()
    try:
        package = Factory().create_poetry(folder).package
    except (RuntimeError, ValueError) as error:
        raise RefusalError(f"Correct pyproject.toml first: {' '.join(str(error).split())}") from None
    return Project(folder, top, text, data, lock, files, origin, package)


def like(original: str, text: str) -> str:
    """Return a text with the line ends of another."""
    text = text.replace("\r\n", "\n")
    return text.replace("\n", "\r\n") if "\r\n" in original else text


def _toml(folder: Path, name: str) -> tuple[str, dict[str, Any]]:
    """Return the text and the content of a TOML file."""
    try:
        text = (folder / name).read_bytes().decode()
        return text, tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RefusalError(f"Correct {name} first: it is no valid TOML, {error}.") from None


def _sections(text: str) -> list[str]:
    """Return the sections of an INI file."""
    parser = ConfigParser(strict=False, interpolation=None)
    try:
        parser.read_string(text)
    except ConfigError:
        return re.findall(r"(?m)^\[(.+)\]", text)
    return parser.sections()
