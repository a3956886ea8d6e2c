"""Prepare the packages of the image.

split: Split requirements.txt by how pip installs the packages. Those with hashes stay.
    Those from Git, which have a commit instead, go to git-requirements.txt. Path
    dependencies are left to `install`.
install: Build wheels of the path dependencies with
    `poetry build`, and install them into a prefix. Run it with the Python of the image,
    and without Git: it removes the files that Git ignores, which Poetry leaves out of
    a wheel.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GROUPS = ["main"]
EXTRAS = [""]
WHEELS = Path("wheels").absolute()
FROM_GIT = re.compile(r"(-e |[^;]+? @ )git\+")
LOCAL = re.compile(r"(-e |[^;]+? @ )file:")


def split() -> None:
    """Write requirements.txt and git-requirements.txt from requirements.txt."""
    file = Path("requirements.txt")
    # The hashes of a package are in indented lines below it.
    requirements = re.split(r"\n(?!\s)", file.read_text(encoding="utf-8"))
    options = [each for each in requirements if each.startswith("--")]
    packages = [each for each in requirements if not LOCAL.match(each)]
    from_git = [each.removeprefix("-e ") for each in packages if FROM_GIT.match(each)]
    if from_git and not shutil.which("git"):
        sys.exit("Add git to builder_packages: poetry.lock has packages from Git.")
    hashed = [each for each in packages if not FROM_GIT.match(each)]
    file.write_text("\n".join(hashed), encoding="utf-8")
    Path("git-requirements.txt").write_text(
        "\n".join([*options, *from_git]), encoding="utf-8"
    )


def read(file: str) -> dict[str, Any]:
    """Return the content of a TOML file."""
    return tomllib.loads(Path(file).read_text(encoding="utf-8"))


def run(*command: str) -> None:
    """Run a command, and exit if it fails."""
    if subprocess.run(command, check=False).returncode:
        sys.exit("Add files that are missing, if any, to .dockerignore.")


def require(pattern: str) -> None:
    """Exit if no file or folder matches a pattern."""
    if not any(Path().glob(pattern)):
        sys.exit(f"Add !{pattern} to .dockerignore, as the build needs it.")


def included(tools: dict[str, Any]) -> list[str]:
    """Return the patterns of the files that `include` adds to the wheel."""
    return [
        include["path"]
        for include in tools.get("poetry", {}).get("include", [])
        if isinstance(include, dict) and "wheel" in include.get("format", "sdist")
    ]


def remove_ignored_files(kept: set[Path]) -> None:
    """Remove the files that Git ignores, except some files and folders."""
    # Only Poetry's environment has it, and doctest imports each module of a project.
    from dulwich.ignore import IgnoreFilterManager

    git = IgnoreFilterManager(os.fspath(Path.cwd()), [], ignorecase=False)
    for folder, _, names in os.walk("."):
        for path in (Path(folder, name) for name in names):
            ignored = git.is_ignored(path.as_posix())
            if ignored and kept.isdisjoint([path, *path.parents]):
                path.unlink()


def is_installed(package: dict[str, Any], group: str) -> bool:
    """Return whether a group of dependencies installs a locked package here."""
    from packaging.markers import Marker

    markers = package.get("markers", "")
    marker = markers.get(group) if isinstance(markers, dict) else markers
    return group in package["groups"] and (
        not marker or any(Marker(marker).evaluate({"extra": extra}) for extra in EXTRAS)
    )


def path_dependencies() -> Iterator[tuple[str, str]]:
    """Yield the type, file or directory, and the path of each path dependency."""
    for package in read("poetry.lock")["package"]:
        source = package.get("source", {})
        local = source.get("type") in ("file", "directory")
        if local and any(is_installed(package, group) for group in GROUPS):
            yield source["type"], source["url"]


def build(project: str) -> None:
    """Build the wheel of a project."""
    options = [f"--project={project}", "--format=wheel", f"--output={WHEELS}"]
    run("poetry", "build", *options)


def install(prefix: str) -> None:
    """Build the wheels, and install them."""
    tools = read("pyproject.toml").get("tool", {})
    files = {path for pattern in included(tools) for path in Path().glob(pattern)}
    remove_ignored_files(files)
    os.environ["VIRTUAL_ENV"] = sys.prefix
    for kind, path in path_dependencies():
        require(path)
        if kind == "directory":
            build(path)
        else:
            options = ["--no-deps", f"--wheel-dir={WHEELS}"]
            run(sys.executable, "-m", "pip", "wheel", *options, path)
    # SOURCE_DATE_EPOCH ties bytecode to the content of its source.
    os.environ["SOURCE_DATE_EPOCH"] = "0"
    for wheel in WHEELS.glob("*"):
        options = ["--compile-bytecode=0", f"--prefix={prefix}"]
        run(sys.executable, "-m", "installer", *options, str(wheel))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"split": split, "install": install}[command](*arguments)
