"""`poetry check --strict` of many projects, and their metadata. Run it with Poetry's own interpreter.

Reads the path of a project from each line of the input, and prints a line of JSON. The command itself takes half a
second to start, and a check here takes a hundredth of that.
"""

import json
import sys
from pathlib import Path

from cleo.testers.command_tester import CommandTester
from poetry.console.commands.check import CheckCommand
from poetry.core.masonry.metadata import Metadata
from poetry.factory import Factory


def check(folder: Path) -> dict[str, object]:
    """Return the output of the command, and the metadata of the project's wheel."""
    try:
        poetry = Factory().create_poetry(folder)
    except Exception as error:  # noqa: BLE001 - any message of Poetry
        return {"says": f"{error}"}
    command = CheckCommand()
    command.set_poetry(poetry)
    tester = CommandTester(command)
    tester.execute("--strict")
    metadata = Metadata.from_package(poetry.package)
    return {
        "says": (tester.io.fetch_output() + tester.io.fetch_error()).strip(),
        "name": metadata.name,
        "summary": metadata.summary,
        "author": metadata.author,
        "email": metadata.author_email,
        "license": metadata.license_expression,
        "python": metadata.requires_python,
        "classifiers": metadata.classifiers,
    }


for line in sys.stdin:
    print(json.dumps(check(Path(line.rstrip("\n")))), flush=True)
