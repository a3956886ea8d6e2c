"""A package with dependencies from a private index and from the public one."""

from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import write
from tests.kit.docker import context_of, docker, image_of, refused
from tests.kit.private_image import check_refused, logins
from tests.kit.private_index import Index, private, wheel, with_secret
from tests.kit.verdicts import expect, expect_equal
from tools.lock.refresh import poetry_lock
from tools.render.template import Files

PACKAGES = {"iniconfig": "2.1.0", "toolz": "1.0.0"}
"""Releases that both indexes have. On the private index, their wheels have no modules."""

REFUSALS = {
    "pip": "THESE PACKAGES DO NOT MATCH THE HASHES",
    "poetry": "Authorization error accessing",
}
"""Messages of each installer if the private index refuses the login. pip then finds the release on the public index."""

SWITCH = "poetry run poe update --data=package_index=additional --data=package_index_url=URL"
"""The command that the Dockerfile for the public index names."""

MODULES = "from importlib.util import find_spec; print([name for name in ('iniconfig', 'toolz') if find_spec(name)])"


def private_packages(folder: Path) -> Path:
    """Write the packages of the private index into a folder, and return the folder."""
    wheels = {f"{name}-{version}-py3-none-any.whl": wheel(name, version) for name, version in PACKAGES.items()}
    return write(wheels, folder)


def mixed(index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Return the files of a package that needs iniconfig from the private index and toolz from the public one."""
    for variable, value in index.login(folder).items():
        monkeypatch.setenv(variable, value)
    files = private(index.url, package_index="additional", python_version="3.13")
    needed = ", ".join(f'"{name}=={version}"' for name, version in PACKAGES.items())
    pyproject = files["pyproject.toml"].decode().replace("\ndependencies = []", f"\ndependencies = [{needed}]")
    pyproject += '\n[tool.poetry.dependencies]\niniconfig = { source = "private" }\n'
    lock = poetry_lock(write({"pyproject.toml": pyproject.encode()}, folder / "locking"))
    return {**files, "pyproject.toml": pyproject.encode(), "poetry.lock": lock.encode()}


def with_files_of(files: Files, **answers: str) -> Files:
    """Return the build context of a package with the same dependencies and other answers."""
    other = working_tree().render({"python_version": "3.13", **answers})
    return {
        **context_of(other),
        "README.md": files["README.md"],
        **{name: files[name] for name in ("pyproject.toml", "poetry.lock")},
    }


def check_origins(installer: str, index: Index, files: Files, folder: Path, **answers: str) -> None:
    """Check that each package comes from the index that Poetry has locked it from, though both have the same release."""
    answers = {"package_index": "additional", "package_index_url": index.url, **answers}
    files = with_files_of(files, installer=installer, **answers)
    options = with_secret(files, index.netrc, folder)
    with image_of(files, folder / "project", *options) as image:
        found = docker("run", "--rm", "--entrypoint=python", image, "-c", MODULES)
    expect_equal(found.strip(), "['toolz']", "packages with modules")


def check_additional_login(installer: str, index: Index, files: Files, folder: Path) -> None:
    """Check that a build without the right login stops, and installs nothing from the other index."""
    files = with_files_of(files, installer=installer, package_index="additional", package_index_url=index.url)
    for name, login in logins(index).items():
        check_refused("dependencies", login, REFUSALS[installer], files, folder / name)


def check_own_source(installer: str, files: Files, folder: Path) -> None:
    """Check that the build of a project for the public index says what to do if a source of the user requires a login."""
    files = with_files_of(files, installer=installer)
    expect(b"netrc" not in files["Dockerfile"], "The Dockerfile for the public index has a secret.")
    log = refused(write(files, folder), REFUSALS[installer], "--network=host", "--target=dependencies")
    expect(SWITCH in log, log)
    expect("Traceback" not in log, log)
