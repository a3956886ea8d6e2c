"""The command."""


def main() -> None:
    """Print a greeting."""
    print("Hello, World!")
