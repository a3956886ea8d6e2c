"""The projects that are built: the template's package with real dependencies, and the edits of it."""

import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.kit.commands import read, run, write
from tools.lock.refresh import poetry_lock
from tools.render.template import Files, Template

PYTHON = "3.13"
NEW_DEVELOPMENT = "pytest-xdist==3.8.0"
EDITS = {
    "source": "source edited",
    "tool": "tool's setting edited",
    "version": "version edited",
    "development": "development dependency added",
    "bump": "main dependency bumped",
}
"""The edits after which an image is built again, with their heads in tables."""


@dataclass(frozen=True)
class DependencySet:
    """A set of dependencies.

    Attributes:
        pins: The requirements.
        imports: The modules that the command imports.
        old: One more requirement, the one that is bumped.
        new: The same at the next version.
    """

    pins: tuple[str, ...]
    imports: tuple[str, ...]
    old: str
    new: str


SETS = {
    "small": DependencySet(
        pins=("fastapi==0.163.1", "httpx==0.28.1", "pydantic-settings==2.16.3"),
        imports=("fastapi", "httpx", "pydantic_settings", "uvicorn"),
        old="uvicorn==0.53.0",
        new="uvicorn==0.54.0",
    ),
    "large": DependencySet(
        pins=("pandas==3.1.1", "scikit-learn==1.9.1", "fastapi==0.163.1"),
        imports=("fastapi", "pandas", "sklearn.linear_model", "sqlalchemy"),
        old="sqlalchemy==2.1.7",
        new="sqlalchemy==2.1.8",
    ),
}

SOURCE = '''"""Says hello, and imports its dependencies."""

{imports}

def main() -> None:
    """Print the greeting."""
    print("Hello, World!")
'''


@dataclass(frozen=True)
class Project:
    """A project, each time with poetry.lock and uv.lock.

    Attributes:
        base: The files before any edit.
        development: The same with a new development dependency.
        bump: The same with a main dependency at its next version.
    """

    base: Files
    development: Files
    bump: Files

    def edited(self, edit: str, number: int) -> Files:
        """Return the files after an edit, which differs with the number of the round."""
        if edit == "source":
            return changed(self.base, "src/hello/cli.py", "World!", f"World! {number}")
        if edit == "tool":
            setting = f"\n[tool.ruff]\nline-length = {100 + number}\n"
            return {**self.base, "pyproject.toml": self.base["pyproject.toml"] + setting.encode()}
        if edit == "version":
            old, new = 'name = "hello"\nversion = "0.1.0"', f'name = "hello"\nversion = "0.1.{number}"'
            return changed(changed(self.base, "pyproject.toml", old, new), "uv.lock", old, new)
        return {"development": self.development, "bump": self.bump}[edit]

    def versions(self) -> dict[str, str]:
        """Return the version of each locked package."""
        packages = tomllib.loads(self.base["poetry.lock"].decode())["package"]
        return {package["name"]: package["version"] for package in packages}

    def with_wrong_hash(self) -> Files:
        """Return the files with wrong hashes of one dependency in both locks."""
        return {
            path: re.sub(rb'(name = "fastapi"\n.*?)(?=\[\[package\]\]|\Z)', wrong_hashes, content, flags=re.DOTALL)
            if path.endswith(".lock")
            else content
            for path, content in self.base.items()
        }


def wrong_hashes(match: re.Match[bytes]) -> bytes:
    """Replace every hash in the match."""
    return re.sub(rb"sha256:\w+", b"sha256:" + b"0" * 64, match[0])


def changed(files: Files, path: str, old: str, new: str) -> Files:
    """Return files with the first occurrence of a text replaced in one of them."""
    before = files[path].decode()
    assert old in before, f"{path} has no {old}"
    return {**files, path: before.replace(old, new, 1).encode()}


def package(dependencies: DependencySet, template: Template) -> Files:
    """Render the template's package with a set of dependencies, without a lock."""
    answers = {"project_name": "hello", "project_type": "package", "installer": "pip", "python_version": PYTHON}
    files = template.render(answers)
    imports = "".join(f"import {module}\n" for module in dependencies.imports)
    files["src/hello/cli.py"] = SOURCE.format(imports=imports).encode()
    files[".dockerignore"] += b"!uv.lock\n"
    del files["poetry.lock"]
    requirements = ", ".join(f'"{pin}"' for pin in (*dependencies.pins, dependencies.old))
    return changed(files, "pyproject.toml", "dependencies = []", f"dependencies = [{requirements}]")


def uv_lock(folder: Path, uv_image: str) -> None:
    """Lock with uv, in a container of its image, at the versions in poetry.lock."""
    packages = tomllib.loads((folder / "poetry.lock").read_text(encoding="utf-8"))["package"]
    pins = [f"--upgrade-package={package['name']}=={package['version']}" for package in packages]
    mount = f"--volume={folder}:/project"
    subprocess.run(
        ["docker", "run", "--rm", mount, "--workdir=/project", uv_image, "uv", "lock", "--quiet", "--no-cache", *pins],
        check=True,
    )
    # The container's user owns it.
    run("docker", "run", "--rm", mount, uv_image, "chmod", "666", "/project/uv.lock")


def locked(files: Files, uv_image: str) -> Files:
    """Return files with poetry.lock and uv.lock, at the versions of a poetry.lock that is already among them."""
    with TemporaryDirectory() as name:
        folder = write(files, Path(name).resolve())
        poetry_lock(folder)
        uv_lock(folder, uv_image)
        return read(folder)


def prepare(name: str, template: Template, uv_image: str, locks: Files | None = None) -> Project:
    """Render and lock the project of a dependency set.

    Args:
        name: The set.
        template: Renders the project.
        uv_image: The image in which uv locks.
        locks: Files with a poetry.lock whose versions are kept, so that two templates build the same packages.
    """
    dependencies = SETS[name]
    files = package(dependencies, template)
    if locks:
        files["poetry.lock"] = locks["poetry.lock"]
    base = locked(files, uv_image)
    unlocked = {path: content for path, content in base.items() if path != "uv.lock"}
    development = changed(unlocked, "pyproject.toml", "dev = [\n", f'dev = [\n    "{NEW_DEVELOPMENT}",\n')
    bump = changed(unlocked, "pyproject.toml", dependencies.old, dependencies.new)
    return Project(base, locked(development, uv_image), locked(bump, uv_image))
