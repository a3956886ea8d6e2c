"""Facts that the rendered files share with the answers and with each other."""

import re
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from tests.kit.answers import HOSTILE
from tests.kit.commands import write
from tests.kit.pythons import pythons
from tests.kit.rendered_files import DOCKERFILE, LICENSE, LINK, LOCK, PYPROJECT, README, check
from tools.render.template import Answers, Combination
from tools.render.variants import Variant, Variants

LICENSES = {
    "MIT": "MIT License",
    "Apache-2.0": "Apache License Version 2.0",
    "BSD-3-Clause": "BSD 3-Clause License",
    "GPL-3.0-or-later": "GNU GENERAL PUBLIC LICENSE Version 3",
    "Proprietary": "Copyright (c) ",
}
"""The first words of each licence."""

SHARED = ("project_name", "package_name", "command_name", "license", "python_version", "image_python")
"""Questions whose answers stand in several files. They vary in each of these, whether or not the file reads them."""

VERSION = "0.1.0"
"""The version of a new project."""


def check_source(every: Variants, source: str) -> int:
    """Check each variant of a source, and that it agrees with the answers in all combinations.

    Returns:
        The number of variants.
    """
    found: set[tuple[str, bytes]] = set()
    agrees = AGREEMENT.get(source)
    for combination in every.combinations(source, questions=SHARED if agrees else ()):
        path = every.place(source, combination)
        if path is None:
            continue
        content = every.content(source, combination)
        if (path, content) not in found:
            found.add((path, content))
            check(path, content, tuple(map(str, combination.asked.values())))
            check_version(source, content.decode())
        if agrees:
            agrees(combination.asked, content.decode())
        if source == README:
            check_links(every, combination)
    assert found, f"no combination renders {source}"
    return len(found)


def check_version(source: str, text: str) -> None:
    """Check that the project's version stands in pyproject.toml alone; locked packages have their own."""
    if source != LOCK and not source.startswith("template/.tools/"):
        assert text.count(VERSION) == text.count(f'\nversion = "{VERSION}"\n') == (source == PYPROJECT)


def check_pyproject(asked: Answers, text: str) -> None:
    """Check the name, packages, command, licence and Python of pyproject.toml."""
    settings = tomllib.loads(text)
    project = settings["project"]
    package, command = asked.get("package_name"), asked.get("command_name")
    assert project["name"] == distribution(asked)
    assert project["license"] == expression(asked)
    assert project["requires-python"] == requires_python(asked)
    assert project.get("scripts", {}) == ({command: f"{package}.cli:main"} if command else {})
    packages = settings["tool"]["poetry"].get("packages", [])
    assert [one["include"] for one in packages] == ([package] if package else [])
    assert settings["tool"]["mypy"]["python_version"] == asked["python_version"]


def check_lock(asked: Answers, text: str) -> None:
    """Check the Python of poetry.lock."""
    assert f'\npython-versions = "{requires_python(asked)}"\n' in text


def check_license(asked: Answers, text: str) -> None:
    """Check that LICENSE has the text of the chosen licence."""
    assert " ".join(text.split()).startswith(LICENSES[asked["license"]])


def check_dockerfile(asked: Answers, text: str) -> None:
    """Check the Python, licence and command of the Dockerfile."""
    slim = re.findall(r"[=/]python:(.*)-slim", text)
    assert slim == ([] if asked["base_image"] == "distroless" else [asked["image_python"]])
    assert set(re.findall(r"python(\d\.\d+)", text)) <= {asked["image_python"]}
    assert f'image.licenses="{expression(asked)}"' in text
    assert (f'\nENTRYPOINT ["{asked.get("command_name")}"]\n' in text) == ("command_name" in asked)


def check_readme(asked: Answers, text: str) -> None:
    """Check the title, image, command and licence of the README."""
    assert text.startswith(f"# {asked['project_name']}\n")
    images = set(re.findall(r"^docker (?:run|build) .*?([\w-]+)(?: \.)?$", text, re.MULTILINE))
    assert images == ({distribution(asked)} if asked["docker"] else set())
    assert (f"\npoetry run {asked.get('command_name')}\n" in text) == ("command_name" in asked)
    proprietary = asked["license"] == "Proprietary"
    assert ("\nAll rights reserved: see" if proprietary else f"\n{asked['license']}: see") in text


AGREEMENT: dict[str, Callable[[Answers, str], None]] = {
    PYPROJECT: check_pyproject,
    LOCK: check_lock,
    LICENSE: check_license,
    DOCKERFILE: check_dockerfile,
    README: check_readme,
}
"""The files that repeat answers, and the checks of them."""


def requires_python(asked: Answers) -> str:
    """Return the Pythons that a project supports: only a package has no upper bound."""
    if asked["project_type"] == "package":
        return f">={asked['python_version']}"
    newest = asked.get("image_python", pythons()[-1])
    return f">={asked['python_version']},<3.{int(newest.removeprefix('3.')) + 1}"


def distribution(asked: Answers) -> str:
    """Return the project's name as a package index normalizes it."""
    return canonicalize_name(asked["project_name"].replace(" ", "-"))


def expression(asked: Answers) -> str:
    """Return the licence as an SPDX expression."""
    return "LicenseRef-Proprietary" if asked["license"] == "Proprietary" else str(asked["license"])


def check_links(every: Variants, combination: Combination) -> None:
    """Check that each relative link of the README leads to a file."""
    links = LINK.findall(every.content(README, combination).decode().replace(HOSTILE, ""))
    assert "LICENSE" in links
    assert {*links} <= {*every.places(combination).values()}


def folders(every: Variants, found: Sequence[Variant], folder: Path, *beside: str) -> list[Path]:
    """Write each variant into its own folder, with the repository's files whose paths match a pattern."""
    written = []
    for number, variant in enumerate(found):
        places = every.places(variant.combination)
        files = {
            path: every.content(source, variant.combination)
            for source, path in places.items()
            if any(PurePosixPath(path).match(pattern) for pattern in beside)
        }
        written.append(write({**files, variant.path: variant.content}, folder / str(number)))
    return written
