"""The tables of the update benchmark, in Markdown."""

from statistics import median

from benchmarks.figures import Results, cell, seconds
from tools.docs.markdown import table


def one_update(results: Results) -> str:
    """Write the seconds of one update and of one copy, and the shares of Git and of compiling."""
    names = {
        "command": "`copier update`",
        "task": "`poe update`, without Poetry and Poe",
        "in process": "the same in a process that has loaded Copier",
        "copy": "`copier copy`",
    }
    times = {way: float(median(results["seconds"][way])) for way in names if way in results["seconds"]}
    rows = [[names[way], cell(time, times["command"], 0, seconds)] for way, time in times.items()]
    shares = {key: median(values) for key, values in results["profile"].items()}
    return (
        f"{table(['', 'seconds'], rows)}\n\n"
        f"In process, an update starts Git {shares['processes']:.0f} times, which is {shares['git']:.0%} of its time, "
        f"and has Jinja compile {shares['compiled']:.0f} files and expressions, which is {shares['compiling']:.0%}."
    )


def in_quarters(results: Results, times: Results, digits: int = 2) -> str:
    """Write the seconds for all repositories, and per repository in each quarter."""
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
    """Write the seconds of the updates of many repositories."""
    ratio = sum(results["parallel"]) / sum(results["sequential"])
    return (
        f"{results['repositories']} repositories, and the seconds per repository in each quarter of them:\n\n"
        f"{in_quarters(results, results)}\n\n"
        f"All of them, {results['machine']['cores']} at a time, take {ratio:.2f} times as long as one after another. "
        f"Every edit was kept; {results['marked']} of the repositories have markers in lines of the template."
    )


def fleet_reports(results: Results) -> str:
    """Write the seconds of the fleet report on many repositories."""
    times = results["fleet"]
    ratio = sum(times["parallel"]) / sum(times["sequential"])
    return (
        f"[The fleet report](fleet.md) on them, before they are updated, and its seconds per repository:\n\n"
        f"{in_quarters(results, times, digits=3)}\n\n"
        f"It is for {results['machine']['cores']} at a time {ratio:.2f} times as long as for one after another."
    )


def fleet_block(results: Results) -> str:
    """Write the summary for docs/fleet.md. The benchmark stops if one of the first three rows does not hold."""
    number, cores = results["repositories"], results["machine"]["cores"]
    one, several = (sum(results[way]) for way in ("sequential", "parallel"))
    first, *_, last = (time / (number // 4) for time in results["sequential"])
    rows = [
        ["repositories, with no edit, one or many", f"{number}"],
        ["with the correct release, distance and drift in the report", f"{number}"],
        ["that kept each line of each edit, and got back nothing that was deleted", f"{number}"],
        ["with markers, all of them in lines of the template", f"{results['marked']}"],
        ["seconds for an update, in the first quarter and in the last", f"{first:.1f} and {last:.1f}"],
        [f"minutes for all of them, one after another and {cores} at a time", f"{one / 60:.1f} and {several / 60:.1f}"],
        ["seconds for the report on all of them, one after another", f"{sum(results['fleet']['sequential']):.1f}"],
    ]
    return table([f"from {' and '.join(results['releases'])} to the next release", ""], rows)


def updates_block(results: Results) -> str:
    """Write the machine and all tables of updates."""
    machine = results["machine"]
    run = (
        f"Measured on {machine['date']} on {machine['cores']} cores, with Copier {machine['copier']}, "
        f"Git {machine['git']}, Python {machine['python']}, from {', '.join(results['releases'])}; one update in "
        f"{len(results['seconds']['command'])} round(s)."
    )
    return "\n\n".join([run, one_update(results), all_updates(results), fleet_reports(results)])
