"""The tables of the image benchmark, in Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.contestants import LABELS, OURS
from benchmarks.figures import (
    BUILDS,
    NET_START,
    SHIPPED,
    SIZE,
    START,
    Figure,
    Results,
    build,
    cell,
    megabytes,
    shipped,
    transfer,
)
from benchmarks.projects import EDITS
from tools.docs.markdown import table

SHIPPED_ROWS = {
    (OURS, "source"): 71,
    (OURS, "tool"): 117,
    (OURS, "development"): 163,
    (OURS, "bump"): 209,
    ("naive", "source"): 277,
}
"""The y coordinates in ships.svg, keyed by contestant and edit."""


def compared(contestants: Mapping[str, Results], figures: Sequence[Figure]) -> str:
    """Write a row for each contestant, and a last one with the ratio of ours to the best of the others."""
    rows = []
    for name, results in contestants.items():
        row = [LABELS[name]]
        for figure in figures:
            best = min(figure.of(other) for other in contestants.values())
            row.append(cell(figure.of(results), figure.of(contestants[OURS]), best, figure.write))
        rows.append(row)
    last = ["*this template, to the best other*"]
    for figure in figures:
        best = min(figure.of(results) for name, results in contestants.items() if name != OURS)
        last.append(f"*{figure.of(contestants[OURS]) / best:.2g}x*" if best else "")
    return table(["", *(figure.label for figure in figures)], [*rows, last])


def facts(contestants: Mapping[str, Results]) -> str:
    """Write the properties of each image."""
    rows = []
    for name, results in contestants.items():
        kept = [EDITS[edit] for edit, same in results["keeps_third_party"].items() if same]
        rows.append(
            [
                LABELS[name],
                "yes" if results["verifies_hashes"] else "**no**",
                f"{results['bytecode'] / results['modules']:.0%}",
                "yes" if results["stdlib_bytecode"] else "no",
                "yes" if results["separate"] else "no",
                ", ".join(kept) or "none",
                "root" if results["user"] == 0 else "unprivileged",
                "yes" if results["ships_pip"] else "no",
            ]
        )
    heads = [
        "",
        "a wrong hash stops it",
        "modules with bytecode",
        "bytecode of the standard library",
        "third-party packages in a layer of their own",
        "that layer is kept after",
        "user",
        "has pip",
    ]
    return table(heads, rows, texts=len(heads))


def overhead(results: Results) -> str:
    """Write the size of our image as a ratio to the installed files."""
    environment, stdlib = results["environment"], results["stdlib_bytecode"]
    text = f"This template's image is {results['size'] / environment:.3f} times the files in its environment"
    if stdlib:
        text += f", {results['size'] / (environment + stdlib):.3f} times those and the standard library's bytecode"
    return f"{text} ({megabytes(environment)} MB{f' and {megabytes(stdlib)} MB' if stdlib else ''})."


def set_block(results: Results) -> str:
    """Write all tables of a dependency set."""
    contestants, packages = results["contestants"], results["distributions"]
    listed = ", ".join(f"{name} {version}" for name, version in sorted(packages.items()))
    parts = [
        f"{len(packages)} distributions: {listed}.",
        "Seconds that a build takes:\n\n" + compared(contestants, BUILDS),
        "New layers after the edit, gzipped:\n\n" + compared(contestants, SHIPPED),
        "The image, and how long its command takes to start:\n\n" + compared(contestants, [SIZE, START, NET_START]),
        facts(contestants),
        overhead(contestants[OURS]),
    ]
    return "\n\n".join(parts)


def run_block(results: Results) -> str:
    """Write the date, the machine and the versions of the tools."""
    machine = results["machine"]
    return (
        f"Measured on {machine['date']}, in {results['rounds']} round(s) on {machine['cores']} cores, with "
        f"Docker {machine['engine']} with buildx {machine['buildx']}, `{machine['base']}` ({machine['base_kind']}), "
        f"pip {machine['pip']}, Poetry {machine['poetry']} with poetry-plugin-export {machine['export_plugin']} or "
        f"poetry-plugin-bundle {machine['bundle_plugin']}, uv {machine['uv']}."
    )


def readme_block(results: Results) -> str:
    """Write the short table of the README."""
    figures = [
        replace(build("cold"), label="cold build, s"),
        replace(build("source"), label="source edited, s"),
        replace(shipped("source"), label="ships"),
        replace(build("development"), label="development dependency added, s"),
        replace(shipped("development"), label="ships"),
        SIZE,
        replace(NET_START, label="start, s"),
    ]
    return compared(results["sets"]["large"]["contestants"], figures)


def ships_block(results: Results) -> str:
    """Write the shipped bytes as texts of ships.svg."""
    large = results["sets"]["large"]["contestants"]
    return "\n".join(
        f'  <text class="figure" x="460" y="{height}">{transfer(shipped(edit).of(large[name]))}</text>'
        for (name, edit), height in SHIPPED_ROWS.items()
    )
