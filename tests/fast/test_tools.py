"""The layers of tools/: imports point downwards, and importing a module runs nothing."""

import ast
import sys
from collections.abc import Iterator

from tests.kit.commands import run
from tools.repository import ROOT

LAYERS = (
    "repository",
    "history",
    "ownership",
    "clone",
    "published",
    "render",
    "questions",
    "lock",
    "docs",
    "adopt",
    "fleet",
    "release",
)
"""The modules and packages of tools/, from bottom to top, as in docs/decisions/0024-layout.md."""

STANDARD_LIBRARY_ONLY = {"release": {"docs.markdown", "history", "repository"}, "docs.markdown": set()}
"""The modules that CI runs without installing anything, with the modules that they import."""

IMPORT_ALL = """
import importlib, os, sys
import copier  # Its dependencies run programs when they are imported.

root, *names = sys.argv[1:]

def refuse(event, arguments):
    if event == "subprocess.Popen":
        sys.exit(f"runs {arguments[1]}")
    if event == "open":
        path = os.path.abspath(str(arguments[0]))
        if path.startswith(root) and "/site-packages/" not in path and not path.endswith((".py", ".pyc")):
            sys.exit(f"opens {path}")

sys.addaudithook(refuse)
for name in names:
    importlib.import_module(name)
"""


def modules() -> Iterator[tuple[str, set[str]]]:
    """Yield each module of tools/ with its imports from tools/, without the prefix."""
    for file in sorted((ROOT / "tools").rglob("[!_]*.py")):
        imports = {
            node.module.removeprefix("tools.")
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tools.")
        }
        yield ".".join(file.relative_to(ROOT / "tools").with_suffix("").parts), imports


def layer(module: str) -> int:
    """Return the layer of a module."""
    return LAYERS.index(module.partition(".")[0])


def test_imports_point_downwards() -> None:
    found = dict(modules())
    assert {module.partition(".")[0] for module in found} == set(LAYERS)
    upwards = [
        (module, other) for module, imports in found.items() for other in imports if layer(other) > layer(module)
    ]
    assert not upwards


def test_imports_have_no_cycle() -> None:
    rest = dict(modules())
    while free := [module for module, imports in rest.items() if not imports & rest.keys()]:
        for module in free:
            del rest[module]
    assert not rest


def test_importing_a_module_runs_nothing() -> None:
    """Neither a program nor a look at a file of the repository."""
    # poetry_lock.py needs the interpreter of Poetry.
    names = [f"tools.{module}" for module, _ in modules() if module != "lock.poetry_lock"]
    run(sys.executable, "-c", IMPORT_ALL, f"{ROOT}/", *names, cwd=ROOT)


def test_the_release_needs_the_standard_library_only() -> None:
    found = dict(modules())
    assert {module: found[module] for module in STANDARD_LIBRARY_ONLY} == STANDARD_LIBRARY_ONLY
    run(sys.executable, "-S", "-c", "import tools.docs.markdown, tools.release", cwd=ROOT)
