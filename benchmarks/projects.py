"""What is built: the template's package, with dependencies that its command imports, and the edits of it."""

import re
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.kit.commands import read, run, write
from tools.lock.refresh import poetry_lock
from tools.render.template import Files, Template

NEW_DEVELOPMENT = "pytest-xdist==3.8.0"
CASES = {
    "source": "source edited",
    "tool": "tool's setting edited",
    "version": "version edited",
    "development": "development dependency added",
    "bump": "main dependency bumped",
}
"""The edits after which an image is built again."""


@dataclass(frozen=True)
class Kind:
    """A set of dependencies: pinned, what is imported of them, and the one that is bumped."""

    pins: tuple[str, ...]
    imports: tuple[str, ...]
    old: str
    new: str


KINDS = {
    "small": Kind(
        pins=("fastapi==0.163.1", "httpx==0.28.1", "pydantic-settings==2.16.3"),
        imports=("fastapi", "httpx", "pydantic_settings", "uvicorn"),
        old="uvicorn==0.53.0",
        new="uvicorn==0.54.0",
    ),
    "large": Kind(
        pins=("pandas==3.1.1", "scikit-learn==1.9.1", "fastapi==0.163.1"),
        imports=("fastapi", "pandas", "sklearn.linear_model", "sqlalchemy"),
        old="sqlalchemy==2.1.7",
        new="sqlalchemy==2.1.8",
    ),
}

SOURCE = '''"""Says hello, with what it depends on imported."""

{imports}

def main() -> None:
    """Print the greeting."""
    print("Hello, World!")
'''


@dataclass(frozen=True)
class Project:
    """A project as it is, and with other dependencies; each with poetry.lock and uv.lock."""

    base: Files
    development: Files
    bump: Files

    def edited(self, case: str, number: int) -> Files:
        """Return the project's files after an edit; the number makes it one that was not made before."""
        if case == "source":
            return changed(self.base, "src/hello/cli.py", "World!", f"World! {number}")
        if case == "tool":
            setting = f"\n[tool.ruff]\nline-length = {100 + number}\n"
            return {**self.base, "pyproject.toml": self.base["pyproject.toml"] + setting.encode()}
        if case == "version":
            old, new = 'name = "hello"\nversion = "0.1.0"', f'name = "hello"\nversion = "0.1.{number}"'
            return changed(changed(self.base, "pyproject.toml", old, new), "uv.lock", old, new)
        return {"development": self.development, "bump": self.bump}[case]

    def versions(self) -> dict[str, str]:
        """Return the version of each locked distribution."""
        packages = tomllib.loads(self.base["poetry.lock"].decode())["package"]
        return {package["name"]: package["version"] for package in packages}

    def with_wrong_hash(self) -> Files:
        """Return the project with other hashes for one of its dependencies than that has."""
        return {
            path: re.sub(rb'(name = "fastapi"\n.*?)(?=\[\[package\]\]|\Z)', wrong_hashes, content, flags=re.DOTALL)
            if path.endswith(".lock")
            else content
            for path, content in self.base.items()
        }


def wrong_hashes(match: re.Match[bytes]) -> bytes:
    """Replace every hash in what was matched."""
    return re.sub(rb"sha256:\w+", b"sha256:" + b"0" * 64, match[0])


def changed(files: Files, path: str, old: str, new: str) -> Files:
    """Return files with a text replaced, where it first occurs, in one of them."""
    before = files[path].decode()
    assert old in before, f"{path} has no {old}"
    return {**files, path: before.replace(old, new, 1).encode()}


def package(kind: Kind, python: str) -> Files:
    """Render the template's package with the dependencies of a kind, without its lock."""
    answers = {"project_name": "hello", "project_type": "package", "installer": "pip", "python_version": python}
    files = Template().render(answers)
    imports = "".join(f"import {module}\n" for module in kind.imports)
    files["src/hello/cli.py"] = SOURCE.format(imports=imports).encode()
    files[".dockerignore"] += b"!uv.lock\n"
    del files["poetry.lock"]
    requirements = ", ".join(f'"{pin}"' for pin in (*kind.pins, kind.old))
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
    """Return files with a lock of Poetry, which keeps the versions of one that is there, and one of uv."""
    with TemporaryDirectory() as name:
        folder = write(files, Path(name).resolve())
        poetry_lock(folder)
        uv_lock(folder, uv_image)
        return read(folder)


def prepare(name: str, python: str, uv_image: str) -> Project:
    """Render and lock the project of a kind."""
    kind = KINDS[name]
    base = locked(package(kind, python), uv_image)
    unlocked = {path: content for path, content in base.items() if path != "uv.lock"}
    development = changed(unlocked, "pyproject.toml", "dev = [\n", f'dev = [\n    "{NEW_DEVELOPMENT}",\n')
    bump = changed(unlocked, "pyproject.toml", kind.old, kind.new)
    return Project(base, locked(development, uv_image), locked(bump, uv_image))
