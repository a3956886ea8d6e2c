"""What long benchmarks share on the command line: progress, interruption and the checks of options."""

import argparse
import datetime
import signal
import sys


def log(text: str) -> None:
    """Print a line of progress, with the time, on stderr."""
    print(f"{datetime.datetime.now():%H:%M:%S} {text}", file=sys.stderr, flush=True)


def exit_on_sigterm() -> None:
    """Turn SIGTERM into SystemExit, so that a stopped benchmark removes its images and containers."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def positive(text: str) -> int:
    """Parse an option that is a positive number.

    Raises:
        argparse.ArgumentTypeError: It is another number.
    """
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"use a number from 1, not {number}")
    return number
