"""The names of packages that a project cannot have: extensions/locked_names.json, written by `make lock`.

The lock files list the packages, and their extras the packages that these import if they are installed. A project with
such a name would be imported instead: uvicorn would take a service called uvloop for its event loop. An environment is
not imported, so only the names of its packages count, which Poetry refuses to add to a project of the same name.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.render.template import Template
from tools.repository import ROOT

FILE = ROOT / "extensions/locked_names.json"

FOR_DEVELOPERS = re.compile("all|bench|code|compar|cov|dev|doc|lint|profil|rtd|test|typ")
"""Parts of the names of extras with which a package is developed, tested or documented."""

LOCK = "template/poetry.lock.jinja"


def locked_names(template: Template) -> dict[str, list[str]]:
    """Return the import names of the packages of all lock files.

    Returns:
        The names by the type of the project. `all` has those of every type, and `docs` those of the documentation.
    """
    packages: dict[str, list[Mapping[str, Any]]] = {}
    for combination in template.product(vary=["project_type", "python_version", "docs"]):
        content = template.rendering(combination).content(LOCK).decode()
        packages.setdefault(combination.known["project_type"], []).extend(tomllib.loads(content)["package"])
    names = {
        kind: {
            name
            for package in found
            if package["groups"] != ["docs"]
            for name in [package["name"], *(optional_packages(package) if kind != "environment" else [])]
        }
        for kind, found in packages.items()
    }
    everywhere = set.intersection(*names.values())
    every = chain.from_iterable(packages.values())
    documentation = {package["name"] for package in every if package["groups"] == ["docs"]}
    sets = {"all": everywhere, **{kind: found - everywhere for kind, found in names.items()}, "docs": documentation}
    return {key: sorted(map(import_name, found)) for key, found in sets.items()}


def optional_packages(package: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the packages that a locked package imports if they are installed."""
    for extra, requirements in package.get("extras", {}).items():
        if not FOR_DEVELOPERS.search(extra):
            yield from (canonicalize_name(Requirement(one).name) for one in requirements)


def import_name(name: str) -> str:
    """Return the usual import name of a distribution."""
    return name.replace("-", "_")


def write(template: Template) -> None:
    """Write the file."""
    FILE.write_text(text(template), encoding="utf-8", newline="\n")


def text(template: Template) -> str:
    """Return the text of the file."""
    return json.dumps(locked_names(template), indent=1) + "\n"


if __name__ == "__main__":
    write(Template())
