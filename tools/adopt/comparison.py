"""Comparisons of a project before and after its adoption: the lock, the changed files, the wheel and the tests."""

import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from tools.adopt.poetry import environment, poetry
from tools.adopt.project import Project
from tools.repository import git

Packages = Mapping[str, frozenset[str]]
"""The locked versions of each package."""


def packages(lock: str) -> Packages:
    """Return the packages of a poetry.lock."""
    found: dict[str, frozenset[str]] = {}
    for package in tomllib.loads(lock).get("package", []):
        found[package["name"]] = found.get(package["name"], frozenset()) | {package["version"]}
    return found


def lock_differences(before: Packages, after: Packages) -> list[str]:
    """Return the packages that left a lock or changed their version."""
    found = []
    for name, versions in before.items():
        left = versions - after.get(name, frozenset())
        if left and name in after:
            found.append(f"{name} {', '.join(sorted(versions))} is now {', '.join(sorted(after[name]))}")
        elif left:
            found.append(f"{name} {', '.join(sorted(versions))} left the lock")
    return found


def file_differences(repository: Path, base: str, allowed: set[str]) -> list[str]:
    """Return the tracked files of a commit that differ in HEAD, except the allowed ones."""
    lines = git("diff", "--name-status", "--no-renames", base, "HEAD", folder=repository).splitlines()
    changes = [line.split("\t") for line in lines]
    return [path for status, path in changes if status != "A" and path not in allowed]


@dataclass(frozen=True)
class Wheel:
    """The content of a wheel.

    Attributes:
        files: The paths of its files, without those of the installation.
        metadata: The fields of its metadata.
    """

    files: tuple[str, ...]
    metadata: tuple[tuple[str, str], ...]


class BuildError(Exception):
    """A wheel cannot be built. The message is the end of the output."""


def wheel(folder: Path) -> Wheel:
    """Build the wheel of a project, and return its content.

    Raises:
        BuildError: Poetry failed.
    """
    with TemporaryDirectory() as output:
        result = poetry(folder, "build", "--format=wheel", f"--output={output}")
        built = sorted(Path(output).glob("*.whl"))
        if result.returncode or not built:
            raise BuildError(last_line(result.stdout))
        with ZipFile(built[0]) as archive:
            names = archive.namelist()
            metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
            fields = BytesParser().parsebytes(archive.read(metadata))
    files = sorted(re.sub(r"^[^/]+\.dist-info/", "dist-info/", name) for name in names)
    values = [(key, str(value)) for key, value in fields.items()]
    return Wheel(tuple(files), tuple(sorted([*values, ("Description", str(fields.get_payload()))])))


def wheel_differences(before: Wheel, after: Wheel) -> list[str]:
    """Return the differences of two wheels, at most five."""
    missing, new = set(before.files) - set(after.files), set(after.files) - set(before.files)
    changed = sorted({key for key, _ in set(before.metadata) ^ set(after.metadata)})
    found = [f"lacks {path}" for path in sorted(missing)] + [f"has {path}" for path in sorted(new)]
    found += [f"has other metadata: {key}" for key in changed]
    return [*found[:5], *([f"and {len(found) - 5} other differences"] if len(found) > 5 else [])]


def hidden_files(folder: Path) -> list[str]:
    """Return the files that Git both tracks and ignores. The image lacks them, as its build has no list of tracked files."""
    return git("ls-files", "-z", "--cached", "--ignored", "--exclude-standard", folder=folder).split("\0")[:-1]


def copy_context(source: Path, target: Path) -> None:
    """Copy the tracked files that .dockerignore and .gitignore let into the build."""
    hidden = set(hidden_files(source))
    lines = (source / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = [line[1:] for line in lines if line.startswith("!")]
    for path in git("ls-files", "-z", folder=source).split("\0")[:-1]:
        places = [path, *(parent.as_posix() for parent in list(PurePosixPath(path).parents)[:-1])]
        depths = {place.count("/"): place for place in places}
        if path not in hidden and any(fnmatchcase(depths.get(one.count("/"), ""), one) for one in allowed):
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / path, file, follow_symlinks=False)


@dataclass(frozen=True)
class Tests:
    """The collected tests of a project.

    Attributes:
        number: The number of tests.
        errors: The number of modules that cannot be collected.
    """

    number: int
    errors: int

    def __str__(self) -> str:
        """Return a text for the report."""
        return f"{self.number} tests" + (f" and {self.errors} errors" if self.errors else "")


COUNTER = """
import os

def pytest_sessionfinish(session):
    with open(os.environ["ADOPT_TESTS"], "w") as file:
        file.write(f"{len(getattr(session, 'items', []))} {session.testsfailed}")
"""
"""A plugin of pytest that writes the number of collected tests, whatever the project prints."""


class CollectionError(Exception):
    """Tests cannot be collected. The message says why."""


def test_command(project: Project) -> list[str]:
    """Return the arguments of pytest in the project's own test command."""
    for text in _test_commands(project):
        match = re.search(r"(?:^|\s)(?:py\.test|pytest)((?:[ \t]+[^\s|;&>#]+)*)", text)
        if match and not set(match[1]) & set("${}`*"):
            return shlex.split(match[1])
    return []


def _test_commands(project: Project) -> Iterator[str]:
    """Yield the texts that can have the command of the tests."""
    tasks = project.data.get("tool", {}).get("poe", {}).get("tasks", {})
    for name in ("test", "tests", "unit"):
        task = tasks.get(name, "")
        yield str(task.get("cmd", "")) if isinstance(task, Mapping) else str(task)
    for file in ("Makefile", "makefile", "GNUmakefile"):
        if file in project.files:
            rules = re.split(r"(?m)^(?=[\w.-]+\s*:)", project.read(file))
            yield from (rule for rule in rules if re.match(r"(unit-?)?tests?\b", rule))


def collect(folder: Path, arguments: list[str]) -> Tests:
    """Install a project into its environment, and collect its tests with its own settings.

    Raises:
        CollectionError: The packages cannot be installed, or pytest is none of them.
    """
    result = poetry(folder, "install", "--all-extras")
    if result.returncode:
        raise CollectionError(f"`poetry install` fails: {last_line(result.stdout)}")
    python = poetry(folder, "env", "info", "--executable").stdout.strip().splitlines()[-1]
    if subprocess.run([python, "-c", "import pytest"], capture_output=True, check=False).returncode:
        raise CollectionError("the project does not install pytest")
    with TemporaryDirectory() as temporary:
        counts = Path(temporary, "counts")
        Path(temporary, "adopt_counter.py").write_text(COUNTER, encoding="utf-8")
        options = "--collect-only -q -p adopt_counter -p no:cacheprovider"
        variables = environment(PYTHONPATH=temporary, ADOPT_TESTS=str(counts), PYTEST_ADDOPTS=options)
        output = subprocess.run(
            [python, "-m", "pytest", *arguments],
            cwd=folder,
            env={**variables, "PATH": f"{Path(python).parent}:{variables['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout
        if not counts.exists():
            raise CollectionError(f"pytest fails: {last_line(output)}")
        number, errors = map(int, counts.read_text(encoding="utf-8").split())
    return Tests(number, errors)


def last_line(output: str) -> str:
    """Return the last line of an output that says something."""
    lines = [line.strip() for line in output.splitlines() if re.search(r"\w", line)]
    return lines[-1] if lines else "without output"
