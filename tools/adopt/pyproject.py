"""The merge of the template's tools and settings into the pyproject.toml of a project, by meaning.

A tool that the project has keeps its settings, wherever they are. A tool that the template brings gets the template's.
"""

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import tomlkit
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tomlkit.items import Array, InlineTable, Table
from tomlkit.toml_document import TOMLDocument

from tools.adopt.answers import code
from tools.adopt.files import EQUIVALENTS
from tools.adopt.project import Project, RefusalError, like
from tools.repository import ROOT

FLOOR = "3.11"
"""The oldest Python of the template, and of its tools."""

STRICTNESS = ("strict", "enable_error_code", "warn_unreachable")
"""The settings of mypy that existing code seldom meets."""


@dataclass
class Merge:
    """A merged pyproject.toml.

    Attributes:
        text: Its text.
        added: The parts that the template adds.
        kept: The reasons why other parts are not added.
    """

    text: str
    added: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)


def missing_tools(project: Project, rendered: str) -> dict[str, str]:
    """Return the development dependencies of the template's checks and tests that the project does not declare."""
    old = any(project.supports(f"3.{minor}") for minor in range(int(FLOOR.split(".")[1])))
    listed = tomllib.loads(rendered)["dependency-groups"]["dev"]
    found = {canonicalize_name(Requirement(text).name): str(text) for text in listed}
    common = (ROOT / "extensions/dependencies/dev-requirements.txt").read_text(encoding="utf-8").split()
    wanted = {canonicalize_name(Requirement(text).name) for text in common}
    if has_own_hooks(project):
        wanted -= {"mypy", "ruff"}
    marker = f"; python_version >= '{FLOOR}'" if old else ""
    return {name: f"{text}{marker}" for name, text in found.items() if name in wanted and not project.declares(name)}


def has_own_hooks(project: Project) -> bool:
    """Return whether the project has hooks of its own in place of the template's."""
    return bool(project.matching(".pre-commit-config.yaml", *EQUIVALENTS[".pre-commit-config.yaml"]))


def merge(project: Project, rendered: str, tools: Mapping[str, str], files: Collection[str]) -> Merge:
    """Merge the template's tools and settings into a pyproject.toml.

    Args:
        project: The project.
        rendered: The rendered pyproject.toml of the template.
        tools: The requirements of the tools to add, by name.
        files: The files that the project has after its adoption.
    """
    document = tomlkit.parse(like("", project.text))
    found = Merge("")
    if tools:
        place = add_tools(document, tools)
        found.added.append(f"{', '.join(tools)} in {place}")
    has = {
        name
        for name in ("mypy", "pre-commit", "pytest", "pytest-cov", "ruff")
        if name in tools or project.declares(name)
    }
    blocks = _blocks(rendered)
    appended: list[str] = []
    if "dependency-groups" in document and "requires-poetry" not in project.poetry:
        minimum = tomlkit.parse(blocks["tool.poetry"])["tool"]["poetry"]["requires-poetry"]
        table = document.get("tool", {}).get("poetry")
        if isinstance(table, InlineTable) or (isinstance(table, Table) and not table.is_super_table()):
            table["requires-poetry"] = minimum
        else:
            appended.append(f'[tool.poetry]\nrequires-poetry = "{minimum}"\n')
        found.added.append("tool.poetry.requires-poetry")
    appended += _ruff(project, blocks, has, found)
    tasks = _tasks(project, blocks, has, files)
    appended += _add_tasks(project, document, tasks, found)
    appended += _mypy(project, document, blocks, has, found)
    appended += _pytest(project, blocks, has, found)
    appended += _coverage(project, blocks, has, found)
    text = tomlkit.dumps(document)
    if appended:
        text = "\n".join([text.rstrip("\n") + "\n", *appended])
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = (
            f"Write each table below `tool` in pyproject.toml with a header, such as [tool.poetry], first: {error}."
        )
        raise RefusalError(message) from None
    if lost := list(_lost(project.data, data, "")):
        raise RefusalError(f"Report this pyproject.toml to the template: its merge would lose {lost[0]}.")
    found.text = like(project.text, text)
    return found


def add_tools(document: TOMLDocument, tools: Mapping[str, str]) -> str:
    """Add development dependencies where the project has its own, and return the place.

    In a new `[dependency-groups] dev` beside a group dev of Poetry, Poetry would ignore the dependencies of the latter.
    """
    poetry = document.get("tool", {}).get("poetry", {})
    groups = document.get("dependency-groups", {})
    if own := next((name for name in groups if canonicalize_name(name) == "dev"), ""):
        _add_requirements(groups[own], tools)
        return f"[dependency-groups] {own}"
    for place, table in (
        ("[tool.poetry.group.dev.dependencies]", poetry.get("group", {}).get("dev", {}).get("dependencies")),
        ("[tool.poetry.dev-dependencies]", poetry.get("dev-dependencies")),
    ):
        if table is not None:
            for name, text in tools.items():
                table[name] = _constraint(text)
            return place
    if "dependency-groups" in document:
        groups["dev"] = _multiline(tools)
        return "[dependency-groups] dev"
    if "group" in poetry or "project" not in document:
        dependencies = tomlkit.table()
        for name, text in tools.items():
            dependencies[name] = _constraint(text)
        if "group" not in poetry:
            poetry["group"] = tomlkit.table(is_super_table=True)
        if "dev" not in poetry["group"]:
            poetry["group"]["dev"] = tomlkit.table(is_super_table=True)
        poetry["group"]["dev"]["dependencies"] = dependencies
        return "[tool.poetry.group.dev.dependencies]"
    table = tomlkit.table()
    table["dev"] = _multiline(tools)
    document["dependency-groups"] = table
    return "[dependency-groups] dev"


def _multiline(tools: Mapping[str, str]) -> Array:
    """Return an array with one requirement a line."""
    array = tomlkit.array()
    array.extend(tools.values())
    return array.multiline(True)


def _add_requirements(array: Array, tools: Mapping[str, str]) -> None:
    """Add requirements to an array in its own format."""
    if "\n" not in array.as_string():
        array.extend(tools.values())
        return
    indent = match[1] if (match := re.search(r"\n([ \t]+)\S", array.as_string())) else "    "
    for text in tools.values():
        array.add_line(text, indent=indent)


def _constraint(requirement: str) -> str | InlineTable:
    """Return a requirement as Poetry's tables write it."""
    parsed = Requirement(requirement)
    version = str(parsed.specifier) and requirement.partition(";")[0].strip()[len(parsed.name) :]
    version = version or "*"
    if not parsed.marker:
        return version
    table = tomlkit.inline_table()
    table.update({"version": version, "python": f">={FLOOR}"})
    return table


def _blocks(rendered: str) -> dict[str, str]:
    """Return the text of each table of the template, by its name."""
    found: dict[str, str] = {}
    for block in re.split(r"(?m)^(?=\[[\w.\"-]+\]$)", rendered):
        if match := re.match(r"\[([\w.\"-]+)\]\n", block):
            found[match[1]] = block.rstrip("\n") + "\n"
    return found


def _edited(block: str, changes: Mapping[str, Any]) -> str:
    """Return the text of a table with other values. None removes a key."""
    document = tomlkit.parse(block)
    table: Any = document
    for part in re.match(r"\[(.+)\]\n", block)[1].split("."):  # type: ignore[index]
        table = table[part]
    for key, value in changes.items():
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value
    return tomlkit.dumps(document)


def _own(project: Project, tool: str, *dependencies: str) -> str:
    """Return why a tool keeps its settings, or nothing if the template brings it."""
    if places := project.settings(tool):
        return f"the project has {places[0]}"
    declared = [name for name in dependencies or (tool,) if project.declares(name)]
    return f"the project uses {declared[0]} already" if declared else ""


def _ruff(project: Project, blocks: Mapping[str, str], has: Collection[str], found: Merge) -> Iterator[str]:
    """Yield the tables of ruff."""
    if "ruff" not in has or has_own_hooks(project):
        return
    if reason := _own(project, "ruff"):
        found.kept["tool.ruff"] = reason
        return
    found.added.append("tool.ruff")
    if "tool.ruff" in blocks:
        yield _edited(blocks["tool.ruff"], {"src": _folders(project)})
    yield blocks["tool.ruff.lint"]


def _folders(project: Project) -> list[str]:
    """Return the folders with code."""
    paths = code(project)
    if not project.is_package and any(path.endswith(".py") for path in paths):
        return ["."]
    return [path for path in paths if not path.endswith(".py")] or ["."]


def _tasks(project: Project, blocks: Mapping[str, str], has: Collection[str], files: Collection[str]) -> dict[str, Any]:
    """Return the tasks of the template that work in the project, by name."""
    tasks: dict[str, Any] = dict(tomlkit.parse(blocks["tool.poe.tasks"])["tool"]["poe"]["tasks"])
    tasks["drift"] = blocks["tool.poe.tasks.drift"]
    if "pytest" not in has:
        del tasks["test"]
    elif "pytest-cov" not in has:
        tasks["test"] = _task("pytest", "Run the tests")
    else:
        tasks["test"] = _task("pytest --cov", "Run the tests")
    if "pre-commit" not in has or ".pre-commit-config.yaml" not in files:
        sequence = ["poetry check --lock", *(["ruff format --check", "ruff check"] if "ruff" in has else [])]
        sequence += [mypy_command(project)] if "mypy" in has else []
        commands = ", ".join(f"{{ cmd = {json.dumps(command)} }}" for command in sequence)
        tasks["check"] = _task(f"[{commands}]", "Check format, lint, types and the lock", "sequence")
    tasks.pop("serve", None)
    return tasks


def _task(command: str, description: str, kind: str = "cmd") -> Any:
    """Return a task as an inline table."""
    value = json.dumps(command) if kind == "cmd" else command
    return tomlkit.value(f"{{ {kind} = {value}, help = {json.dumps(description)} }}")


def mypy_command(project: Project) -> str:
    """Return the command that checks types."""
    places = project.settings("mypy")
    if places and "pyproject" not in places[0] and not _names_files(project, places[0]):
        return " ".join(["mypy", *_checked(project)])
    return "mypy"


def _names_files(project: Project, place: str) -> bool:
    """Return whether the settings of mypy in another file name the files to check."""
    return bool(re.search(r"(?m)^(files|packages|modules)\s*=", project.read(place.rpartition(" ")[2])))


def _checked(project: Project) -> list[str]:
    """Return the paths whose types are checked."""
    tests = ["tests"] if any(path.startswith("tests/") and path.endswith(".py") for path in project.files) else []
    return [*code(project), *tests] or ["."]


def _add_tasks(project: Project, document: TOMLDocument, tasks: Mapping[str, Any], found: Merge) -> Iterator[str]:
    """Add the tasks that have no namesake, and yield those in tables of their own."""
    places = [place for place in project.settings("poe") if "pyproject" not in place]
    if places:
        found.kept["tool.poe.tasks"] = f"the project has {places[0]}, which Poe ignores beside [tool.poe]"
        return
    own = document.get("tool", {}).get("poe", {}).get("tasks")
    for name in tasks:
        if own and name in own:
            found.kept[f"tool.poe.tasks.{name}"] = "the project has this task"
    missing = {name: task for name, task in tasks.items() if not own or name not in own}
    if missing:
        found.added.append(f"the tasks {', '.join(missing)}")
    drift = missing.pop("drift", None)
    if isinstance(own, Table) and not own.is_super_table():
        for name, task in missing.items():
            own[name] = task
    elif missing and own is None:
        table = "\n".join(f"{name} = {task.as_string()}" for name, task in missing.items())
        yield f"[tool.poe.tasks]\n{table}\n"
    else:
        for name, task in missing.items():
            lines = "\n".join(f"{key} = {value.as_string()}" for key, value in task.items())
            yield f"[tool.poe.tasks.{name}]\n{lines}\n"
    if drift:
        yield drift


def _mypy(
    project: Project, document: TOMLDocument, blocks: Mapping[str, str], has: Collection[str], found: Merge
) -> Iterator[str]:
    """Yield the table of mypy, or add the files to check to a table without them."""
    if "mypy" not in has:
        return
    paths = _checked(project)
    own = document.get("tool", {}).get("mypy")
    if has_own_hooks(project):
        if project.declares("mypy"):
            found.kept["tool.mypy"] = "the project has its own hooks"
    elif own is not None and not {"files", "packages", "modules"} & set(own) and not _shadowed(project):
        own["files"] = paths
        found.added.append("tool.mypy.files")
        found.kept["tool.mypy"] = "the project has [tool.mypy] in pyproject.toml"
    elif reason := _own(project, "mypy"):
        found.kept["tool.mypy"] = reason
        if not project.settings("mypy"):
            found.added.append("tool.mypy.files")
            yield f"[tool.mypy]\nfiles = {json.dumps(paths)}\n"
    else:
        found.added.append("tool.mypy")
        found.kept["tool.mypy.strict"] = "set it when all functions have types"
        changes: dict[str, Any] = {"files": paths, **dict.fromkeys(STRICTNESS)}
        if not project.is_package:
            changes["mypy_path"] = None
        yield _edited(blocks["tool.mypy"], changes)


def _shadowed(project: Project) -> bool:
    """Return whether mypy reads another file and not pyproject.toml."""
    return any(name in project.files for name in ("mypy.ini", ".mypy.ini"))


def _pytest(project: Project, blocks: Mapping[str, str], has: Collection[str], found: Merge) -> Iterator[str]:
    """Yield the table of pytest."""
    if "pytest" not in has:
        return
    if reason := _own(project, "pytest"):
        found.kept["tool.pytest"] = reason
        return
    found.added.append("tool.pytest")
    yield _edited(blocks["tool.pytest"], {} if project.is_package else {"pythonpath": _folders(project)})


def _coverage(project: Project, blocks: Mapping[str, str], has: Collection[str], found: Merge) -> Iterator[str]:
    """Yield the tables of coverage, without a minimum that existing code may not reach."""
    if "pytest-cov" not in has:
        return
    if reason := _own(project, "coverage", "coverage", "pytest-cov"):
        found.kept["tool.coverage"] = reason
        return
    found.added.append("tool.coverage")
    found.kept["tool.coverage.report.fail_under"] = "set it to the coverage that the project has"
    yield _edited(blocks["tool.coverage.run"], {"source": _folders(project)})
    yield _edited(blocks["tool.coverage.report"], {"fail_under": None})


def _lost(before: Any, after: Any, path: str) -> Iterator[str]:
    """Yield the paths of values that are missing or different."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key, value in before.items():
            if key in after:
                yield from _lost(value, after[key], f"{path}.{key}".lstrip("."))
            else:
                yield f"{path}.{key}".lstrip(".")
    elif isinstance(before, list) and isinstance(after, list):
        if after[: len(before)] != before:
            yield path
    elif before != after:
        yield path


def merge_hooks(project: Project, text: str, has: Collection[str], strict: bool) -> str:
    """Fit the template's .pre-commit-config.yaml to the tools of a project.

    Args:
        project: The project.
        text: The template's file.
        has: The names of the tools.
        strict: Whether `poetry check --strict` accepts the project.
    """
    hooks = {"format": "ruff", "lint": "ruff", "types": "mypy"}
    for hook, tool in hooks.items():
        if tool not in has:
            text = re.sub(rf"(?m)^      - id: {hook}\n(        .*\n)+", "", text)
    text = text.replace("poetry run mypy\n", f"poetry run {mypy_command(project)}\n")
    return text if strict else text.replace("poetry check --lock --strict", "poetry check --lock")
