"""The files of the template that a project gets, and those that it does not get, with the reasons."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from tools.adopt.answers import DEPENDABOT, NO_SCRIPTS, Answer, code, license_text
from tools.adopt.project import Project, like
from tools.render.template import Files

CI, RELEASE = ".github/workflows/ci.yml", ".github/workflows/release.yml"
"""The second runs the first."""

EQUIVALENTS: Mapping[str, tuple[str, ...]] = {
    ".devcontainer/*": (".devcontainer.json", ".devcontainer/*"),
    ".github/dependabot.yml": DEPENDABOT,
    CI: (
        ".github/workflows/ci.y*ml",
        ".github/workflows/test*.y*ml",
        ".github/workflows/main.y*ml",
        ".github/workflows/build.y*ml",
        ".github/workflows/check*.y*ml",
    ),
    ".github/workflows/docs.yml": (
        ".github/workflows/*docs*.y*ml",
        ".github/workflows/*pages*.y*ml",
    ),
    RELEASE: (
        ".github/workflows/*release*.y*ml",
        ".github/workflows/*publish*.y*ml",
        ".github/workflows/deploy*.y*ml",
    ),
    ".gitlab-ci.yml": (".gitlab-ci.yaml",),
    ".pre-commit-config.yaml": (".pre-commit-config.yml", "prek.toml", "lefthook.y*ml", ".lefthook.y*ml"),
    "CODEOWNERS": (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "docs/CODEOWNERS"),
    "LICENSE": ("LICENSE*", "LICENCE*", "COPYING*", "UNLICENSE*", "LICENSES/*"),
    "README.md": ("README", "README.*", "docs/README*", ".github/README*"),
    "SECURITY.md": ("SECURITY", "SECURITY.*", ".github/SECURITY*", "docs/SECURITY*"),
    "compose.yaml": ("compose.y*ml", "docker-compose*.y*ml"),
    "docs/*": ("docs/*", "mkdocs.y*ml"),
    "renovate.json": (
        "renovate.json5",
        ".renovaterc*",
        ".github/renovate.json*",
        ".gitlab/renovate.json*",
        *DEPENDABOT,
    ),
}
"""Other names of the same file, by the name in the template. In patterns, * matches slashes too."""

EXAMPLES = ("src/*", "scripts/*", "tests/*")
"""The example code of the template."""

LABEL = "LABEL org.opencontainers.image.licenses="

MERGED = ("pyproject.toml", "poetry.lock", ".gitignore")
"""Files that are merged with those of the project."""

IMAGE = ("Dockerfile", ".dockerignore")
"""Files that only work together."""


@dataclass
class Plan:
    """The files that a project gets.

    Attributes:
        added: New files.
        replaced: Files in place of the project's.
        kept: The reasons why other files of the template are not added, by their path.
        notes: Sentences for the user.
    """

    added: Files = field(default_factory=dict)
    replaced: Files = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def plan(project: Project, rendered: Files, answers: Mapping[str, Answer]) -> Plan:
    """Decide which files of the rendered template a project gets."""
    found = Plan()
    for path, content in rendered.items():
        if path in MERGED or any(fnmatchcase(path, pattern) for pattern in EXAMPLES):
            continue
        if path in IMAGE and path in project.files:
            found.replaced[path] = content
        elif reason := _reason(project, path, answers):
            found.kept[path] = reason
        else:
            found.added[path] = content
    _adapt(project, found, answers)
    return found


def _reason(project: Project, path: str, answers: Mapping[str, Answer]) -> str:
    """Return why a file is not added, or nothing."""
    if path in project.files:
        return "the project has it"
    if project.exists(path):
        return "an untracked file is in its place"
    patterns = [one for pattern, names in EQUIVALENTS.items() if fnmatchcase(path, pattern) for one in names]
    if own := project.matching(*patterns):
        return f"the project has {own[0]}"
    if path == RELEASE and (reason := _reason(project, CI, answers)):
        return f"it runs {CI} of the template, but {reason}"
    if path == ".pre-commit-config.yaml" and project.is_member:
        return "pre-commit reads it at the top of the repository alone"
    if path == "LICENSE" and answers["license"].source != "--data":
        return f"choose a licence, and pass --data license=NAME: {answers['license'].source}"
    if path == "README.md" and _is_environment(answers) and not start(project, code(project)):
        return "it names the script to start, and the project has no single one"
    if (
        path == "compose.yaml"
        and "scripts" not in str(answers["build_files"].value).split()
        and _is_environment(answers)
    ):
        return "it mounts the folder scripts, which the project does not have"
    return ""


def _is_environment(answers: Mapping[str, Answer]) -> bool:
    """Return whether the project is an environment."""
    return bool(answers["project_type"].value == "environment")


def _adapt(project: Project, found: Plan, answers: Mapping[str, Answer]) -> None:
    """Fit new files to facts of the project without a question."""
    if "README.md" in found.added and _is_environment(answers):
        found.added["README.md"] = _readme(project, found.added["README.md"].decode()).encode()
    if answers["docker"].value and "poetry-dynamic-versioning" in project.data.get("tool", {}):
        found.notes.append("Pass the version to each build: docker build --build-arg=VERSION=1.2.3 .")
    for files in (found.added, found.replaced):
        if "Dockerfile" in files:
            files["Dockerfile"] = "\n".join(_dockerfile(project, files["Dockerfile"].decode(), found, answers)).encode()


def _readme(project: Project, text: str) -> str:
    """Return the README of an environment with its own script."""
    return text.replace("scripts/summary.py", start(project, code(project)))


def _dockerfile(project: Project, text: str, found: Plan, answers: Mapping[str, Answer]) -> Iterator[str]:
    """Yield the lines of a Dockerfile with the licence and the program of the project."""
    for line in text.split("\n"):
        if (
            line.startswith(LABEL)
            and answers["license"].source != "--data"
            and answers["license"].value == "Proprietary"
        ):
            yield from _label(license_text(project)[0], line)
            continue
        if line.startswith("CMD ") and _is_environment(answers) and "scripts/summary.py" in line:
            script = start(project, str(answers["build_files"].value).split())
            if script:
                found.notes.append(f"The container starts {script}. Change CMD in the Dockerfile for another program.")
                yield f"CMD {json.dumps(['python', script])}"
            else:
                found.notes.append("Name the program in CMD of the Dockerfile: the project has no single main script.")
                yield 'CMD ["python"]'
            continue
        yield line


def _label(licence: str, line: str) -> Iterator[str]:
    """Yield the label of a licence that the template does not know, or nothing if it has no standard name."""
    if "proprietary" in licence.lower():
        yield line
    elif re.fullmatch(r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*", licence):
        yield f'{LABEL}"{licence}"'


def start(project: Project, copied: list[str]) -> str:
    """Return the script that the image of an environment starts, or nothing if there are several or none."""
    scripts = [path for path in project.files if path.endswith(".py") and PurePosixPath(path).parts[0] in copied]
    guarded = [path for path in scripts if path not in NO_SCRIPTS and "__main__" in project.read(path)]
    main = [path for path in guarded if PurePosixPath(path).name in ("main.py", "__main__.py", "app.py", "run.py")]
    return next((some[0] for some in (main, guarded) if len(some) == 1), "")


def merge_gitignore(
    project: Project, rendered: str, is_tracked: Mapping[str, bool], forced: list[str]
) -> tuple[str, list[str]]:
    """Add the template's lines to .gitignore.

    Args:
        project: The project.
        rendered: The template's .gitignore.
        is_tracked: Whether a line ignores a file that Git tracks.
        forced: Tracked files that the project ignores.

    Returns:
        The text, and notes for the user.
    """
    original = (project.folder / ".gitignore").read_bytes().decode() if ".gitignore" in project.files else ""
    text = like("", original)
    own = {line.strip().strip("/") for line in text.splitlines()}
    missing, notes = [], []
    for line in rendered.splitlines():
        if line.strip("/") in own:
            continue
        if is_tracked[line]:
            notes.append(f"Not added to .gitignore: {line}, as Git tracks such a file.")
        else:
            missing.append(line)
    missing += [f"!/{path}" for path in forced]
    if not missing:
        return original, notes
    if text and not text.endswith("\n"):
        text += "\n"
    return like(original, text + ("\n" if text else "") + "\n".join(missing) + "\n"), notes
