"""Lines without the versions that bots bump, as `poe drift` in a repository compares them."""

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any

from tools.render.template import Template

SCRIPT = ".tools/template.py"


@cache
def script() -> ModuleType:
    """Return the script of a generated repository that updates it, as a module."""
    module = ModuleType("generated_script")
    source = Template().render({}, SCRIPT.__eq__)[SCRIPT]
    exec(compile(source, SCRIPT, "exec"), vars(module))  # noqa: S102
    return module


def without_versions(line: str) -> str:
    """Return a line of a file without its versions and digests."""
    split: Callable[[str], tuple[str, Any]] = script().split_versions
    return split(line)[0]
