"""The command."""

from argparse import ArgumentParser
from collections.abc import Sequence
from importlib.metadata import version

DISTRIBUTION = "myproject"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a greeting.

    Args:
        arguments: What the command is given, if not what was typed.
    """
    parser = ArgumentParser(
        prog="hello",
        description="Print a greeting.",
    )
    parser.add_argument("--version", action="version", version=version(DISTRIBUTION))
    parser.parse_args(arguments)
    print("Hello, World!")
