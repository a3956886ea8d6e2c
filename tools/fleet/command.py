"""Report how far repositories are behind the template, and how they differ from it: `make fleet REPOS=...`.

docs/fleet.md explains the report.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.clone import ANSWERS, answers_files
from tools.fleet.standing import Releases, Standing, is_bare, judge, read
from tools.history import tags
from tools.repository import ROOT


def standings(paths: Sequence[Path], repository: Path = ROOT, processes: int | None = None) -> Iterator[Standing]:
    """Yield the standings of each repository, in their order: one for each answers file.

    Args:
        paths: The repositories.
        repository: A clone of the template.
        processes: The number of processes; all cores by default.
    """
    number = processes or os.cpu_count() or 1
    with TemporaryDirectory() as folder:
        releases = Releases(repository, Path(folder))
        found = (one for path in paths for one in read(path, releases))
        if number == 1:
            yield from map(judge, found)
            return
        with ProcessPoolExecutor(number) as pool:
            yield from pool.map(judge, found, chunksize=max(1, min(10, len(paths) // number)))


def repositories(places: Sequence[Path]) -> list[Path]:
    """List the repositories in places: a place is a repository, a folder of repositories, or a file with a path a line.

    Raises:
        OSError: A place is missing.
    """
    found = []
    for place in places:
        if place.is_file():
            lines = map(str.strip, os.fsdecode(place.read_bytes()).splitlines())
            found += [Path(line) for line in lines if line and not line.startswith("#")]
        elif is_repository(place):
            found.append(place)
        else:
            found += sorted(path for path in place.iterdir() if path.is_dir())
    return found


def is_repository(place: Path) -> bool:
    """Return whether a folder is a repository and no folder of repositories, or is unreadable."""
    try:
        return bool(answers_files(place)) or (place / ".git").exists() or is_bare(place)
    except PermissionError:
        return True


def shown(text: str) -> str:
    """Return a text without characters that control a terminal or change the order of others."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def row(standing: Standing) -> list[str]:
    """Write the standing of a repository as a row of the table."""
    drifted = [path if how == "changed" else f"{path} ({how})" for path, how in (standing.drift or {}).items()]
    notes = [
        *([f"drifted: {', '.join(drifted)}"] if drifted else []),
        *([f"refused: {', '.join(standing.refused)}"] if standing.refused else []),
        *([standing.problem] if standing.problem else []),
    ]
    behind = "-" if standing.behind is None else str(standing.behind)
    name = standing.answers_file
    path = standing.path if name in (None, ANSWERS) else f"{standing.path} ({name})"
    return [shown(cell) for cell in (path, standing.release or "-", behind, "; ".join(notes))]


def table(found: Sequence[Standing], newest: str | None) -> str:
    """Write the standings as a table for terminals."""
    rows = [["repository", "release", "behind", ""], *map(row, found)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(3)] + [0]
    lines = ["  ".join(map(str.ljust, cells, widths)).rstrip() for cells in rows]
    counts = {
        f"behind {newest or '(no release yet)'}": sum(bool(one.behind) for one in found),
        "drifted": sum(bool(one.drift) for one in found),
        "with refused answers": sum(bool(one.refused) for one in found),
        "with a problem": sum(one.problem is not None for one in found),
    }
    summary = ", ".join(f"{count} {name}" for name, count in counts.items())
    return "\n".join([*lines, "", f"{len({one.path for one in found})} repositories: {summary}."])


def main() -> None:
    """Report on the repositories of the command line."""
    parser = argparse.ArgumentParser(prog="tools.fleet.command", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("places", nargs="+", type=Path, metavar="PATH", help="repositories, folders or lists of them")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    # Paths can have bytes and characters that the terminal's encoding lacks.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        paths = repositories(options.places)
    except OSError as error:
        parser.error(shown(f"{error.filename}: {error.strerror}"))
    found, newest = list(standings(paths)), next(reversed(tags()), None)
    if options.json:
        text = json.dumps({"newest": newest, "repositories": [asdict(one) for one in found]}, indent=2)
        print(text.replace("\x7f", "\\u007f"))
    else:
        print(table(found, newest))


if __name__ == "__main__":
    main()
