"""Adopt an existing Poetry project: `make adopt REPO=../project`.

docs/adopting.md explains the result.
"""

import argparse
import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.adopt.adoption import BRANCH, Adoption, adopt
from tools.adopt.project import RefusalError
from tools.clone import ANSWERS
from tools.repository import ROOT


def report(adoption: Adoption) -> Iterator[str]:
    """Yield the lines of the report."""
    yield from _table(
        ["answer", "value", "source"], [[k, _shown(a.value), a.source] for k, a in adoption.answers.items()]
    )
    found, merged = adoption.plan, adoption.merge
    yield from _section("Added", [*found.added, *merged.added])
    yield from _section("Replaced", list(found.replaced))
    kept = [f"{name}: {reason}" for name, reason in {**found.kept, **merged.kept, **adoption.skipped}.items()]
    yield from _section("Not added", kept)
    yield from _section("Note", found.notes)
    yield ""
    yield from _table(["compared", "result"], [list(row) for row in adoption.compared])


def _shown(value: object) -> str:
    """Return the text of an answer."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    """Yield a list below a title, if it has lines."""
    if lines:
        yield f"\n{title}:"
        yield from (f"  {line}" for line in lines)


def _table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    """Yield the lines of an aligned table."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head) - 1)] + [0]
    for row in [head, *rows]:
        yield "  ".join(map(str.ljust, row, widths)).rstrip()


def main() -> None:
    """Adopt the project of the command line."""
    parser = argparse.ArgumentParser(prog="tools.adopt.command", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("repository", type=Path, metavar="PATH", help="the folder of the project")
    parser.add_argument("--data", action="append", default=[], metavar="KEY=VALUE", help="an answer of yours")
    parser.add_argument("--dry-run", action="store_true", help="report, and add no branch")
    parser.add_argument("--branch", default=BRANCH, help="the new branch (default: %(default)s)")
    parser.add_argument("--template", default=str(ROOT), metavar="ADDRESS", help="recorded (default: this clone)")
    parser.add_argument("--answers-file", default=ANSWERS, metavar="NAME", help="recorded there (default: %(default)s)")
    parser.add_argument("--no-tests", action="store_true", help="do not install the project to compare its tests")
    options = parser.parse_args()
    # Poetry tells its user of deprecated tables, and the command accepts them.
    logging.getLogger("poetry.core").setLevel(logging.ERROR)
    if wrong := [one for one in options.data if "=" not in one]:
        parser.error(f"write --data KEY=VALUE, not {wrong[0]}")
    try:
        adoption = adopt(
            options.repository,
            dict(one.split("=", 1) for one in options.data),
            template=options.template,
            branch=options.branch,
            answers_file=options.answers_file,
            dry_run=options.dry_run,
            tests=not options.no_tests,
        )
    except RefusalError as error:
        sys.exit(f"{error}\nNothing was changed.")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.stderr or error}\nNothing was changed.")
    except KeyboardInterrupt:
        sys.exit("Interrupted. Nothing was changed.")
    print("\n".join(report(adoption)))
    if options.dry_run:
        print(f"\n{adoption.diff}\nNothing was changed.")
    else:
        print(f"\nThe branch {options.branch} has two commits. Look at it, and merge it as any other:")
        print(f"  git -C {options.repository} log --patch HEAD..{options.branch}")
    if adoption.differences:
        sys.exit("\nDo not merge the branch before you know why:\n  " + "\n  ".join(adoption.differences))


if __name__ == "__main__":
    main()
