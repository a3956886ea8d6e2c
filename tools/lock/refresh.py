"""Refresh the data from which poetry.lock is rendered: `make lock`.

The real Poetry locks every set of dependencies that the template can give. The locks are cut into their packages, and
each distinct one is stored once, as Poetry wrote it, in extensions/lock_store/NAME-VERSION-DIGEST.toml; index.json there has the packages
of each lock in their order, by the content-hash under which lock.jinja looks it up.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.render.template import ROOT, Template
from tools.render.variants import Variants

COOL_OFF = 7
"""Days for which a fresh upload is left alone, so that others have time to find what is wrong with it."""

POETRY_PYTHON = ROOT / ".poetry/bin/python"
FOLDER = ROOT / "extensions/lock_store"


def dependency_sets(template: Template) -> dict[str, str]:
    """List the distinct sets of dependencies that the template can give.

    Args:
        template: The template.

    Returns:
        A pyproject.toml for each set, by what `poetry lock` reads of it.
    """
    sets: dict[str, str] = {}
    for variant in Variants(template).of("template/pyproject.toml.jinja"):
        pyproject = variant.content.decode()
        sets.setdefault(locked_content(pyproject), pyproject)
    return sets


def locked_content(pyproject: str) -> str:
    """Return what `poetry lock` reads of a pyproject.toml of this template."""
    data = tomllib.loads(pyproject)
    keys = ("requires-python", "dependencies")
    return json.dumps([*(data["project"][key] for key in keys), data["dependency-groups"]])


def poetry_lock(folder: Path, cool_off: int = 0) -> str:
    """Lock the project in a folder with the pinned Poetry.

    Args:
        folder: Has pyproject.toml, and gets poetry.lock. Versions in a poetry.lock that is there are kept.
        cool_off: Days since its upload from which on a version may be chosen.

    Returns:
        The content of poetry.lock.

    Raises:
        RuntimeError: Poetry could not lock; its own words are in the message.
    """
    environment = {**os.environ, "POETRY_SOLVER_MIN_RELEASE_AGE": str(cool_off)}
    command: list[str | Path] = [POETRY_PYTHON, Path(__file__).with_name("poetry_lock.py"), "lock", "--no-interaction"]
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"poetry lock failed in {folder}:\n{result.stdout}{result.stderr}")
    return (folder / "poetry.lock").read_text(encoding="utf-8")


def fresh_lock(pyproject: str) -> str:
    """Lock a pyproject.toml from nothing, with the newest versions that have cooled off."""
    with TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(pyproject, encoding="utf-8")
        return poetry_lock(Path(folder), COOL_OFF)


def cut(lock: str) -> tuple[list[str], str]:
    """Cut a poetry.lock into the texts of its packages and its content-hash."""
    body, metadata = lock.split("[metadata]\n")
    _, *packages = body.split("[[package]]\n")
    return [f"[[package]]\n{package.rstrip()}\n" for package in packages], tomllib.loads(metadata)["content-hash"]


def package_file(text: str) -> str:
    """Return the name, without its suffix, under which the text of a package is stored."""
    package = tomllib.loads(text)["package"][0]
    return f"{package['name']}-{package['version']}-{sha256(text.encode()).hexdigest()[:8]}"


def escape(text: str) -> str:
    """Keep Jinja from reading a text that happens to have its delimiters."""
    special = any(delimiter in text for delimiter in ("{{", "{%", "{#"))
    return f"{{% raw %}}{text}{{% endraw %}}\n" if special else text


def store(locks: Iterable[str], folder: Path) -> None:
    """Store locks in a folder, in place of those that it had."""
    index: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    for lock in locks:
        packages, content_hash = cut(lock)
        index[content_hash] = [package_file(package) for package in packages]
        texts.update(zip(index[content_hash], packages, strict=True))
    files = {f"{name}.toml": escape(text) for name, text in texts.items()}
    files["index.json"] = json.dumps(index, indent=1, sort_keys=True) + "\n"
    with TemporaryDirectory(dir=folder.parent) as temporary:
        new = Path(temporary, folder.name)
        new.mkdir()
        for name, text in files.items():
            (new / name).write_text(text, encoding="utf-8", newline="\n")
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)


def main() -> None:
    """Lock every set of dependencies, and replace the stored data once all have succeeded."""
    if not POETRY_PYTHON.exists():
        sys.exit("Poetry is not in .poetry: run `make lock`, which installs it.")
    pyprojects = dependency_sets(Template()).values()
    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            locks = list(pool.map(fresh_lock, pyprojects))
    except RuntimeError as error:
        sys.exit(f"Nothing was changed: {error}")
    store(locks, FOLDER)
    size = sum(file.stat().st_size for file in FOLDER.iterdir())
    print(f"{len(locks)} locks, {len(list(FOLDER.glob('*.toml')))} packages, {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
