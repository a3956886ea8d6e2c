"""Settings and files on people's machines with which an update can lose edits, on a small template with the real script."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.kit.answers import working_tree
from tests.kit.commands import COPIER, read, run, write
from tests.kit.rehearsal import MARKERS
from tools.fleet.versions import SCRIPT
from tools.render.template import Files

PLAIN = ("copier", "update", "--skip-answered", "--defaults")


@dataclass(frozen=True)
class Hazard:
    """A setting or a file that can cost edits: a row of docs/updates.md.

    Attributes:
        name: The setting or file.
        plain: The outcome of `copier update`.
        guarded: The outcome of `poe update`.
        prepare: A shell script that makes it.
        edit: A shell script that edits `$FILE` afterwards.
        file: The file.
        environment: Variables of the user. `{project}` is the project.
    """

    name: str
    plain: str
    guarded: str
    prepare: str = ""
    edit: str = ""
    file: str = "settings.ini"
    environment: tuple[tuple[str, str], ...] = ()


# `apply.whitespace` takes the blank at the end for an error.
APPEND = """printf 'mine \\n' >> "$FILE" """
COMMIT = "; git -c core.hooksPath=/dev/null commit --quiet --all --message=Edit"
EDIT = APPEND + COMMIT
CLASH = """sed -i '1s/.*/mine /' "$FILE" """ + COMMIT


def setting(name: str, value: str) -> str:
    """Return a script that makes a global setting."""
    return f"; git config --global {name} {value}"


def failing_hook(folder: str) -> str:
    """Return a script that makes a failing hook, which `git commit --no-verify` runs too."""
    hook = f"~/{folder}/prepare-commit-msg"
    return f"mkdir -p ~/{folder}; printf '#!/bin/sh\\nexit 1\\n' > {hook}; chmod +x {hook}"


SUBMODULE = """git init --quiet ../other; git -C ../other commit --quiet --allow-empty --message=1
git -c protocol.file.allow=always submodule --quiet add ../other; git commit --quiet --message=Other"""
REMOTE = """sed -i 's|^_src_path: |&git+file://|' .copier-answers.yml; git commit --quiet --all --message=Remote
copier check-update || test $? = 5"""
MONITOR = """printf '#!/bin/sh\\nprintf "1\\\\0"\\n' > ~/monitor; chmod +x ~/monitor"""

HAZARDS = [
    Hazard("`apply.whitespace=error`", "lost", "kept", ":" + setting("apply.whitespace", "error"), EDIT),
    Hazard("`apply.whitespace=fix`", "lost", "kept", ":" + setting("apply.whitespace", "fix"), EDIT),
    Hazard(
        "`core.attributesFile` with `*.lock -diff`",
        "lost",
        "kept",
        "echo '*.lock -diff' > ~/attributes" + setting("core.attributesFile", "~/attributes"),
        EDIT,
        "data.lock",
    ),
    Hazard(
        "`core.attributesFile` with `* binary`",
        "lost",
        "kept",
        "echo '* binary' > ~/attributes" + setting("core.attributesFile", "~/attributes"),
        EDIT,
    ),
    Hazard("`core.bigFileThreshold=1`", "lost", "kept", ":" + setting("core.bigFileThreshold", "1"), EDIT),
    Hazard(
        "`core.excludesFile` over a tracked file",
        "lost",
        "kept",
        "echo settings.ini > ~/ignore" + setting("core.excludesFile", "~/ignore"),
        EDIT,
    ),
    Hazard(
        "`core.autocrlf=true`, and a conflict",
        "marked throughout",
        "marked",
        ":" + setting("core.autocrlf", "true") + "; git ls-files -z | xargs -0 rm; git reset --quiet --hard",
        CLASH,
    ),
    Hazard(
        "`core.autocrlf=true`, and a template in Copier's cache",
        "kept",
        "kept",
        REMOTE + setting("core.autocrlf", "true"),
        EDIT,
        "data.lock",
    ),
    Hazard(
        "`core.attributesFile` with `* eol=crlf`, and a template in Copier's cache",
        "kept",
        "kept",
        REMOTE + "; echo '* text eol=crlf' > ~/attributes" + setting("core.attributesFile", "~/attributes"),
        EDIT,
        "data.lock",
    ),
    Hazard(
        "`status.showUntrackedFiles=no`, and a conflict",
        "lost",
        "marked",
        ":" + setting("status.showUntrackedFiles", "no"),
        CLASH,
    ),
    Hazard(
        "`core.fsmonitor` with a hook that reports no change, and a conflict",
        "lost",
        "marked",
        MONITOR + setting("core.fsmonitor", "~/monitor") + setting("core.untrackedCache", "true"),
        CLASH,
    ),
    Hazard(
        "`core.hooksPath` with a failing hook",
        "traceback",
        "kept",
        failing_hook("hooks") + setting("core.hooksPath", "~/hooks"),
        EDIT,
    ),
    Hazard(
        "`init.templateDir` with a failing hook",
        "traceback",
        "kept",
        failing_hook("git/hooks") + setting("init.templateDir", "~/git"),
        EDIT,
    ),
    Hazard(
        "`core.quotePath=false`, and a file `é.txt`",
        "traceback",
        "kept",
        "echo > é.txt; git add é.txt" + setting("core.quotePath", "false"),
        EDIT,
    ),
    Hazard(
        "a submodule, and `submodule.recurse=true`",
        "kept",
        "kept",
        SUBMODULE + setting("submodule.recurse", "true"),
        EDIT,
    ),
    Hazard("`GIT_DEFAULT_HASH=sha256`", "traceback", "kept", "", EDIT, environment=(("GIT_DEFAULT_HASH", "sha256"),)),
    Hazard("`GIT_DIR`", "traceback", "kept", "", EDIT, environment=(("GIT_DIR", "{project}/.git"),)),
    Hazard("`--skip-worktree`", "lost", "refused", 'git update-index --skip-worktree "$FILE"', APPEND),
    Hazard("`--assume-unchanged`", "lost", "refused", 'git update-index --assume-unchanged "$FILE"', APPEND),
    Hazard(
        "an ignored file that a release adds",
        "lost",
        "refused",
        "echo extra.ini > .git/info/exclude",
        APPEND,
        "extra.ini",
    ),
    Hazard(
        "UTF-16, as PowerShell's `>>` writes",
        "lost",
        "refused",
        "",
        """printf 'mine \\n' | iconv -t UTF-16 >> "$FILE" """ + COMMIT,
    ),
    Hazard("a NUL byte", "lost", "refused", """printf '\\000' >> "$FILE" """, EDIT),
    Hazard("a byte of Latin-1", "lost", "refused", """printf '\\351' >> "$FILE" """, EDIT),
    Hazard("a link to a folder", "lost", "refused", "git mv src lib; ln -s lib src; git add src", EDIT, "src/core.py"),
    Hazard(
        "a link to a folder elsewhere",
        "traceback",
        "refused",
        "mv src ../lib; ln -s ../lib src; git add .; git commit --quiet --message=Link",
        APPEND,
        "src/core.py",
    ),
    Hazard("a link where a release adds a folder", "kept", "refused", "ln -s src more; git add more", EDIT),
    Hazard(
        "an ignored link where a release adds a folder",
        "kept",
        "refused",
        "mkdir lib; ln -s lib more; printf 'lib\\nmore\\n' > .git/info/exclude",
        EDIT,
    ),
    Hazard(
        "a sparse checkout",
        "kept",
        "refused",
        "git sparse-checkout set --no-cone '/*' '!src'",
        EDIT,
    ),
    Hazard(
        "a tracked file `.rej`, and a conflict",
        "lost",
        "refused",
        "echo > settings.ini.rej; git add settings.ini.rej",
        CLASH,
    ),
    Hazard("uncommitted changes", "refused", "refused", "", APPEND),
    Hazard("a merge in progress", "kept", "refused", "", EDIT + "; git rev-parse HEAD > .git/MERGE_HEAD"),
]


def small_releases(folder: Path) -> Path:
    """Make a template with two releases, whose files are the real script and some text."""
    text = b"".join(b"line %d\n" % number for number in range(20))
    files: Files = {
        "copier.yml": b"_subdirectory: files\n",
        "files/{{ _copier_conf.answers_file }}.jinja": b"{{ _copier_answers | to_nice_yaml -}}\n",
        f"files/{SCRIPT}": working_tree().render({}, SCRIPT.__eq__)[SCRIPT],
        **{f"files/{path}": text for path in ("settings.ini.jinja", "data.lock", "src/core.py")},
    }
    write(files, folder)
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=1 && git tag v1", cwd=folder)
    write({path: b"new 0\n" + text[7:] for path in files if files[path] == text}, folder)
    write({"files/extra.ini": b"new\n", "files/more/extra.ini": b"new\n"}, folder)
    run("sh", "-c", "git add --all && git commit --quiet --message=2 && git tag v2", cwd=folder)
    return folder


@cache
def started(template: Path) -> Path:
    """Return a project of the first release of a template, beside it."""
    project = template.with_name("started")
    run(COPIER, "copy", "--quiet", "--defaults", "--vcs-ref=v1", template, project)
    run("sh", "-c", "git init --quiet && git add --all && git commit --quiet --message=Start", cwd=project)
    return project


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
        self.project = shutil.copytree(started(template), folder / "project")
        self.environment = {
            "HOME": str(home),
            "PATH": f"{COPIER.parent}:{os.environ['PATH']}",
            "COPIER_SETTINGS_PATH": os.environ["COPIER_SETTINGS_PATH"],
        }
        self.sh("git config --global user.name Ada; git config --global user.email ada@example.org", folder)
        # The index has the inodes of the copied files.
        self.sh("git update-index --refresh")

    def sh(self, script: str, folder: Path | None = None, **variables: str) -> str:
        """Run a shell script in the project."""
        return run("sh", "-euc", script, cwd=folder or self.project, env={**self.environment, **variables})

    def try_out(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail in the project."""
        environment = {**self.environment, **variables}
        return subprocess.run(command, cwd=self.project, env=environment, capture_output=True, text=True, check=False)


@dataclass(frozen=True)
class Outcome:
    """The effect of an update on an edit.

    Attributes:
        name: kept, lost, marked, marked throughout, refused, or traceback.
        code: The exit code of the command.
        errors: Its error output.
    """

    name: str
    code: int
    errors: str


def outcome(hazard: Hazard, command: tuple[str, ...], template: Path, folder: Path) -> Outcome:
    """Update a project with a hazard, and return the outcome."""
    machine = Machine(template, folder)
    variables = {name: value.format(project=machine.project) for name, value in hazard.environment}
    machine.sh(hazard.prepare, FILE=hazard.file)
    machine.sh(hazard.edit, FILE=hazard.file)
    before, files = (machine.project / hazard.file).read_bytes(), read(machine.project)
    result = machine.try_out(*command, **variables)
    after = (machine.project / hazard.file).read_bytes()
    if "Traceback" in result.stderr:
        name = "traceback"
    elif result.returncode and read(machine.project) == files:
        name = "refused"
    elif not set(before.splitlines()) - {b"line 0"} <= set(after.splitlines()):
        name = "lost"
    elif MARKERS.search(after):
        name = "marked throughout" if after.count(b"line 19") > 1 else "marked"
    else:
        name = "kept"
    return Outcome(name, result.returncode, result.stderr)


def hazard_rows() -> list[list[str]]:
    """Return the rows of the table in docs/updates.md."""
    return [[hazard.name, f"`{hazard.file}`", hazard.plain, hazard.guarded] for hazard in HAZARDS]
