"""Settings and files on people's machines with which an update can lose edits, on a small template with the real script."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.kit.answers import working_tree
from tests.kit.commands import COPIER, read, run, write
from tests.kit.rehearsal import MARKERS
from tools.render.template import Files

SCRIPT = ".tools/template.py"

ADDED = b"mine \n"
"""The line that the user adds. Its trailing blank is an error for `apply.whitespace`."""


@dataclass(frozen=True)
class Hazard:
    """A setting or a file, as a row of docs/updates.md.

    Attributes:
        name: The setting or file.
        file: The file that the user has edited.
        plain: The outcome of `copier update`.
        guarded: The outcome of `poe update`.
        prepare: A shell script that makes it, before the user edits the file.
        edit: A shell script that edits the file, and commits.
        environment: Variables of the user.
    """

    name: str
    plain: str
    guarded: str
    prepare: str = ""
    file: str = "settings.ini"
    edit: str = ""
    environment: tuple[tuple[str, str], ...] = ()


APPEND = """printf 'mine \\n' >> "$FILE" """
CHANGE = """sed -i '4s/.*/mine /' "$FILE" """
CLASH = """sed -i '1s/.*/mine /' "$FILE" """
UTF_16 = """printf 'mine \\n' | iconv -t UTF-16 >> "$FILE" """
IGNORING = "echo settings.ini > ~/ignore; "
CHECKOUT = "git rm --quiet -r --cached .; git reset --quiet --hard"
SUBMODULE = "git init --quiet ../other; git -C ../other commit --quiet --allow-empty --message=1; git -c protocol.file.allow=always submodule --quiet add ../other; "
MONITOR = """printf '#!/bin/sh\\nprintf "1\\\\0"\\n' > ~/monitor; chmod +x ~/monitor; git config --global core.fsmonitor ~/monitor; git config --global core.untrackedCache true"""


def configured(setting: str) -> str:
    """Return a script that makes a global setting."""
    return f"git config --global {setting}; "


def attributes(line: str) -> str:
    """Return a script that makes global attributes."""
    return f"echo '{line}' > ~/attributes; {configured('core.attributesFile ~/attributes')}"


def failing(folder: str, setting: str) -> str:
    """Return a script that makes a failing hook, which `git commit --no-verify` runs too."""
    hook = f"~/{folder}/prepare-commit-msg"
    return f"mkdir -p ~/{folder}; printf '#!/bin/sh\\nexit 1\\n' > {hook}; chmod +x {hook}; {configured(setting)}"


def commit(edit: str) -> str:
    """Return a script that edits the file and commits."""
    return f"{edit}; git -c core.hooksPath=/dev/null commit --quiet --all --message=Edit"


def hide(flag: str) -> str:
    """Return a script that has Git ignore an edit."""
    return f'git update-index --{flag} "$FILE"; {APPEND}'


HAZARDS = [
    Hazard("`apply.whitespace=error`", "lost", "kept", configured("apply.whitespace error")),
    Hazard("`apply.whitespace=fix`", "lost", "kept", configured("apply.whitespace fix")),
    Hazard("`core.attributesFile` with `*.lock -diff`", "lost", "kept", attributes("*.lock -diff"), "data.lock"),
    Hazard("`core.attributesFile` with `* binary`", "lost", "kept", attributes("* binary")),
    Hazard("`core.bigFileThreshold=1`", "lost", "kept", configured("core.bigFileThreshold 1")),
    Hazard("`core.excludesFile` over a tracked file", "lost", "kept", IGNORING + configured("core.excludesFile ~/ignore")),
    Hazard("`core.autocrlf=true`", "marked", "kept", configured("core.autocrlf true") + CHECKOUT, edit=commit(CHANGE)),
    Hazard("`status.showUntrackedFiles=no`", "lost", "marked", configured("status.showUntrackedFiles no"), edit=commit(CLASH)),
    Hazard("a failing hook in `core.hooksPath`", "traceback", "kept", failing("hooks", "core.hooksPath ~/hooks")),
    Hazard("a failing hook in `init.templateDir`", "traceback", "kept", failing("git/hooks", "init.templateDir ~/git")),
    Hazard("`core.quotePath=false` and a file `é.txt`", "traceback", "kept", configured("core.quotePath false") + "echo > é.txt; git add é.txt"),
    Hazard("`core.fsmonitor` with a hook that reports no change", "lost", "marked", MONITOR, edit=commit(CLASH)),
    Hazard("`submodule.recurse=true` and a submodule", "kept", "kept", SUBMODULE + configured("submodule.recurse true")),
    Hazard("`GIT_DEFAULT_HASH=sha256`", "traceback", "kept", environment=(("GIT_DEFAULT_HASH", "sha256"),)),
    Hazard("`GIT_DIR`", "traceback", "kept", environment=(("GIT_DIR", ".git"),)),
    Hazard("`--skip-worktree`", "lost", "refused", edit=hide("skip-worktree")),
    Hazard("`--assume-unchanged`", "lost", "refused", edit=hide("assume-unchanged")),
    Hazard("an ignored file that a release adds", "lost", "refused", "echo extra.ini > .git/info/exclude", "extra.ini", APPEND),
    Hazard("UTF-16, as PowerShell's `>>` writes", "lost", "refused", edit=commit(UTF_16)),
    Hazard("a NUL byte", "lost", "refused", edit=commit(APPEND + """; printf '\\000' >> "$FILE" """)),
    Hazard("Latin-1", "lost", "refused", edit=commit(APPEND + """; printf '\\351' >> "$FILE" """)),
    Hazard("a link in place of a folder", "lost", "refused", "git mv src lib; ln -s lib src; git add src", "src/core.py"),
    Hazard("a link out of the repository", "traceback", "refused", "mv src ../lib; ln -s ../lib src; git add .", "src/core.py"),
    Hazard("a tracked `.rej`, and a conflict", "lost", "refused", "echo > settings.ini.rej; git add .", edit=commit(CLASH)),
    Hazard("uncommitted changes", "refused", "refused", edit=APPEND),
    Hazard("a merge in progress", "kept", "refused", edit=commit(APPEND) + "; git rev-parse HEAD > .git/MERGE_HEAD"),
]


def small_releases(folder: Path) -> Path:
    """Make a template with two releases, whose files are the real script and some text."""
    text = b"".join(b"line %d\n" % number for number in range(20))
    files: Files = {
        "copier.yml": b"_subdirectory: files\n",
        "files/{{ _copier_conf.answers_file }}.jinja": b"{{ _copier_answers | to_nice_yaml -}}\n",
        f"files/{SCRIPT}": working_tree().render({}, SCRIPT.__eq__)[SCRIPT],
        **{f"files/{path}": text for path in ("settings.ini", "data.lock", "src/core.py")},
    }
    write(files, folder)
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=1 && git tag v1", cwd=folder)
    write({path: b"new 0\n" + text[7:] for path in files if files[path] == text}, folder)
    write({"files/extra.ini": b"new\n"}, folder)
    run("sh", "-c", "git add --all && git commit --quiet --message=2 && git tag v2", cwd=folder)
    return folder


class Machine:
    """A project of the first release on a machine of its own.

    Args:
        template: A template of `small_releases`.
        folder: The folder for all of it.
    """

    def __init__(self, template: Path, folder: Path) -> None:
        """Make the project."""
        home = folder / "home"
        home.mkdir(parents=True)
        self.project = folder / "project"
        self.environment = {
            "HOME": str(home),
            "PATH": f"{COPIER.parent}:{os.environ['PATH']}",
            "COPIER_SETTINGS_PATH": os.environ["COPIER_SETTINGS_PATH"],
        }
        self.sh("git config --global user.name Ada; git config --global user.email ada@example.org", folder)
        self.sh(f"copier copy --quiet --defaults --vcs-ref=v1 '{template}' project", folder)
        self.sh("git init --quiet; git add --all; git commit --quiet --message=Start")

    def sh(self, script: str, folder: Path | None = None, **variables: str) -> str:
        """Run a shell script in the project."""
        return run("sh", "-euc", script, cwd=folder or self.project, env={**self.environment, **variables})

    def try_out(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail in the project."""
        environment = {**self.environment, **variables}
        return subprocess.run(command, cwd=self.project, env=environment, capture_output=True, text=True, check=False)


PLAIN = ("copier", "update", "--skip-answered", "--defaults")
GUARDED = ("python3", SCRIPT, "update", "--defaults")


def outcome(hazard: Hazard, command: tuple[str, ...], template: Path, folder: Path) -> tuple[str, str]:
    """Update a project with a hazard, and return the outcome and the output."""
    machine = Machine(template, folder)
    variables = dict(hazard.environment)
    machine.sh(hazard.prepare)
    machine.sh(hazard.edit or commit(APPEND), FILE=hazard.file)
    before = (machine.project / hazard.file).read_bytes()
    files = read(machine.project)
    result = machine.try_out(*command, **variables)
    after = (machine.project / hazard.file).read_bytes()
    if "Traceback" in result.stderr:
        found = "traceback"
    elif result.returncode and read(machine.project) == files:
        found = "refused"
    elif MARKERS.search(after):
        found = "marked"
    else:
        found = "kept" if lines(before) == lines(after) else "lost"
    return found, result.stdout + result.stderr


def lines(content: bytes) -> list[bytes]:
    """Return the lines of a file after the one that the new release changes."""
    return content.replace(b"\r\n", b"\n").split(b"\n")[1:]
