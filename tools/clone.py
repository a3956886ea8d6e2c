"""Files of clones whose authors are unknown: regular files alone, of limited size. Nothing here runs Git."""

import os
import stat
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

ANSWERS = ".copier-answers.yml"
"""Copier's default name of the answers file."""

PATTERN = ".copier-answers*.y*ml"
"""The default name, and the names that Copier's documentation recommends for several templates."""

LIMIT = 256 * 1024
"""The size of the largest file that is read, in bytes."""

DEPTH = 20
"""The deepest nesting of YAML that is read."""


class CloneError(Exception):
    """A file of a clone cannot be read. The message is one sentence."""


def answers_files(clone: Path) -> list[str]:
    """List the names of the answers files at the top of a clone, the default one first.

    Raises:
        OSError: The folder is missing or unreadable.
    """
    names = (place.name for place in clone.iterdir() if fnmatchcase(place.name, PATTERN))
    return sorted(names, key=lambda name: (name != ANSWERS, name))


def read_file(clone: Path, path: str) -> bytes:
    """Read a regular file of a clone through no link.

    Args:
        clone: The folder of the clone, which can be a link.
        path: The path of the file below it.

    Raises:
        OSError: The file is missing or unreadable.
        CloneError: It is a link, is behind one, is outside, is no regular file or is too large.
    """
    parts = PurePosixPath(path).parts
    if ".." in parts or "/" in parts:
        raise CloneError(f"{path} is outside of the clone.")
    place, mode = clone, 0
    for part in parts:
        place = place / part
        mode = place.lstat().st_mode
        if stat.S_ISLNK(mode):
            raise CloneError(f"{place.relative_to(clone)} is a link.")
    if not stat.S_ISREG(mode):
        raise CloneError(f"{path} is no regular file.")
    with os.fdopen(os.open(place, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
        content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise CloneError(f"{path} is larger than {LIMIT // 1024} KiB.")
    return content


class AnswersLoader(yaml.SafeLoader):
    """YAML without aliases and deep nesting, which could exhaust memory and the stack."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node, or refuse it."""
        if self.depth == DEPTH or self.check_event(yaml.AliasEvent):
            raise CloneError("It has YAML aliases or deep nesting.")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def load_answers(content: bytes, name: str = ANSWERS) -> dict[str, Any]:
    """Return the content of an answers file, which is empty unless it is a mapping.

    Raises:
        CloneError: It is not YAML, or has aliases or deep nesting.
    """
    try:
        answers = yaml.load(content, AnswersLoader)
        return {str(key): value for key, value in answers.items()} if isinstance(answers, dict) else {}
    except CloneError:
        raise
    # An unfit tag can raise any error: `!!bool x` is a KeyError.
    except Exception:  # noqa: BLE001
        raise CloneError(f"{name} is not YAML.") from None
