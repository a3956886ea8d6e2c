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

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from tools.repository import git

ANSWERS = ".copier-answers.yml"


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
    """

    folder: Path
    top: Path
    text: str
    data: Mapping[str, Any]
    lock: Mapping[str, Any]
    files: tuple[str, ...]
    origin: str

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

    @cached_property
    def pythons(self) -> str:
        """The supported Pythons, as pyproject.toml has them."""
        return str(
            self.project.get("requires-python")
            or self.poetry.get("dependencies", {}).get("python")
            or self.lock["metadata"].get("python-versions", "*")
        )

    def supports(self, minor_version: str) -> bool:
        """Return whether the project supports a Python such as 3.12."""
        return any(
            allowed.contains(f"{minor_version}.{patch}", prereleases=True)
            for allowed in specifiers(self.pythons)
            for patch in (0, 99)
        )

    def matching(self, *patterns: str) -> list[str]:
        """Return the tracked files whose path matches a pattern, in any case."""
        return [path for path in self.files if any(fnmatchcase(path.lower(), one.lower()) for one in patterns)]

    def exists(self, path: str) -> bool:
        """Return whether a file is there, tracked or not."""
        return path in self.files or (self.folder / path).exists() or (self.folder / path).is_symlink()

    def read(self, path: str) -> str:
        """Return the text of a tracked file."""
        return (self.folder / path).read_text(encoding="utf-8", errors="replace")

    @cached_property
    def groups(self) -> dict[str, dict[str, str]]:
        """The declared dependencies by group: name and the declaration. The extras are in the group ``."""
        found: dict[str, dict[str, str]] = {"main": {}, "": {}}
        found["main"].update(_requirements(self.project.get("dependencies", [])))
        for extra in self.project.get("optional-dependencies", {}).values():
            found[""].update(_requirements(extra))
        for group, requirements in self.data.get("dependency-groups", {}).items():
            found.setdefault(group, {}).update(_requirements(requirements))
        tables = {
            "main": self.poetry.get("dependencies", {}),
            "dev": self.poetry.get("dev-dependencies", {}),
        }
        for group, table in tables.items():
            found.setdefault(group, {}).update({canonicalize_name(name): str(value) for name, value in table.items()})
        for group, table in self.poetry.get("group", {}).items():
            names = table.get("dependencies", {})
            found.setdefault(group, {}).update({canonicalize_name(name): str(value) for name, value in names.items()})
        return found

    def declares(self, name: str) -> bool:
        """Return whether any group has a dependency."""
        return any(canonicalize_name(name) in group for group in self.groups.values())

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
    except subprocess.CalledProcessError:
        raise RefusalError(f"Commit the project to Git first: {path} is no Git repository with a commit.") from None
    files = tuple(git("ls-files", "-z", folder=folder).split("\0")[:-1])
    if "pyproject.toml" not in files:
        raise RefusalError(f"Name the folder of a tracked pyproject.toml: {path} has none.")
    if git("status", "--porcelain", folder=folder):
        raise RefusalError(f"Commit or stash the changes first: `git status` lists some in {path}.")
    if ANSWERS in files:
        raise RefusalError(f"Run `copier update` in {path}: it has {ANSWERS}, so it has adopted a template already.")
    text = (folder / "pyproject.toml").read_bytes().decode()
    data = _toml("pyproject.toml", text)
    backend = data.get("build-system", {}).get("build-backend", "")
    if "poetry" not in data.get("tool", {}) and "poetry" not in backend:
        raise RefusalError(
            "Move the project to Poetry first: pyproject.toml has neither [tool.poetry] nor its backend."
        )
    if "poetry.lock" not in files:
        raise RefusalError("Run `poetry lock` and commit poetry.lock first: Git does not track it.")
    lock = _toml("poetry.lock", (folder / "poetry.lock").read_text(encoding="utf-8"))
    if not str(lock.get("metadata", {}).get("lock-version", "0")).startswith("2."):
        raise RefusalError(
            "Run `poetry lock` with Poetry 2 and commit poetry.lock first: an old version has written it."
        )
    origin = subprocess.run(
        ["git", "remote", "get-url", "origin"], cwd=folder, capture_output=True, text=True, check=False
    ).stdout.strip()
    return Project(folder, top, text, data, lock, files, origin)


def like(original: str, text: str) -> str:
    """Return a text with the line ends of another."""
    text = text.replace("\r\n", "\n")
    return text.replace("\n", "\r\n") if "\r\n" in original else text


def specifiers(constraint: str) -> list[SpecifierSet]:
    """Return the alternatives of a constraint in the notation of Poetry or of the packaging specifications."""
    found = []
    for alternative in re.split(r"\|\|?", re.sub(r"([\^~<>=!])\s+", r"\1", constraint)):
        clauses = [_clause(clause) for clause in re.split(r"[,\s]+", alternative.strip())]
        try:
            found.append(SpecifierSet(",".join(clause for clause in clauses if clause)))
        except InvalidSpecifier:
            raise RefusalError(
                f"Correct the supported Pythons in pyproject.toml: {constraint!r} has no meaning."
            ) from None
    return found


def _clause(clause: str) -> str:
    """Return a clause of a constraint as the packaging specifications write it."""
    clause = clause.strip().rstrip(",").replace(" ", "")
    if clause in ("", "*"):
        return ""
    operator, numbers = re.match(r"([\^~<>=!]*)(.*)", clause).groups()  # type: ignore[union-attr]
    parts = numbers.split(".")
    if operator == "^":
        return f">={numbers},<{int(parts[0]) + 1}"
    if operator == "~":
        bound = f"{parts[0]}.{int(parts[1]) + 1}" if len(parts) > 1 else str(int(parts[0]) + 1)
        return f">={numbers},<{bound}"
    if operator in ("", "="):
        return f"=={numbers}"
    return clause


def _toml(name: str, text: str) -> dict[str, Any]:
    """Return the content of a TOML file."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RefusalError(f"Correct {name} first: it is no valid TOML, {error}.") from None


def _requirements(listed: list[Any]) -> dict[str, str]:
    """Return requirements by name. Other items of a group are left out."""
    found = {}
    for text in listed:
        try:
            found[str(canonicalize_name(Requirement(text).name))] = str(text)
        except (InvalidRequirement, TypeError):
            continue
    return found


def _sections(text: str) -> list[str]:
    """Return the sections of an INI file."""
    parser = ConfigParser(strict=False, interpolation=None)
    try:
        parser.read_string(text)
    except ConfigError:
        return re.findall(r"(?m)^\[(.+)\]", text)
    return parser.sections()
