"""`copier update`, from every release to the working tree, of repositories that nobody and that somebody has edited."""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml
from pathspec import GitIgnoreSpec

from extensions.template import PARTS, ROOT, Answers, Files, Template, copy_parts
from tests.docker import built, inspect, need_engine
from tests.support import COPIER, KINDS, POETRY, TEMPLATE, committed, read, run, write
from tests.test_render import distinct

NEXT = "v9999"
"""What the working tree is called among the releases."""

EDITS = ROOT / "tests/edits"
"""What people do between two updates, as they would type it.

`$CODE` is the folder of the code, `$FILE` the example in it, and `$TEST` its test.
"""

PLACES = {
    "package": {"CODE": "src/data_tool", "FILE": "src/data_tool/cli.py", "TEST": "tests/test_cli.py"},
    "service": {"CODE": "src/data_tool", "FILE": "src/data_tool/app.py", "TEST": "tests/test_app.py"},
    "environment": {"CODE": "scripts", "FILE": "scripts/summary.py", "TEST": "tests/test_summary.py"},
}


OWNERSHIP = yaml.safe_load((ROOT / "extensions/ownership.yml").read_text(encoding="utf-8"))


def owner(path: str) -> str:
    """Return whose a file is."""
    [found] = {name for name, patterns in OWNERSHIP.items() if GitIgnoreSpec.from_lines(patterns).match_file(path)}
    return str(found)


MARKERS = re.compile(rb"(?m)^(<<<<<<<|>>>>>>>) ")


@cache
def releases() -> dict[str, str]:
    """Return the commit of each release by its tag: the commits that changed the version, the oldest first."""
    commits = run("git", "log", "--reverse", "--format=%H", "-G^version = ", "--", "pyproject.toml", cwd=ROOT).split()
    texts = {commit: run("git", "show", f"{commit}:pyproject.toml", cwd=ROOT) for commit in commits}
    return {f"v{tomllib.loads(text)['project']['version']}": commit for commit, text in texts.items()}


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a repository of the template with its releases, and with the working tree as the next one."""
    return with_releases(tmp_path_factory.mktemp("template") / "copier-poetry-docker")


def with_releases(folder: Path) -> Path:
    """Make that repository in a folder, and return the folder."""
    run("git", "clone", "--quiet", ROOT, folder)
    for tag, commit in releases().items():
        run("git", "tag", "--force", tag, commit, cwd=folder)
    release(folder, NEXT, ROOT)
    return folder


def release(repository: Path, tag: str, source: Path) -> None:
    """Commit the template of a folder as a release of a repository."""
    for part in PARTS:
        place = repository / part
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    copy_parts(source, repository)
    run("git", "add", "--all", cwd=repository)
    run("git", "commit", "--quiet", "--allow-empty", f"--message={tag}", cwd=repository)
    run("git", "tag", tag, cwd=repository)


def copy(template: Path, tag: str, answers: Answers, folder: Path) -> Files:
    """Return what the command makes of a release of the template."""
    data = [f"--data={key}={value}" for key, value in answers.items()]
    run(COPIER, "copy", "--quiet", "--defaults", f"--vcs-ref={tag}", *data, template, folder)
    return read(folder)


def update(project: Path, tag: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Update as bots do: without a question, and without trust."""
    command: list[str | Path] = [COPIER, "update", "--skip-answered", "--defaults", f"--vcs-ref={tag}", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def updated(project: Path, tag: str, *arguments: str) -> Files:
    """Return the files of a project after an update, which is committed."""
    result = update(project, tag, *arguments)
    assert result.returncode == 0, result.stderr
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--quiet", "--allow-empty", "--message=Update", cwd=project)
    return read(project)


def known(project: Path) -> Answers:
    """Return the answers that a project records."""
    text = (project / ".copier-answers.yml").read_text(encoding="utf-8")
    return {key: value for key, value in yaml.safe_load(text).items() if not key.startswith("_")}


def test_the_changelog_has_every_release() -> None:
    """Of a history that is cut off, this tells what is missing."""
    told = re.findall(r"(?m)^## (\d+\.\d+\.\d+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert [f"v{version}" for version in reversed(told)] == list(releases())


def test_every_file_has_one_owner() -> None:
    """What the user owns, and nothing else, is kept from being merged by force."""
    for source in TEMPLATE.sources:
        [path] = {variant.path for variant in distinct(source)[:1]}
        text = (ROOT / source).read_text(encoding="utf-8")
        assert (owner(path) == "yours") == (text.startswith("{{ yours -}}\n") or not text), path


@pytest.mark.parametrize("installer", ["pip", "poetry"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tag", releases())
def test_what_nobody_edited_becomes_what_the_new_release_makes(
    tag: str, kind: str, installer: str, template: Path, tmp_path: Path
) -> None:
    """At once, and through each release between."""
    tags = [*releases(), NEXT]
    answers = {"project_type": kind, "project_name": "data-tool", "installer": installer}
    old = copy(template, tag, answers, tmp_path / "old")
    direct, hopping = committed(old, tmp_path / "direct"), committed(old, tmp_path / "hopping")
    files = updated(direct, NEXT)
    for hop in tags[tags.index(tag) + 1 :]:
        assert run("git", "status", "--porcelain", cwd=hopping) == ""
        updated(hopping, hop)
    assert files == read(hopping) == copy(template, NEXT, known(direct), tmp_path / "new")


@dataclass(frozen=True)
class Edited:
    """A repository with an edit that is committed."""

    project: Path
    added: dict[str, set[str]]
    deleted: set[str]


def edited(project: Path, kind: str, *edits: str) -> Edited:
    """Make edits in a repository, and note which lines they add to which files, and which files are gone."""
    path = f"{POETRY.parent}:{COPIER.parent}:{os.environ['PATH']}"
    before = set(read(project))
    for edit in edits:
        run(
            "bash",
            "-euc",
            (EDITS / f"{edit}.sh").read_text(encoding="utf-8"),
            cwd=project,
            env={**os.environ, **PLACES[kind], "PATH": path},
        )
    run("git", "add", "--all", cwd=project)
    run("git", "commit", "--quiet", "--message=Edits", cwd=project)
    diff = run("git", "show", "--unified=0", "--format=", "--no-renames", cwd=project)
    added: dict[str, set[str]] = {}
    for line in diff.splitlines():
        if line.startswith("+++ "):
            lines = added.setdefault(line.removeprefix("+++ b/"), set())
        elif line.startswith("+"):
            lines.add(line[1:])
    return Edited(project, {path: lines for path, lines in added.items() if lines}, before - set(read(project)))


def check(edit: Edited, files: Files) -> None:
    """Hold the files after an update to what is promised to those who edit."""
    for path, lines in edit.added.items():
        assert lines <= set(files[path].decode().splitlines()) or path == "poetry.lock", path
    assert not edit.deleted & files.keys()
    for path, content in files.items():
        if MARKERS.search(content):
            assert owner(path) != "yours", path
            if owner(path) == "shared":
                assert regions(content.decode()) <= set(OWNERSHIP["shared"][path]), path
    assert not [path for path in files if path.endswith((".rej", ".orig"))]


def regions(text: str) -> set[str]:
    """Return where in pyproject.toml something is marked: the table, and in the project's the key."""
    table, key, inside, found = "", "", False, set()
    for line in text.splitlines():
        if match := re.match(r"\[+([\w-]+)", line):
            table = match[1]
        elif match := re.match(r"([\w-]+) = ", line):
            key = match[1]
        inside = (inside or line.startswith("<<<<<<< ")) and not line.startswith(">>>>>>> ")
        if inside:
            found.add(f"project.{key}" if table == "project" else table)
    return found


APART = {"renamed", "reformatted"}
"""Edits of the files that others edit."""

WORK = sorted({file.stem for file in EDITS.iterdir()} - APART)


EDITED: Answers = {"project_name": "data-tool", "python_version": "3.11"}


@pytest.mark.parametrize("edits", [WORK, *([edit] for edit in sorted(APART))], ids=lambda edits: edits[0])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tag", releases())
def test_edits_are_kept(tag: str, kind: str, edits: Sequence[str], template: Path, tmp_path: Path) -> None:
    """By an update at once and by one through each release between, after which everything works."""
    tags = [*releases(), NEXT]
    files = copy(template, tag, {"project_type": kind, **EDITED}, tmp_path / "old")
    project = committed(files, tmp_path / "direct")
    edit = edited(project, kind, *edits)
    hopping = shutil.copytree(project, tmp_path / "hopping")
    check(edit, updated(project, NEXT))
    works(project)
    if edits == WORK:
        install_and_test(project)
    if between := tags[tags.index(tag) + 1 : -1]:
        for hop in [*between, NEXT]:
            check(edit, updated(hopping, hop))
            # Where a side was chosen, the edit has ended.
            for path in works(hopping):
                edit.added.pop(path, None)


def works(project: Path) -> set[str]:
    """Choose the template's side where there are two, refresh the lock, and see that it is whole; return where it was chosen."""
    marked = set()
    for path, content in read(project).items():
        if MARKERS.search(content):
            chosen = re.sub(rb"(?ms)^<<<<<<< .*?^=======\n(.*?)^>>>>>>> [^\n]*(\n|\Z)", rb"\1", content)
            (project / path).write_bytes(chosen)
            marked.add(path)
    run(POETRY, "lock", cwd=project)
    run(POETRY, "check", "--lock", "--strict", cwd=project)
    run("git", "commit", "--quiet", "--allow-empty", "--all", "--message=Chosen", cwd=project)
    return marked


def install_and_test(project: Path) -> None:
    """Install what the lock of a project names, and run its tests."""
    environment = {**os.environ, "POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    run(POETRY, "install", "--quiet", cwd=project, env=environment)
    run(POETRY, "run", "pytest", cwd=project, env=environment)


@pytest.mark.parametrize("installer", ["pip", "poetry"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tag", releases())
def test_an_edited_project_has_an_image(tag: str, kind: str, installer: str, template: Path, tmp_path: Path) -> None:
    answers = {"project_type": kind, "installer": installer, **EDITED}
    need_engine(answers)
    project = committed(copy(template, tag, answers, tmp_path / "old"), tmp_path)
    edited(project, kind, *WORK)
    updated(project, NEXT)
    works(project)
    with built(project) as (image, _):
        assert inspect(image)["Config"]["User"]


@pytest.mark.parametrize("given", ["package_name=other", "project_type=service"])
def test_what_would_lose_edits_is_refused(given: str, template: Path, tmp_path: Path) -> None:
    """Copier would delete the edited file, and write the one of the new answer as if nobody had touched it."""
    project = committed(copy(template, NEXT, {"project_name": "data-tool"}, tmp_path / "old"), tmp_path)
    edited(project, "package", "modules")
    before = read(project)
    result = update(project, NEXT, f"--data={given}")
    assert result.returncode != 0
    assert re.search("The package is data_tool so far|of the type package, and cannot become", result.stderr)
    assert read(project) == before
    unguarded = tmp_path / "unguarded"
    unguarded.mkdir()
    copy_parts(ROOT, unguarded)
    write(
        {"extensions/updates.jinja": b"{% macro kind_error() %}{% endmacro %}{% macro rename_error() %}{% endmacro %}"},
        unguarded,
    )
    release(template_copy := Path(shutil.copytree(template, tmp_path / "template")), "v10000", unguarded)
    text = (project / ".copier-answers.yml").read_text(encoding="utf-8")
    (project / ".copier-answers.yml").write_text(text.replace(str(template), str(template_copy)), encoding="utf-8")
    run("git", "commit", "--quiet", "--all", "--message=From another place", cwd=project)
    files = updated(project, "v10000", f"--data={given}")
    assert not [path for path, content in files.items() if b"def leave" in content]


def test_a_package_is_renamed_by_hand(template: Path, tmp_path: Path) -> None:
    project = committed(
        copy(template, next(iter(releases())), {"project_name": "data-tool"}, tmp_path / "old"), tmp_path
    )
    edited(project, "package", "modules")
    run("git", "mv", "src/data_tool", "src/other", cwd=project)
    run("sed", "-i", "s/^package_name: .*/package_name: other/", ".copier-answers.yml", cwd=project)
    run("git", "commit", "--quiet", "--all", "--message=Rename", cwd=project)
    assert b"def leave" in updated(project, NEXT)["src/other/cli.py"]


AFTER = "v10000"
"""A release after the working tree, for what no release has done yet."""


def successor(template: Path, folder: Path, change: Callable[[Path], object]) -> Path:
    """Return a copy of the template's repository, with one more release."""
    repository = shutil.copytree(template, folder / "template")
    source = folder / "source"
    source.mkdir()
    copy_parts(ROOT, source)
    change(source)
    release(repository, AFTER, source)
    return repository


def replace(file: Path, old: str, new: str) -> None:
    """Replace what is in a file once."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_a_question_is_added(template: Path, tmp_path: Path) -> None:
    """With a block that decides about a file. Without a default, repositories from before could not be updated."""
    question = "\nmascot:\n  type: bool\n  default: true\n"
    for guard, code in (("mascot | default(false)", 0), ("mascot", 1)):
        folder = tmp_path / str(code)

        def change(source: Path, guard: str = guard) -> None:
            write({"template/MASCOT": b"A cat.\n"}, source)
            replace(
                source / "copier.yml", "_exclude:\n", f"_exclude:\n  - '{{% if not {guard} %}}MASCOT{{% endif %}}'\n"
            )
            replace(source / "extensions/names.jinja", "package_index_url\n", "package_index_url mascot\n")
            with (source / "copier.yml").open("a", encoding="utf-8") as file:
                file.write(question)

        folder.mkdir()
        repository = successor(template, folder, change)
        project = committed(copy(repository, NEXT, {}, folder / "old"), folder)
        before = read(project)
        result = update(project, AFTER)
        assert (result.returncode != 0) == bool(code)
        assert ("MASCOT" in read(project)) != bool(code)
        assert not code or read(project) == before


@pytest.mark.parametrize("skipped", [False, True])
def test_a_deleted_file_stays_deleted(skipped: bool, template: Path, tmp_path: Path) -> None:
    """Copier brings it back if it is in _skip_if_exists, which is why nothing is."""

    def change(source: Path) -> None:
        if skipped:
            replace(source / "copier.yml", "_exclude:\n", "_skip_if_exists: [LICENSE]\n_exclude:\n")

    repository = successor(template, tmp_path, change)
    project = committed(copy(repository, NEXT, {}, tmp_path / "old"), tmp_path)
    (project / "LICENSE").unlink()
    run("git", "commit", "--quiet", "--all", "--message=Without", cwd=project)
    assert ("LICENSE" in updated(project, AFTER)) == skipped


def test_a_dropped_file_can_be_kept(template: Path, tmp_path: Path) -> None:
    """It is deleted, edited or not; the message says how it comes back, and it then stays."""
    repository = successor(template, tmp_path, lambda source: (source / "template/.editorconfig").unlink())
    project = committed(copy(repository, NEXT, {}, tmp_path / "old"), tmp_path)
    with (project / ".editorconfig").open("a", encoding="utf-8") as file:
        file.write("# Ours.\n")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
    result = update(project, AFTER)
    assert "git checkout HEAD -- FILE" in result.stderr
    assert run("git", "status", "--porcelain", "--", ".editorconfig", cwd=project) == " D .editorconfig\n"
    run("git", "checkout", "HEAD", "--", ".editorconfig", cwd=project)
    run("git", "commit", "--quiet", "--all", "--message=Update", cwd=project)
    assert b"# Ours." in updated(project, AFTER)[".editorconfig"]


def test_a_line_of_the_template_that_both_have_changed_is_marked(template: Path, tmp_path: Path) -> None:
    """In the user's README it is left as it is."""

    def change(source: Path) -> None:
        replace(source / "template/.editorconfig", "root = true", "root = false")
        replace(source / "template/README.md.jinja", "## Licence", "## License")

    repository = successor(template, tmp_path, change)
    project = committed(copy(repository, NEXT, {}, tmp_path / "old"), tmp_path)
    replace(project / ".editorconfig", "root = true", "root = maybe")
    replace(project / "README.md", "## Licence", "## Ours")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
    readme = (project / "README.md").read_bytes()
    files = updated(project, AFTER)
    assert MARKERS.search(files[".editorconfig"])
    assert b"root = maybe" in files[".editorconfig"]
    assert files["README.md"] == readme


def test_a_file_that_both_have_added_stays_the_users(template: Path, tmp_path: Path) -> None:
    repository = successor(
        template,
        tmp_path,
        lambda source: write({"template/src/{{ package_name }}/new.py.jinja": b"{{ yours -}}\n# Theirs.\n"}, source),
    )
    project = committed(copy(repository, NEXT, {}, tmp_path / "old") | {"src/myproject/new.py": b"# Ours.\n"}, tmp_path)
    assert updated(project, AFTER)["src/myproject/new.py"] == b"# Ours.\n"


@pytest.mark.parametrize("tag", releases())
def test_every_answer_of_a_release_still_counts(tag: str, template: Path, tmp_path: Path) -> None:
    """No question and no choice is gone: Copier would take the default in its place, without a word."""
    run("git", "worktree", "add", "--quiet", "--detach", tmp_path / "source", tag, cwd=template)
    combinations = Template(tmp_path / "source").product()
    missing = {one for combination in combinations for one in combination.asked.items()}
    for combination in combinations:
        if missing & combination.asked.items():
            missing -= combination.asked.items()
            answers = TEMPLATE.render(combination.asked)[".copier-answers.yml"]
            assert combination.asked.items() <= yaml.safe_load(answers).items()
    assert not missing


def test_what_has_drifted_is_listed(template: Path, tmp_path: Path) -> None:
    """By the task that the README names, which leaves everything as it is, and the user's files out."""
    project = committed(copy(template, NEXT, {}, tmp_path / "old"), tmp_path)
    assert "\npoetry run poe drift\n" in (project / "README.md").read_text(encoding="utf-8")
    tasks = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["poe"]["tasks"]
    for path in ("README.md", "src/myproject/cli.py", "tests/test_cli.py", "poetry.lock"):
        with (project / path).open("a", encoding="utf-8") as file:
            file.write("# Ours.\n")
    with (project / "Dockerfile").open("a", encoding="utf-8") as file:
        file.write("# Ours.\n")
    run("git", "rm", "--quiet", ".editorconfig", cwd=project)
    before = read(project)
    said = run(
        "sh",
        "-c",
        " ".join(tasks["drift"]["cmd"].split()),
        cwd=project,
        env={**os.environ, "PATH": f"{COPIER.parent}:{os.environ['PATH']}"},
    )
    assert set(re.findall(r"(create|overwrite)\S*  (\S+)", said)) == {
        ("create", ".editorconfig"),
        ("overwrite", "Dockerfile"),
    }
    assert read(project) == before
