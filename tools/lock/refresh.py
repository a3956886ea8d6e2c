"""Refresh the stores from which the template renders poetry.lock and the compiled tools: `make lock`.

Poetry locks every set of dependencies of the template. extensions/lock_store/ has a file NAME-VERSION-DIGEST.toml for
each distinct package, as Poetry wrote it. Its index.json has the ordered packages of each lock, keyed by content-hash.
From these, extensions/locked_names.json gets the names that a project cannot have.
"""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.lock import names
from tools.lock.tool_store import STORE, compiled_tools, replace_folder
from tools.render.template import Template
from tools.render.variants import Variants
from tools.repository import ROOT

COOL_OFF = 7
"""Minimum age of a release in days. Malicious uploads are usually found earlier."""

POETRY_PYTHON = ROOT / ".poetry/bin/python"
FOLDER = ROOT / "extensions/lock_store"


def dependency_sets(template: Template) -> dict[str, str]:
    """List the distinct sets of dependencies of the template.

    Args:
        template: The template.

    Returns:
        A pyproject.toml for each set, keyed by `locked_content`.
    """
    sets: dict[str, str] = {}
    for variant in Variants(template).of("template/pyproject.toml.jinja"):
        pyproject = variant.content.decode()
        sets.setdefault(locked_content(pyproject), pyproject)
    return sets


def locked_content(pyproject: str) -> str:
    """Return the parts of a pyproject.toml that decide about its lock, as JSON."""
    data = tomllib.loads(pyproject)
    keys = ("requires-python", "dependencies")
    return json.dumps([*(data["project"][key] for key in keys), data["dependency-groups"]])


def poetry_lock(folder: Path, cool_off: int = 0) -> str:
    """Lock the project in a folder with the pinned Poetry.

    Args:
        folder: Has pyproject.toml, and gets poetry.lock. Poetry keeps the versions of an existing poetry.lock.
        cool_off: Minimum age of a release in days.

    Returns:
        The content of poetry.lock.

    Raises:
        RuntimeError: Poetry failed; the message has its output.
    """
    environment = {**os.environ, "POETRY_SOLVER_MIN_RELEASE_AGE": str(cool_off)}
    command: list[str | Path] = [POETRY_PYTHON, Path(__file__).with_name("poetry_lock.py"), "lock", "--no-interaction"]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"poetry lock failed in {folder}:\n{result.stdout}{result.stderr}")
    return (folder / "poetry.lock").read_text(encoding="utf-8")


def fresh_lock(pyproject: str) -> str:
    """Lock a pyproject.toml without an earlier lock, with the newest versions that have the minimum age."""
    with TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(pyproject, encoding="utf-8")
        return poetry_lock(Path(folder), COOL_OFF)


def cut(lock: str) -> tuple[list[str], str]:
    """Split a poetry.lock into the texts of its packages and its content-hash."""
    body, metadata = lock.split("[metadata]\n")
    _, *packages = body.split("[[package]]\n")
    return [f"[[package]]\n{package.rstrip()}\n" for package in packages], tomllib.loads(metadata)["content-hash"]


def package_file(text: str) -> str:
    """Return the file name of a package in the store, without its suffix."""
    package = tomllib.loads(text)["package"][0]
    return f"{package['name']}-{package['version']}-{sha256(text.encode()).hexdigest()[:8]}"


def escape(text: str) -> str:
    """Mark a text with Jinja delimiters as raw."""
    special = any(delimiter in text for delimiter in ("{{", "{%", "{#"))
    return f"{{% raw %}}{text}{{% endraw %}}\n" if special else text


def store(locks: Iterable[str], folder: Path) -> None:
    """Replace the locks in a folder."""
    index: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for lock in locks:
        packages, content_hash = cut(lock)
        index[content_hash] = [package_file(package) for package in packages]
        texts.update(zip(index[content_hash], packages, strict=True))
    files = {f"{name}.toml": escape(text) for name, text in texts.items()}
    files["index.json"] = json.dumps(index, indent=1, sort_keys=True) + "\n"
    replace_folder(folder, files)


def main() -> None:
    """Lock every set of dependencies and compile the tools, and replace both stores if all succeed."""
    if not POETRY_PYTHON.exists():
        sys.exit("Run `make lock`, which installs Poetry: .poetry has none.")
    template = Template()
    pyprojects = dependency_sets(template).values()
    try:
        tools = compiled_tools(template)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            locks = list(pool.map(fresh_lock, pyprojects))
    except RuntimeError as error:
        sys.exit(f"Nothing was changed: {error}")
    replace_folder(STORE, tools)
    store(locks, FOLDER)
    names.write(Template())
    size = sum(file.stat().st_size for file in FOLDER.iterdir())
    print(f"{len(locks)} locks, {len(list(FOLDER.glob('*.toml')))} packages, {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
