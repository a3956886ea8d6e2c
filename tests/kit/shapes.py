"""Small Poetry projects that were never generated, one for each shape that adoption has to know.

All of them count the words of the command line, in the code and in a test.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

from tests.kit.commands import POETRY, run, write
from tools.adopt.poetry import environment
from tools.render.template import Files

PROGRAM = '''"""Counts words."""

import sys
from collections import Counter


def count(words: list[str]) -> list[str]:
    """Return how often each word occurs."""
    return [f"{number} {word}" for word, number in Counter(words).items()]


def main() -> None:
    """Print how often each argument occurs."""
    print("\\n".join(count(sys.argv[1:])))


if __name__ == "__main__":
    main()
'''

TEST = """from {module} import count


def test_words_are_counted() -> None:
    assert count(["to", "be", "to"]) == ["2 to", "1 be"]
"""

WORDS = ("to", "be", "to")
OUTPUT = "2 to\n1 be\n"


@dataclass(frozen=True)
class Shape:
    """A project.

    Attributes:
        files: Its files, without pyproject.toml and poetry.lock.
        tables: The text of the tables of pyproject.toml, by their name.
        folder: Its folder in the repository.
        command: The command of a container, after the entry point.
    """

    files: Files
    tables: Mapping[str, str]
    folder: str = ""
    command: tuple[str, ...] = WORDS

    def with_files(self, files: Mapping[str, str], *removed: str) -> "Shape":
        """Return the shape with other files."""
        added = {path: text.encode() for path, text in files.items()}
        return replace(self, files={**{k: v for k, v in self.files.items() if k not in removed}, **added})

    def with_tables(self, tables: Mapping[str, str | None]) -> "Shape":
        """Return the shape with other tables. None removes one."""
        found = {**self.tables, **tables}
        return replace(self, tables={name: text for name, text in found.items() if text is not None})

    def pyproject(self) -> str:
        """Return the text of pyproject.toml."""
        return "\n".join(f"[{name}]\n{text}" for name, text in self.tables.items())


PROJECT = """name = "tally"
version = "1.2.0"
description = "Counts words."
readme = "README.md"
requires-python = ">=3.11"
license = "MIT"
authors = [{ name = "Ada Lovelace", email = "ada@example.org" }]
"""

PLAIN = Shape(
    {
        "README.md": b"# Tally\n\nOurs.\n",
        "LICENSE": b"Ours.\n",
        ".gitignore": b"*.secret\n",
        "src/tally/__init__.py": b"",
        "src/tally/cli.py": PROGRAM.encode(),
        "tests/test_tally.py": TEST.format(module="tally.cli").encode(),
    },
    {
        "project": PROJECT,
        "project.scripts": 'tally = "tally.cli:main"\n',
        "dependency-groups": 'dev = [\n    "pytest>=8",  # ours\n]\n',
        "build-system": 'requires = ["poetry-core>=2.0"]\nbuild-backend = "poetry.core.masonry.api"\n',
    },
)
"""A package in `src` with a command."""


def flat(shape: Shape) -> Shape:
    """Move the package out of src."""
    return shape.with_files(
        {"tally/__init__.py": "", "tally/cli.py": PROGRAM}, "src/tally/__init__.py", "src/tally/cli.py"
    )


def several_packages(shape: Shape) -> Shape:
    """Have a second package and a module beside."""
    packages = 'packages = [{ include = "tally" }, { include = "abacus" }, { include = "beads.py" }]\n'
    return flat(shape).with_files({"abacus/__init__.py": "", "beads.py": ""}).with_tables({"tool.poetry": packages})


def package_data(shape: Shape) -> Shape:
    """Have data inside and outside of the package."""
    include = 'include = [{ path = "data/*.txt", format = ["sdist", "wheel"] }]\n'
    files = {"src/tally/words.txt": "to be\n", "data/more.txt": "or not\n"}
    return shape.with_files(files).with_tables({"tool.poetry": shape.tables.get("tool.poetry", "") + include})


def old_tables(shape: Shape) -> Shape:
    """Use the tables of Poetry 1."""
    table = (
        'name = "tally"\nversion = "1.2.0"\ndescription = "Counts words."\nreadme = "README.md"\nlicense = "MIT"\n'
        'authors = ["Ada Lovelace <ada@example.org>"]\n'
    )
    return shape.with_tables(
        {
            "project": None,
            "project.scripts": None,
            "dependency-groups": None,
            "tool.poetry": table,
            "tool.poetry.dependencies": 'python = "^3.11"\n',
            "tool.poetry.scripts": 'tally = "tally.cli:main"\n',
            "tool.poetry.group.dev.dependencies": 'pytest = ">=8"  # ours\n',
        }
    )


def extras(shape: Shape) -> Shape:
    """Need an extra in production, as the own image has it."""
    program = PROGRAM.replace("import Counter\n", "import Counter\n\nimport iniconfig\n\nINI = iniconfig.IniConfig\n")
    dependencies = f'{shape.tables["tool.poetry.dependencies"]}iniconfig = {{ version = ">=2", optional = true }}\n'
    image = "FROM scratch\nRUN poetry install --only=main --extras=ini\n"
    return shape.with_files({"src/tally/cli.py": program, "Dockerfile": image}).with_tables(
        {"tool.poetry.dependencies": dependencies, "tool.poetry.extras": 'ini = ["iniconfig"]\n'}
    )


def build_script(shape: Shape) -> Shape:
    """Generate a module from a file beside when the wheel is built. Git tracks and ignores this file."""
    script = """import pathlib

words = pathlib.Path("words", "list.txt").read_text()
pathlib.Path("tally", "made.py").write_text(f"WORDS = {words!r}\\n")
"""
    include = 'include = [{ path = "tally/made.py", format = "wheel" }]\n'
    return (
        flat(shape)
        .with_files({"generate.py": script, "words/list.txt": "to be\n", ".gitignore": "tally/made.py\n*.txt\n"})
        .with_tables(
            {
                "tool.poetry": shape.tables.get("tool.poetry", "") + include,
                "tool.poetry.build": 'script = "generate.py"\ngenerate-setup-file = false\n',
                "build-system": shape.tables["build-system"].replace('["', '["setuptools", "'),
            }
        )
    )


def other_names(shape: Shape) -> Shape:
    """Name the README, the licence, the policies and the settings of bots in another way."""
    files = {
        "README.rst": "Tally\n",
        "COPYING": "Ours.\n",
        ".github/SECURITY.md": "Ours.\n",
        ".github/renovate.json": "{}\n",
    }
    project = shape.tables["project"].replace("README.md", "README.rst")
    return shape.with_files(files, "README.md", "LICENSE").with_tables({"project": project})


def upper_bound(shape: Shape) -> Shape:
    """Support Python up to 3.13."""
    return shape.with_tables({"project": shape.tables["project"].replace(">=3.11", ">=3.11,<3.14")})


def old_floor(shape: Shape) -> Shape:
    """Support Python from 3.9."""
    tables = {
        name: text.replace('"^3.11"', '"^3.9"').replace('">=3.11"', '">=3.9"') for name, text in shape.tables.items()
    }
    return replace(shape, tables=tables)


def own_image(shape: Shape) -> Shape:
    """Have an image and a file of Compose."""
    return shape.with_files({"Dockerfile": "# Ours.\nFROM scratch\n", "docker-compose.yml": "services: {}\n"})


def own_ci(shape: Shape) -> Shape:
    """Have a workflow and Dependabot."""
    return shape.with_files({".github/workflows/tests.yaml": "name: Ours\n", ".github/dependabot.yml": "version: 2\n"})


def member(shape: Shape) -> Shape:
    """Be a folder of a repository with others."""
    return replace(shape, folder="services/tally")


def scripts(shape: Shape) -> Shape:
    """Have loose scripts and no package."""
    project = shape.tables["project"].replace('readme = "README.md"\n', "")
    shape = shape.with_files(
        {"count.py": PROGRAM, "lib/helper.py": "", "tests/test_tally.py": TEST.format(module="count")},
        *(path for path in shape.files if path.startswith("src/")),
    ).with_tables(
        {
            "project": project,
            "project.scripts": None,
            "build-system": None,
            "tool.poetry": "package-mode = false\n",
            "tool.pytest.ini_options": 'pythonpath = ["."]\n',
        }
    )
    return replace(shape, command=("python", "count.py", *WORDS))


def own_settings(shape: Shape) -> Shape:
    """Have the settings of tools in other files."""
    return shape.with_files(
        {
            "pytest.ini": "[pytest]\ntestpaths = checks\n",
            "mypy.ini": "[mypy]\nwarn_unused_ignores = True\n",
            "setup.cfg": "[coverage:run]\nbranch = False\n",
            "ruff.toml": "line-length = 100\n",
            "checks/test_more.py": TEST.format(module="tally.cli").replace("test_words", "test_more"),
        }
    )


def inside_settings(shape: Shape) -> Shape:
    """Have settings and tasks in pyproject.toml, in less usual forms."""
    return shape.with_tables(
        {
            "tool.ruff": 'lint.select = ["E"]\n',
            "tool.poe.tasks": 'test = "pytest tests"\n',
            "tool.pytest.ini_options": 'addopts = "-q"\n',
            "tool.mypy": "warn_unused_ignores = true\n",
        }
    )


def no_licence(shape: Shape) -> Shape:
    """Have no licence."""
    project = shape.tables["project"].replace('license = "MIT"\n', "")
    return shape.with_files({}, "LICENSE").with_tables({"project": project})


SHAPES: Mapping[str, tuple[Callable[[Shape], Shape], ...]] = {
    "flat": (flat,),
    "several packages": (several_packages,),
    "package data": (package_data,),
    "old tables": (old_tables,),
    "extras": (old_tables, extras),
    "build script": (build_script,),
    "other names": (other_names,),
    "upper bound": (upper_bound,),
    "old floor": (old_tables, old_floor),
    "own image": (own_image,),
    "own CI": (own_ci,),
    "member": (member,),
    "scripts": (scripts,),
    "own settings": (own_settings,),
    "inside settings": (inside_settings,),
    "no licence": (no_licence,),
}
"""The changes that make each shape from the plain one."""

COMBINED: Mapping[str, tuple[Callable[[Shape], Shape], ...]] = {
    "rich package": (several_packages, build_script, other_names, upper_bound, inside_settings),
    "rich old tables": (old_tables, extras, old_floor, own_settings, own_ci),
    "rich scripts": (scripts, no_licence),
}
"""Shapes that have as many changes as go together."""


def shape(name: str) -> Shape:
    """Return a shape by its name."""
    changes = {**SHAPES, **COMBINED}[name]
    return reduce(lambda found, change: change(found), changes, PLAIN)


def existing(shape: Shape, folder: Path, *, lock: bool = True) -> Path:
    """Write and commit the project of a shape, and return its folder.

    Args:
        shape: The shape.
        folder: Gets the repository.
        lock: Lock the project with Poetry. Otherwise, its lock has no packages and no right hash.
    """
    top = folder / "ours"
    project = write(shape.files, top / shape.folder)
    (project / "pyproject.toml").write_text(shape.pyproject(), encoding="utf-8")
    if lock:
        run(POETRY, "lock", "--quiet", cwd=project, env=environment())
        shutil.rmtree(project / ".venv", ignore_errors=True)
    else:
        write({"poetry.lock": b'[metadata]\nlock-version = "2.1"\n'}, project)
    git = "git init --quiet && git add --all --force && git commit --quiet --message=Work && git tag start"
    run("sh", "-c", git, cwd=top)
    return project
