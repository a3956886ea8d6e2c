"""Prints the content of an environment and the start times of its command, as JSON.

The image's own Python runs this in a container, so it uses the standard library only.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable
from pathlib import Path


def files(folder: str, suffix: str = "") -> list[Path]:
    """List the regular files below a folder."""
    return [path for path in Path(folder).rglob(f"*{suffix}") if path.is_file() and not path.is_symlink()]


def size(paths: Iterable[Path]) -> int:
    """Return the bytes of files."""
    return sum(path.stat().st_size for path in paths)


def seconds(*command: str) -> float:
    """Return the seconds that a command takes."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def starts(runs: int) -> list[tuple[float, float]]:
    """Time the command and the bare interpreter in turns, after one turn that fills the page cache."""
    return [(seconds("hello"), seconds("python", "-IBS", "-c", "pass")) for _ in range(runs + 1)][1:]


def measure(runs: int) -> dict[str, object]:
    """Measure the environment of the package `hello`, and start its command so many times."""
    site = str(importlib.metadata.distribution("hello").locate_file(""))
    pairs = starts(runs)
    return {
        "site": os.path.realpath(site),
        "distributions": {
            distribution.name.lower().replace("_", "-").replace(".", "-"): distribution.version
            for distribution in importlib.metadata.distributions(path=[site])
        },
        "environment": size(files(sys.prefix)),
        "modules": len(files(site, ".py")),
        "bytecode": len(files(site, ".pyc")),
        "stdlib_bytecode": size(
            path for path in files(sysconfig.get_path("stdlib"), ".pyc") if "-packages" not in str(path)
        ),
        "python": sys.version.split()[0],
        "user": os.getuid(),
        "hello": [hello for hello, _ in pairs],
        "bare": [bare for _, bare in pairs],
    }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
