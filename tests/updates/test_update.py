"""`copier update`, from every release to the working tree, of repositories that nobody and that somebody has edited."""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from copier import run_copy
from pathspec import GitIgnoreSpec

from tests.kit.answers import FIXED, KINDS, NEEDED, PUBLIC, combination, working_tree
from tests.kit.commands import COPIER, POETRY, committed, read, run, write
from tests.kit.docker import built, inspect, need_engine
from tests.kit.rehearsal import (
    AFTER,
    APART,
    EDITED,
    MARKERS,
    NEXT,
    WORK,
    Edited,
    check,
    copy,
    edited,
    known,
    owner,
    regions,
    release,
    replace,
    successor,
    update,
    updated,
)
from tests.kit.rendered_files import variants
from tools.history import releases
from tools.render.template import Template, copy_parts
from tools.repository import ROOT


def test_the_changelog_has_every_release() -> None:
    """Of a history that is cut off, this tells what is missing."""
    told = re.findall(r"(?m)^## (\d+\.\d+\.\d+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert [f"v{version}" for version in reversed(told)] == list(releases())


def test_every_file_has_one_owner() -> None:
    """What the user owns, and nothing else, is kept from being merged by force."""
    for source in working_tree().sources:
        text = (ROOT / source).read_text(encoding="utf-8")
        for path in variants().paths(source):
            assert (owner(path) == "yours") == (text.startswith("{{ yours -}}\n") or not text), path


def test_the_owners_of_the_template_are_asked_about_its_files_and_no_others() -> None:
    held = variants().combinations("template/CODEOWNERS.jinja", questions=["project_type"])
    for one in (one for one in held if one.asked.get("template_owners")):
        files = variants().places(one).values()
        text = variants().content("template/CODEOWNERS.jinja", one).decode()
        patterns = re.findall(r"(?m)^(/\S+) (?:@|\w)", text)
        assert patterns
        matched = [set(GitIgnoreSpec.from_lines([pattern]).match_files(files)) for pattern in patterns]
        assert set().union(*matched) == {path for path in files if owner(path) == "template"}


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


CASES = [(WORK, "pip"), (WORK, "poetry"), *(([edit], "pip") for edit in sorted(APART))]


def rehearsals() -> Iterator[Any]:
    """Give the releases and kinds with the edits that are made there.

    All work is done in each; the other cases take turns, so that each meets every release and every kind.
    """
    for (number, tag), (turn, kind) in product(enumerate(releases()), enumerate(KINDS)):
        for case, (edits, installer) in enumerate(CASES):
            if case == 0 or (number + turn + case) % 2 == 0:
                title = "-".join([tag, kind, "work" if edits == WORK else edits[0], installer])
                yield pytest.param(tag, kind, edits, installer, id=title)


def test_every_edit_meets_every_release_and_every_kind() -> None:
    found = [case.values for case in rehearsals()]
    for edits, installer in CASES:
        of = [(tag, kind) for tag, kind, *case in found if case == [edits, installer]]
        assert {tag for tag, _ in of} == set(releases())
        assert {kind for _, kind in of} == set(KINDS)


@pytest.mark.parametrize(("tag", "kind", "edits", "installer"), list(rehearsals()))
def test_edits_are_kept(
    tag: str, kind: str, edits: Sequence[str], installer: str, template: Path, tmp_path: Path
) -> None:
    """By an update at once and by one through each release between, after which everything works, image and all."""
    answers = {"project_type": kind, "installer": installer, **EDITED}
    project = committed(copy(template, tag, answers, tmp_path / "old"), tmp_path / "direct")
    edit = edited(project, kind, *edits)
    hopping = shutil.copytree(project, tmp_path / "hopping")
    check(edit, updated(project, NEXT))
    works(project)
    if installer == "pip":
        hop(hopping, edit, list(releases())[list(releases()).index(tag) + 1 :])
    if edits == WORK:
        if installer == "pip":
            install_and_test(project)
        need_engine(answers)
        with built(project) as (image, _):
            assert inspect(image)["Config"]["User"]


def hop(project: Path, edit: Edited, between: Sequence[str]) -> None:
    """Update a project with an edit through the releases between, if there are any, to the working tree."""
    for tag in [*between, NEXT] if between else ():
        check(edit, updated(project, tag))
        # Where a side was chosen, the edit has ended.
        for path in works(project):
            edit.added.pop(path, None)


def works(project: Path) -> set[str]:
    """Choose the template's side where there are two, refresh the lock, and see that it is whole; return where it was chosen.

    A lock that is fresh is left as it is, as `poetry lock` would: test_lock.py holds it to that.
    """
    marked = set()
    for path, content in read(project).items():
        if MARKERS.search(content):
            chosen = re.sub(rb"(?ms)^<<<<<<< .*?^=======\n(.*?)^>>>>>>> [^\n]*(\n|\Z)", rb"\1", content)
            (project / path).write_bytes(chosen)
            marked.add(path)
    checking: list[str | Path] = [POETRY, "check", "--lock", "--strict"]
    if subprocess.run(checking, cwd=project, capture_output=True, check=False).returncode:
        run(POETRY, "lock", cwd=project)
        run(*checking, cwd=project)
    run("git", "commit", "--quiet", "--allow-empty", "--all", "--message=Chosen", cwd=project)
    return marked


def install_and_test(project: Path) -> None:
    """Install what the lock of a project names, and run its tests."""
    environment = {**os.environ, "POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    run(POETRY, "install", "--quiet", cwd=project, env=environment)
    run(POETRY, "run", "pytest", cwd=project, env=environment)


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
    silent = "".join(
        f"{{% macro {name} %}}{{% endmacro %}}"
        for name in ("kind_error()", "rename_error()", "lost_error(question, answer, asked=true)")
    )
    write({"extensions/updates.jinja": silent.encode()}, unguarded)
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


@pytest.mark.parametrize("question", [one for one in PUBLIC if working_tree().questions[one]["type"] != "bool"])
def test_no_default_takes_the_place_of_an_answer_in_silence(question: str, tmp_path: Path) -> None:
    """Where an answer is not accepted any more, be it a choice that is gone or a text that is refused by now."""
    answers = combination(**NEEDED.get(question, {})) | {question: "no\nmore"}
    write({".copier-answers.yml": yaml.safe_dump(answers).encode()}, tmp_path)
    with pytest.raises(ValueError, match=r"is not accepted any more: give another|so far: rename|of the type no\nmore"):
        run_copy(str(working_tree().folder), tmp_path, defaults=True, overwrite=True, quiet=True)
    assert [file.name for file in tmp_path.iterdir()] == [".copier-answers.yml"]


@pytest.mark.parametrize("guarded", [True, False])
def test_a_choice_is_retired(guarded: bool, template: Path, tmp_path: Path) -> None:
    """Without the guard, a repository that had it is given the default, without a word."""

    def change(source: Path) -> None:
        replace(source / "copier.yml", "choices: [MIT, Apache-2.0, ", "choices: [MIT, ")
        if not guarded:
            replace(source / "copier.yml", '{{ lost_error("license", license) }}', "")

    repository = successor(template, tmp_path, change)
    project = committed(copy(repository, NEXT, {"license": "Apache-2.0"}, tmp_path / "old"), tmp_path)
    before = read(project)
    result = update(project, AFTER)
    assert (
        "The answer Apache-2.0 is not accepted any more: give another by --data license=ANSWER." in result.stderr
    ) == (guarded)
    assert (read(project) == before) == guarded
    if guarded:
        assert known(project)["license"] == "Apache-2.0"
        assert updated(project, AFTER, "--data=license=BSD-3-Clause")["LICENSE"].startswith(b"BSD 3-Clause")
    else:
        assert read(project)["LICENSE"].startswith(b"MIT License")


def test_a_question_gets_another_name(template: Path, tmp_path: Path) -> None:
    """Its answer is taken over from what is recorded, which needs no trust, as a migration would."""
    pet = "\npet:\n  type: str\n  default: cat\n"
    mascot = """
mascot:
  type: str
  default: >-
    {% from "extensions/updates.jinja" import recorded with context -%}
    {{ _external_data.recorded.pet | default("cat") if recorded() else "cat" }}
"""

    def with_question(question: str) -> None:
        replace(source / "extensions/names.jinja", "package_index_url\n", "package_index_url pet mascot\n")
        with (source / "copier.yml").open("a", encoding="utf-8") as file:
            file.write(question)

    for number, question in enumerate((pet, mascot)):
        source = tmp_path / str(number)
        source.mkdir()
        copy_parts(ROOT, source)
        with_question(question)
        if not number:
            repository = Path(shutil.copytree(template, tmp_path / "template"))
        release(repository, f"v1000{number}", source)
    project = committed(copy(repository, "v10000", {"pet": "dog"}, tmp_path / "old"), tmp_path)
    updated(project, "v10001")
    assert known(project)["mascot"] == "dog"
    assert "pet" not in known(project)


def test_a_file_is_moved(template: Path, tmp_path: Path) -> None:
    """One of the template's is deleted where it was, edited or not. One of the user's stays, as _exclude still names it."""

    def change(source: Path) -> None:
        for old, new in (
            (".editorconfig", "tools.editorconfig"),
            ("tests/test_cli.py.jinja", "tests/test_hello.py.jinja"),
        ):
            (source / "template" / old).rename(source / "template" / new)
        replace(source / "copier.yml", "_exclude:\n", "_exclude:\n  - tests/test_cli.py\n")

    repository = successor(template, tmp_path, change)
    project = committed(copy(repository, NEXT, {}, tmp_path / "old"), tmp_path)
    for path in (".editorconfig", "tests/test_cli.py"):
        with (project / path).open("a", encoding="utf-8") as file:
            file.write("# Ours.\n")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
    result = update(project, AFTER)
    assert "git checkout HEAD -- FILE" in result.stderr
    files = read(project)
    assert {"tools.editorconfig", "tests/test_hello.py"} <= files.keys()
    assert b"# Ours." in files["tests/test_cli.py"]
    run("git", "checkout", "HEAD", "--", ".editorconfig", cwd=project)
    assert b"# Ours." in read(project)[".editorconfig"]


def test_a_region_is_rewritten(template: Path, tmp_path: Path) -> None:
    """Edits beside it are merged. Edits in it are marked, with both sides there."""

    def change(source: Path) -> None:
        replace(
            source / "template/pyproject.toml.jinja",
            'extend-select = ["B", "N", "PT", "RUF", "SIM", "UP"]',
            'select = ["ALL"]\nignore = ["D"]',
        )

    repository = successor(template, tmp_path, change)
    before = copy(repository, NEXT, {"project_name": "data-tool"}, tmp_path / "old")
    beside, inside = committed(before, tmp_path / "beside"), committed(before, tmp_path / "inside")
    for project, old, new in (
        (beside, "show_missing = true", "show_missing = false"),
        (inside, '"UP"]', '"UP", "Y"]'),
    ):
        replace(project / "pyproject.toml", old, new)
        run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
        updated(project, AFTER)
    merged = (beside / "pyproject.toml").read_text(encoding="utf-8")
    assert tomllib.loads(merged)["tool"]["ruff"]["lint"] == {"select": ["ALL"], "ignore": ["D"]}
    assert "show_missing = false" in merged
    marked = (inside / "pyproject.toml").read_text(encoding="utf-8")
    assert regions(marked) == {"tool"}
    assert '"UP", "Y"]' in marked
    assert 'select = ["ALL"]' in marked


@pytest.mark.parametrize("tag", releases())
def test_every_answer_of_a_release_still_counts(tag: str, template: Path, tmp_path: Path) -> None:
    """No question and no choice is gone: Copier would take the default in its place, without a word."""
    run("git", "worktree", "add", "--quiet", "--detach", tmp_path / "source", tag, cwd=template)
    combinations = Template(tmp_path / "source").product()
    missing = {answer for one in combinations for answer in one.asked.items() if answer[0] not in FIXED}
    for one in combinations:
        if missing & one.asked.items():
            missing -= one.asked.items()
            answers = yaml.safe_load(working_tree().render(one.asked)[".copier-answers.yml"])
            assert {answer for answer in one.asked.items() if answer[0] not in FIXED} <= answers.items()
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
    assert "poetry install" not in said
    assert read(project) == before
