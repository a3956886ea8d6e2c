"""Merge a release of the template into this repository, or list the differences.

update: Let Copier update a copy of the last commit with the given options, where
    no setting of Git has an effect. Check the result, and then write it.
drift: Compare the files with those of the recorded release, which Copier writes with
    the given options.
"""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from shlex import quote
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import Any

ANSWERS = ".copier-answers.yml"
SHARED_FILES = [".gitignore", "pyproject.toml"]

UNDO = "Undo it with `git reset --hard && git clean -di`."

# With other values, Git changes or hides lines or fails, and Copier does not notice.
SETTINGS = {
    "apply.whitespace": "nowarn",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.excludesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.quotePath": "true",
    "status.showUntrackedFiles": "normal",
}

CONFLICT = re.compile(
    r"(?ms)^<{7} before updating\n(.*?)(?:^\|{7} last update\n.*?)?"
    r"^={7}\n(.*?)^>{7} after updating\n?"
)
# The versions of actions, digests, runners and the project, and of images and packages.
PIN = re.compile(
    r"(?<=@)[0-9a-f]{40} # v?([\d.]+)|@sha256:[0-9a-f]{64}"
    r'|(?<=runs-on: ubuntu-)([\d.]+)|(?<=^version = )"([^"]+)"'
)
IMAGE = re.compile(r"\s*(- )?(image|name|services): |ARG \w+_IMAGE=|FROM ")
TAG = re.compile(r"(?<=\w:)v?(\d[\d.]*)(?![\d./])")
REQUIREMENT = re.compile(
    r'\s*([\w-]+ = \[)?("[\w.-]+(\[[\w,.-]+\])?(,?[<>=!~]=?[\d.]+)+"(, )?)+\]?,?\s*$'
)
BOUND = re.compile(r"(?<=[<>=~])(\d[\d.]*)")
# Copier shows some errors of its user as tracebacks. The message follows.
TRACEBACK = re.compile(
    r"(?ms).*^Traceback .*\n[\w.]+Error: (Validation error for question '\w+': )?"
)


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program, and keep its errors."""
    text: Any = {"encoding": "utf-8", "errors": "surrogateescape"}
    return subprocess.run(command, check=False, stderr=PIPE, **text, **options)


def git(*arguments: str | Path, **options: Any) -> str:
    """Return the output of Git, or exit with its error."""
    result = run("git", *arguments, stdout=PIPE, **options)
    if result.returncode > 1:
        sys.exit(f"Git refuses this folder: {result.stderr.strip()}")
    return result.stdout


def git_list(*arguments: str, **options: Any) -> list[str]:
    """Return the entries that Git lists with -z."""
    return git(*arguments, **options).split("\0")[:-1]


def read(file: Path) -> str:
    """Return the text of a file, or nothing if it is missing."""
    content = file.read_bytes() if file.is_file() else b""
    return content.decode("utf-8", "surrogateescape")


def refuse(files: Iterable[str], remedy: str) -> None:
    """Exit with a remedy if there are any such files."""
    if found := sorted(set(files)):
        sys.exit(f"{remedy}: {', '.join(found)}. Nothing is changed.")


def split_versions(line: str) -> tuple[str, list[list[int]]]:
    """Return a line without its versions and digests, and the versions."""
    versions = []

    def take(match: re.Match[str]) -> str:
        if match.lastindex:
            numbers = re.findall(r"\d+", match[match.lastindex])
            versions.append([int(number) for number in numbers])
        return ""

    line = PIN.sub(take, line.rstrip("\n"))
    if IMAGE.match(line):
        line = TAG.sub(take, line)
    elif REQUIREMENT.match(line):
        line = BOUND.sub(take, line)
    return line, versions


def newest_versions(text: str) -> dict[str, list[list[int]]]:
    """Return each line without its versions, and the newest of these."""
    return dict(sorted(split_versions(line) for line in text.splitlines()))


def resolve(text: str, old: str) -> str:
    """Choose the newer side of each conflict in which only raised versions differ."""
    released = newest_versions(old)

    def newer_side(conflict: re.Match[str]) -> str:
        sides = (side.splitlines(keepends=True) for side in conflict.groups())
        chosen = []
        for pair in zip_longest(*sides, fillvalue=""):
            (line, yours), (other, theirs) = map(split_versions, pair)
            if line != other or min(yours, theirs) < released.get(line, []):
                return conflict[0]
            chosen.append(pair[yours < theirs])
        return "".join(chosen)

    return CONFLICT.sub(newer_side, text)


def lost_lines(yours: str, old: str, new: str) -> list[str]:
    """Return the lines that you have added to the old text and that the new one lacks."""
    newest = newest_versions(new)
    added = Counter(yours.splitlines()) - Counter(old.splitlines())
    missing = added - Counter(new.splitlines())
    parts = {line: split_versions(line) for line in missing if line.strip()}
    return [
        line
        for line, (text, versions) in parts.items()
        if not versions or newest.get(text, []) < versions
    ]


def check_repository(git_folder: Path) -> None:
    """Exit if an undo would lose changes, or if a rejected change would be hidden."""
    options = ("--porcelain", "-z", "--untracked-files=normal", "--no-renames")
    changes = git_list("status", *options)
    refuse((change[3:] for change in changes), "Commit or stash these changes")
    states = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-*"]
    untracked = [] if git_list("ls-files", "-z", ANSWERS) else [ANSWERS]
    refuse(untracked, "Let Git track this file")
    started = [path.name for state in states for path in git_folder.glob(state)]
    refuse(started, "Finish or abort the merge or rebase")
    refuse(git_list("ls-files", "-z", "*.rej"), "Merge and delete these files")


def check_result(changed: list[str], old: Path) -> None:
    """Exit if Git could not restore a changed file, or if Copier cannot merge a file."""
    places = {str(part) for path in changed for part in (path, *Path(path).parents)}
    refuse(filter(os.path.islink, places), "Replace these links by files or folders")
    ignored = git_list("check-ignore", "-z", "--stdin", input="\0".join(changed))
    refuse(ignored, "Remove the rules by which Git ignores these files")
    flags = {entry[2:]: entry[0] for entry in git_list("ls-files", "-z", "-v")}
    hidden = [path for path in changed if flags.get(path, "H") != "H"]
    refuse(hidden, "Clear --skip-worktree and --assume-unchanged of these files")
    files = git_list("ls-files", "-z", cwd=old)
    texts = {path: read(Path(path)) for path in files}
    edited = [path for path in files if texts[path] != read(old / path)]
    binary = [path for path in edited if re.search("[\0\ud800-\udfff]", texts[path])]
    refuse(binary, "Convert these files to UTF-8 without NUL")


def isolate(folder: Path) -> dict[str, str]:
    """Return an environment in which no setting of Git loses a line.

    A hook copies the files of the old release, which Copier commits first, to `old`.
    """
    attributes, hook = folder / "template/info/attributes", folder / "hooks/post-commit"
    for file in (attributes, hook):
        file.parent.mkdir(parents=True)
    attributes.write_text("* diff -text -filter -ident -working-tree-encoding\n")
    old, answers = quote((folder / "old").as_posix()), quote(ANSWERS)
    hook.write_text(f"#!/bin/sh\n[ -e {old} ] || [ ! -e {answers} ] || cp -R . {old}\n")
    hook.chmod(0o755)
    settings = {
        **SETTINGS,
        "core.hooksPath": str(hook.parent),
        "init.templateDir": str(folder / "template"),
    }
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    result = {**os.environ, "GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (name, value) in enumerate(settings.items(), first):
        result[f"GIT_CONFIG_KEY_{number}"] = name
        result[f"GIT_CONFIG_VALUE_{number}"] = value
    result["GIT_DEFAULT_HASH"] = git("rev-parse", "--show-object-format").strip()
    return result


def copy_commit(copy: Path, environment: dict[str, str]) -> None:
    """Make a repository with the files of the last commit. Links become files there."""
    objects = git("rev-parse", "--path-format=absolute", "--git-path", "objects")
    tree = git("rev-parse", "HEAD:./").strip()
    git("init", "--quiet", copy, env=environment)
    (copy / ".git/objects/info/alternates").write_text(objects)
    git("config", "core.symlinks", "false", cwd=copy)
    identity = ["-c", "user.name=Template", "-c", "user.email=template@localhost"]
    commit = git(*identity, "commit-tree", "-m", "Copy", tree, cwd=copy).strip()
    git("reset", "--quiet", "--hard", commit, cwd=copy, env=environment)


def missing_template() -> str:
    """Return a remedy if the template is a folder that this machine lacks."""
    address = re.compile("^_src_path: (?!..+[:@])(.*)", re.MULTILINE)
    folder = address.search(read(Path(ANSWERS)))
    if not folder or Path(folder[1]).exists():
        return ""
    remedy = f"Write the template's address into _src_path of {ANSWERS}"
    return f"{remedy}: this machine has no {folder[1]}."


def copier(command: str, *options: str | Path, **environment: Any) -> str:
    """Run Copier, and return its errors if it fails."""
    if not shutil.which("copier"):
        sys.exit("Install Copier: pipx install copier")
    fixed = ["--quiet", "--skip-answered", f"--answers-file={ANSWERS}"]
    result = run("copier", command, *fixed, *options, **environment)
    if result.returncode:
        error = missing_template() or TRACEBACK.sub("", result.stderr.strip())
        return f"{error}\nNothing is changed."
    print(result.stderr, end="", file=sys.stderr)
    return ""


def resolve_versions(copy: Path, old: Path) -> list[str]:
    """Resolve conflicts of versions, and return the index entries of the others."""
    listing = ("diff", "--name-only", "--diff-filter=U", "-z")
    for path in set(git_list(*listing, cwd=copy)):
        text = resolve(read(copy / path), read(old / path))
        (copy / path).write_bytes(text.encode("utf-8", "surrogateescape"))
        if not CONFLICT.search(text):
            git("add", "--", path, cwd=copy)
    return git_list("ls-files", "-z", "--unmerged", cwd=copy)


def write(copy: Path, changed: list[str], conflicts: list[str]) -> None:
    """Write the changed files, and the index entries of conflicts, as a merge does."""
    for path in changed:
        if (copy / path).exists():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(copy / path, path)
        else:
            Path(path).unlink()
            with suppress(OSError):
                os.removedirs(Path(path).parent)
    if not conflicts:
        return
    hashes = [entry.split()[1] for entry in conflicts]
    pack = ["git", "pack-objects", "-q", "--stdout"]
    packed = subprocess.check_output(pack, cwd=copy, input="\n".join(hashes).encode())
    subprocess.run(["git", "unpack-objects", "-q"], input=packed, check=True)
    prefix, zero = git("rev-parse", "--show-prefix").strip(), "0" * len(hashes[0])
    stages = [entry.replace("\t", f"\t{prefix}", 1) for entry in conflicts]
    removed = {re.sub("^.*?\t", f"0 {zero}\t", stage) for stage in stages}
    entries = "\0".join([*removed, *stages, ""])
    git("update-index", "-z", "--index-info", input=entries)


def update(*options: str) -> None:
    """Merge a release of the template. Exit with 3 if there is something to resolve."""
    git_folder = Path(git("rev-parse", "--absolute-git-dir").strip())
    check_repository(git_folder)
    with TemporaryDirectory(prefix="template-", dir=git_folder) as folder:
        copy, old = Path(folder, "copy"), Path(folder, "old")
        environment = isolate(Path(folder))
        copy_commit(copy, environment)
        pretend = {"-n", "--pretend"}.intersection(options)
        given = [option for option in options if option not in pretend]
        if error := copier("update", *given, copy, env=environment):
            links = filter(os.path.islink, git_list("ls-files", "-z"))
            named = [link for link in links if str(copy / link) in error]
            refuse(named, "Replace these links by folders")
            sys.exit(error)
        conflicts = resolve_versions(copy, old)
        git("add", "--all", "--force", cwd=copy, env=environment)
        listing = ("diff-index", "--cached", "--name-only", "-z", "HEAD")
        changed = git_list(*listing, cwd=copy)
        if changed and not old.exists():
            sys.exit("Nothing is changed, as Copier has not committed the old release.")
        check_result(changed, old)
        left = {re.sub("^.*?\t", "conflict: ", entry) for entry in conflicts}
        for path in set(changed) - {ANSWERS}:
            texts = read(Path(path)), read(old / path), read(copy / path)
            left |= {f"lost: {path}: {line!r}" for line in lost_lines(*texts)}
        if not pretend:
            write(copy, changed, conflicts)
    for line in [*(f"changed: {path}" for path in changed), *sorted(left)]:
        print(line)
    print("Nothing is changed." if pretend or not changed else UNDO, file=sys.stderr)
    sys.exit(3 if left else 0)


def differs(path: Path, rendered: Path) -> bool:
    """Return whether a file differs from the template's, apart from versions.

    A shared file may have extra lines.
    """
    yours, theirs = (
        [split_versions(line)[0] for line in read(file).splitlines()]
        for file in (path, rendered)
    )
    if path.as_posix() in SHARED_FILES:
        return bool(Counter(theirs) - Counter(yours))
    return yours != theirs


def drift(*options: str) -> None:
    """List the template's files that are changed or missing, except for new versions."""
    with TemporaryDirectory() as folder:
        Path(folder, ANSWERS).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ANSWERS, Path(folder, ANSWERS))
        fixed = ["--defaults", "--overwrite", "--vcs-ref=:current:"]
        if error := copier("recopy", *fixed, *options, folder):
            sys.exit(error)
        files = [file for file in sorted(Path(folder).rglob("*")) if file.is_file()]
        for path, file in ((file.relative_to(folder), file) for file in files):
            if not path.is_file():
                print(f"missing: {path.as_posix()}")
            elif differs(path, file):
                print(f"changed: {path.as_posix()}")


if __name__ == "__main__":
    variables = os.environ.keys() & set(git("rev-parse", "--local-env-vars").split())
    for name in variables - {"GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"}:
        del os.environ[name]
    os.chdir(Path(__file__).parents[1])
    commands = {"update": update, "drift": drift}
    command, *options = sys.argv[1:] or [""]
    if command not in commands:
        sys.exit(__doc__)
    if not Path(ANSWERS).is_file():
        sys.exit(f"Restore {ANSWERS}: it has the answers of this repository.")
    try:
        commands[command](*options)
    except KeyboardInterrupt:
        sys.exit(f"Stopped. {UNDO}")
