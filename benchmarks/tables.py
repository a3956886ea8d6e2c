"""Writes the figures of results.json and updates.json into the documents that quote them, and draws some of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.pictures import Bar, Panel, picture
from benchmarks.projects import CASES
from tools.docs.markdown import filled
from tools.repository import ROOT

RESULTS = ROOT / "benchmarks/results.json"
UPDATES = ROOT / "benchmarks/updates.json"
README = ROOT / "README.md"
DOCS = ROOT / "docs/benchmarks.md"
PICTURE = ROOT / "docs/pictures/ships.svg"
FLEET = ROOT / "docs/fleet.md"
SIZE = ROOT / "docs/pictures/size.svg"
REBUILD = ROOT / "docs/pictures/rebuild.svg"

CONTESTANTS = {
    "ours": "this template",
    "uv": "uv's example",
    "bundle": "poetry bundle",
    "bundle-compiled": "poetry bundle, compiled",
    "article-wheel": "article, wheel",
    "article-export": "article, export",
    "faq": "Poetry's FAQ",
    "naive": "one naive stage",
}
"""What each contestant is called, in the order of the tables."""

PICTURED = {
    ("ours", "source"): 71,
    ("ours", "tool"): 117,
    ("ours", "development"): 163,
    ("ours", "bump"): 209,
    ("naive", "source"): 277,
}
"""How low in the picture each figure stands: after which edit of whose project."""

Results = dict[str, Any]
Column = tuple[str, Callable[[Results], float], Callable[[float], str]]


def plain_seconds(value: float) -> str:
    """Write seconds."""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}"


def megabytes(value: float) -> str:
    """Write bytes as MB."""
    return f"{value / 1e6:.1f}"


def transfer(value: float) -> str:
    """Write bytes in a unit that fits."""
    if value < 1e6:
        return f"{value / 1e3:.1f} kB" if value else "0"
    return f"{value / 1e6:.1f} MB"


def seconds_of(case: str) -> Callable[[Results], float]:
    """Return what reads the median time of a build."""
    return lambda results: float(median(results["seconds"][case]))


def shipped_in(case: str, key: str = "gzip") -> Callable[[Results], float]:
    """Return what reads the bytes that are new after an edit."""
    return lambda results: float(results["ships"][case][key])


def start(results: Results) -> float:
    """Return how long the command takes."""
    return float(median(results["start"]["hello"]))


def net_start(results: Results) -> float:
    """Return how much longer than the bare interpreter the command takes."""
    return start(results) - float(median(results["start"]["bare"]))


def size(results: Results) -> float:
    """Return the bytes above the base."""
    return float(results["size"])


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], align: str = "--:") -> str:
    """Write a Markdown table."""
    lines = [list(heads), ["---"] + [align] * (len(heads) - 1), *map(list, rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: float, ours: float, best: float, write: Callable[[float], str]) -> str:
    """Write a figure: the best is bold, and what differs from ours has its ratio to that."""
    text = f"**{write(value)}**" if value == best else write(value)
    return f"{text} ({value / ours:.2g}x)" if ours and 0 < value / ours < 1000 and value != ours else text


def compared(contestants: Mapping[str, Results], columns: Sequence[Column]) -> str:
    """Write a table of columns in which less is better; its last row compares ours with the best of the others."""
    rows = []
    for name, results in contestants.items():
        row = [CONTESTANTS[name]]
        for _, read, write in columns:
            values = [read(other) for other in contestants.values()]
            row.append(cell(read(results), read(contestants["ours"]), min(values), write))
        rows.append(row)
    last = ["*this template, to the best other*"]
    for _, read, _ in columns:
        best = min(read(results) for name, results in contestants.items() if name != "ours")
        last.append(f"*{read(contestants['ours']) / best:.2g}x*" if best else "")
    return table(["", *(head for head, _, _ in columns)], [*rows, last])


def facts(contestants: Mapping[str, Results]) -> str:
    """Write what each image is like."""
    rows = []
    for name, results in contestants.items():
        kept = [CASES[case] for case, same in results["keeps_third_party"].items() if same]
        rows.append(
            [
                CONTESTANTS[name],
                "yes" if results["verifies_hashes"] else "**no**",
                f"{results['bytecode'] / results['modules']:.0%}",
                "yes" if results["stdlib_bytecode"] else "no",
                "yes" if results["separate"] else "no",
                ", ".join(kept) or "none",
                "root" if results["user"] == 0 else "another",
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
    return table(heads, rows, align="---")


def overhead(results: Results) -> str:
    """Say how near the image of ours is to what is installed in it."""
    environment, stdlib = results["environment"], results["stdlib_bytecode"]
    text = f"This template's image is {results['size'] / environment:.3f} times the files in its environment"
    if stdlib:
        text += f", {results['size'] / (environment + stdlib):.3f} times those and the standard library's bytecode"
    return f"{text} ({megabytes(environment)} MB{f' and {megabytes(stdlib)} MB' if stdlib else ''})."


def set_block(results: Results) -> str:
    """Write all tables of a set."""
    contestants = results["contestants"]
    builds: list[Column] = [("cold", seconds_of("cold"), plain_seconds)]
    builds += [(head, seconds_of(case), plain_seconds) for case, head in CASES.items()]
    ships: list[Column] = [(head, shipped_in(case), transfer) for case, head in CASES.items()]
    images: list[Column] = [
        ("MB above the base", size, megabytes),
        ("start, s", start, plain_seconds),
        ("start less the bare interpreter, s", net_start, plain_seconds),
    ]
    listed = ", ".join(f"{name} {version}" for name, version in sorted(results["distributions"].items()))
    parts = [
        f"{len(results['distributions'])} distributions: {listed}.",
        "Seconds that a build takes:\n\n" + compared(contestants, builds),
        "New layers after the edit, gzipped:\n\n" + compared(contestants, ships),
        "The image, and how long its command takes to start:\n\n" + compared(contestants, images),
        facts(contestants),
        overhead(contestants["ours"]),
    ]
    return "\n\n".join(parts)


def run_block(results: Results) -> str:
    """Write on what and with what the figures were measured."""
    machine = results["machine"]
    return (
        f"Measured on {machine['date']}, in {results['rounds']} round(s) on {machine['cores']} cores, with "
        f"Docker {machine['engine']} with buildx {machine['buildx']}, `{machine['base']}` ({machine['base_kind']}), "
        f"pip {machine['pip']}, Poetry {machine['poetry']} with poetry-plugin-export {machine['export_plugin']} or "
        f"poetry-plugin-bundle {machine['bundle_plugin']}, uv {machine['uv']}."
    )


def readme_block(results: Results) -> str:
    """Write the short table."""
    large = results["sets"]["large"]["contestants"]
    columns: list[Column] = [
        ("cold build, s", seconds_of("cold"), plain_seconds),
        ("source edited, s", seconds_of("source"), plain_seconds),
        ("ships", shipped_in("source"), transfer),
        ("development dependency added, s", seconds_of("development"), plain_seconds),
        ("ships", shipped_in("development"), transfer),
        ("MB above the base", size, megabytes),
        ("start, s", net_start, plain_seconds),
    ]
    return compared(large, columns)


def picture_block(results: Results) -> str:
    """Write what is shipped into the picture of it, beside the row of each edit."""
    large = results["sets"]["large"]["contestants"]
    return "\n".join(
        f'  <text class="figure" x="460" y="{height}">{transfer(shipped_in(case)(large[contestant]))}</text>'
        for (contestant, case), height in PICTURED.items()
    )


def one_update(results: Results) -> str:
    """Write what one update takes, beside the making of a repository, and where its time goes."""
    names = {
        "command": "`copier update`",
        "in process": "the same in a process that has loaded Copier",
        "copy": "`copier copy`",
    }
    times = {way: float(median(results["seconds"][way])) for way in names}
    rows = [[name, cell(times[way], times["command"], 0, plain_seconds)] for way, name in names.items()]
    shares = {key: median(values) for key, values in results["profile"].items()}
    return (
        f"{table(['', 'seconds'], rows)}\n\n"
        f"In process, an update starts Git {shares['processes']:.0f} times, which is {shares['git']:.0%} of its time, "
        f"and has Jinja compile {shares['compiled']:.0f} files and expressions, which is {shares['compiling']:.0%}."
    )


def in_quarters(results: Results, times: Results, digits: int = 2) -> str:
    """Write what something takes for many repositories, in all and for each in a quarter of them."""
    quarter = results["repositories"] // 4
    rows = [
        [
            name,
            f"{sum(times[key]):.{max(0, digits - 2)}f}",
            *(f"{time / quarter:.{digits}f}" for time in times[key]),
            f"{times[key][-1] / times[key][0]:.2f}x",
        ]
        for key, name in (("sequential", "one after another"), ("parallel", f"{results['machine']['cores']} at a time"))
    ]
    heads = ["", "all, s", *(f"{n * quarter + 1} to {(n + 1) * quarter}" for n in range(4)), "last quarter to first"]
    return table(heads, rows)


def all_updates(results: Results) -> str:
    """Write what the updates of many repositories take."""
    ratio = sum(results["parallel"]) / sum(results["sequential"])
    return (
        f"{results['repositories']} repositories, and the seconds per repository in each quarter of them:\n\n"
        f"{in_quarters(results, results)}\n\n"
        f"All of them, {results['machine']['cores']} at a time, take {ratio:.2f} times as long as one after another. "
        f"Every edit was kept; {results['marked']} of the repositories have markers in lines of the template."
    )


def fleet_reports(results: Results) -> str:
    """Write what the fleet report on many repositories takes."""
    times = results["fleet"]
    ratio = sum(times["parallel"]) / sum(times["sequential"])
    return (
        f"[The fleet report](fleet.md) on them, before they are updated, and its seconds per repository:\n\n"
        f"{in_quarters(results, times, digits=3)}\n\n"
        f"It is for {results['machine']['cores']} at a time {ratio:.2f} times as long as for one after another."
    )


def fleet_block(results: Results) -> str:
    """Write what was seen of many repositories. The benchmark stops at one of which the first three do not hold."""
    number, cores = results["repositories"], results["machine"]["cores"]
    one, several = (sum(results[way]) for way in ("sequential", "parallel"))
    first, *_, last = (seconds / (number // 4) for seconds in results["sequential"])
    rows = [
        ["repositories, with no edit, one or many", f"{number}"],
        ["of which the report told the release, how far it is behind and what has drifted", f"{number}"],
        ["that kept each line of each edit, and got back nothing that was deleted", f"{number}"],
        ["with markers, all of them in lines of the template", f"{results['marked']}"],
        ["seconds for an update, in the first quarter and in the last", f"{first:.1f} and {last:.1f}"],
        [f"minutes for all of them, one after another and {cores} at a time", f"{one / 60:.1f} and {several / 60:.1f}"],
        ["seconds for the report on all of them, one after another", f"{sum(results['fleet']['sequential']):.1f}"],
    ]
    return table([f"from {' and '.join(results['releases'])} to the next release", ""], rows)


def updates_block(results: Results) -> str:
    """Write what updates cost, and on what and with what that was measured."""
    machine = results["machine"]
    run = (
        f"Measured on {machine['date']} on {machine['cores']} cores, with Copier {machine['copier']}, "
        f"Git {machine['git']}, Python {machine['python']}, from {', '.join(results['releases'])}; one update in "
        f"{len(results['seconds']['command'])} round(s)."
    )
    return "\n\n".join([run, one_update(results), all_updates(results), fleet_reports(results)])


def bars(
    contestants: Mapping[str, Results],
    read: Callable[[Results], float],
    write: Callable[[float], str],
    more: Callable[[Results], str] = lambda _: "",
) -> list[Bar]:
    """Return a bar for each contestant, whose label has its ratio to ours, and may say more."""
    ours = read(contestants["ours"])
    return [
        Bar(CONTESTANTS[name], read(one), cell(read(one), ours, 0, write) + more(one), name == "ours")
        for name, one in contestants.items()
    ]


def size_picture(contestants: Mapping[str, Results]) -> str:
    """Draw how large the images are and how soon their commands have run: bytecode takes room and saves time."""
    return picture(
        [
            Panel(
                "Size of the image", "above its base", bars(contestants, size, lambda value: f"{value / 1e6:.0f} MB")
            ),
            Panel(
                "Start",
                "until the command has run, less the bare interpreter",
                bars(contestants, net_start, lambda value: f"{plain_seconds(value)} s"),
            ),
        ]
    )


def rebuild_picture(contestants: Mapping[str, Results]) -> str:
    """Draw how long a build takes after an edit, and say what it ships."""

    def shipped(case: str, results: Results) -> str:
        sent = shipped_in(case)(results)
        return f", {f'{sent / 1e6:.0f} MB' if sent >= 1e6 else transfer(sent)}" if sent else ", nothing"

    return picture(
        [
            Panel(
                CASES[case].capitalize(),
                "seconds to build, and what a registry is sent",
                bars(contestants, seconds_of(case), lambda value: f"{plain_seconds(value)} s", partial(shipped, case)),
            )
            for case in ("source", "development")
        ]
    )


def documents(results: Results, updates: Results) -> dict[Path, str]:
    """Return the documents that quote figures, with those of these results, by their path."""
    large = results["sets"]["large"]["contestants"]
    blocks = {f"bench:{name}": set_block(one) for name, one in results["sets"].items()}
    return {
        PICTURE: filled(PICTURE.read_text(encoding="utf-8"), {"bench:ships": picture_block(results)}),
        README: filled(README.read_text(encoding="utf-8"), {"bench": readme_block(results)}),
        DOCS: filled(
            DOCS.read_text(encoding="utf-8"),
            {"bench:run": run_block(results), **blocks, "updates": updates_block(updates)},
        ),
        FLEET: filled(FLEET.read_text(encoding="utf-8"), {"updates:fleet": fleet_block(updates)}),
        SIZE: size_picture(large),
        REBUILD: rebuild_picture(large),
    }


def measured() -> dict[Path, str]:
    """Return the documents with the figures of results.json and updates.json."""
    results, updates = (json.loads(path.read_text(encoding="utf-8")) for path in (RESULTS, UPDATES))
    return documents(results, updates)


def write_tables() -> None:
    """Write the figures of results.json and updates.json into the documents."""
    for path, text in measured().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_tables()
