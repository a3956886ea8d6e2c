"""`copier update` from every release to the working tree, of untouched and of edited repositories.

tests/nightly/test_update_hops.py has each edit alone, updates through each release between, and images.
"""

import re
import shlex
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml
from copier import run_copy
from pytest_copier.plugin import CopierFixture

from tests.kit.answers import FIXED, KINDS, NEEDED, PUBLIC, combination, working_tree
from tests.kit.commands import ENVIRONMENT, committed, read, run, write
from tests.kit.rehearsal import (
    AFTER,
    EDITED,
    MARKERS,
    NEXT,
    check,
    choose_template_side,
    combined_edits,
    edited,
    generated,
    known,
    refresh_lock,
    regions,
    release,
    release_tags,
    replace,
    successor,
    update,
    updated,
)
from tools.render.template import Template, copy_parts
from tools.repository import ROOT


def rehearsals() -> list[tuple[str, str, str]]:
    """Return each release with each kind; the installers take turns."""
    installers = ("pip", "poetry")
    return [
        (tag, kind, installers[(number + turn) % 2])
        for number, tag in enumerate(release_tags())
        for turn, kind in enumerate(KINDS)
    ]


def edited_rehearsals() -> list[tuple[str, str, str]]:
    """Return a rehearsal of each kind; the releases and the installers take turns."""
    tags, installers = release_tags(), ("pip", "poetry")
    return [(tags[turn % len(tags)], kind, installers[turn % 2]) for turn, kind in enumerate(KINDS)]


def test_the_changelog_has_every_release() -> None:
    """If the history is cut off, this names the missing releases."""
    headings = re.findall(r"(?m)^## (\d+\.\d+\.\d+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert [f"v{version}" for version in reversed(headings)] == list(release_tags())


def test_an_update_keeps_the_users_lines(copier: CopierFixture, tmp_path: Path) -> None:
    """The user has changed one file and the template another."""
    project = copier.copy(tmp_path / "new")
    project.run("git init && git add --all && git commit --message=Start")
    readme = project.path / "README.md"
    readme.write_text(readme.read_text(encoding="utf-8").replace("## Licence", "## Thanks\n\nAda.\n\n## Licence"))
    project.run("git commit --all --message=Thanks")
    project.update(author_name="Ada")
    assert "Ada.\n\n## Licence" in readme.read_text(encoding="utf-8")
    assert 'authors = [{ name = "Ada" }]' in (project.path / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.cases(("tag", "kind", "installer"), rehearsals)
def test_an_untouched_repository_becomes_a_new_one(
    tag: str, kind: str, installer: str, template: Path, tmp_path: Path
) -> None:
    answers = {"project_type": kind, "project_name": "data-tool", "installer": installer}
    project = committed(generated(template, tag, answers, tmp_path / "old"), tmp_path)
    files = updated(project, NEXT)
    assert files == generated(template, NEXT, known(project), tmp_path / "new")


@pytest.mark.cases(("tag", "kind", "installer"), edited_rehearsals)
def test_all_edits_together_are_kept(tag: str, kind: str, installer: str, template: Path, tmp_path: Path) -> None:
    """Afterwards, Poetry can lock the repository. tests/nightly has each kind with each release."""
    answers = {"project_type": kind, "installer": installer, **EDITED}
    project = committed(generated(template, tag, answers, tmp_path / "old"), tmp_path)
    check(edited(project, kind, *combined_edits()), updated(project, NEXT))
    choose_template_side(project)
    refresh_lock(project)


@pytest.mark.parametrize("kind", KINDS)
def test_an_update_bounds_the_python_and_keeps_the_one_of_the_image(kind: str, template: Path, tmp_path: Path) -> None:
    """Of a repository of the last release, with a lock of the user's own."""
    answers = {"project_type": kind, "project_name": "data-tool", "python_version": "3.12"}
    project = committed(generated(template, release_tags()[-1], answers, tmp_path / "old"), tmp_path)
    with (project / "poetry.lock").open("a", encoding="utf-8") as file:
        file.write("# Ours.\n")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
    before, files = read(project), updated(project, NEXT)
    bound = "" if kind == "package" else ",<3.13"
    assert tomllib.loads(files["pyproject.toml"].decode())["project"]["requires-python"] == f">=3.12{bound}"
    matrix = yaml.safe_load(files[".github/workflows/ci.yml"])["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python-version"] == (["3.12"] if bound else ["3.12", "3.13", "3.14", "3.15"])
    for each in (before, files):
        assert "ARG PYTHON_IMAGE=python:3.12-slim-trixie" in each["Dockerfile"].decode().splitlines()
    assert known(project)["image_python"] == "3.12"
    # The user's lock is stale: `poetry lock` brings it up to date, as the message of the update says.
    assert files["poetry.lock"] == before["poetry.lock"]


def test_a_bound_of_the_users_own_gets_conflict_markers(template: Path, tmp_path: Path) -> None:
    answers = {"project_type": "service", "project_name": "data-tool", "python_version": "3.12"}
    project = committed(generated(template, release_tags()[-1], answers, tmp_path / "old"), tmp_path)
    replace(project / "pyproject.toml", 'requires-python = ">=3.12"', 'requires-python = ">=3.12,<3.14"')
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
    text = updated(project, NEXT)["pyproject.toml"].decode()
    assert regions(text) == {"project.requires-python"}
    assert {'requires-python = ">=3.12,<3.14"', 'requires-python = ">=3.12,<3.13"'} <= set(text.splitlines())


@pytest.mark.parametrize("given", ["package_name=other", "project_type=service"])
def test_an_update_that_would_lose_edits_is_refused(given: str, template: Path, tmp_path: Path) -> None:
    """Without the guard, Copier deletes the edited file and writes a new one without the edits."""
    project = committed(generated(template, NEXT, {"project_name": "data-tool"}, tmp_path / "old"), tmp_path)
    edited(project, "package", "modules")
    before = read(project)
    result = update(project, NEXT, f"--data={given}")
    assert result.returncode != 0
    assert re.search("Rename data_tool by|cannot change the type package", result.stderr)
    assert read(project) == before
    unguarded = tmp_path / "unguarded"
    unguarded.mkdir()
    copy_parts(ROOT, unguarded)
    silent = "".join(
        f"{{% macro {name} %}}{{% endmacro %}}"
        for name in (
            "given_error()",
            "kind_error()",
            "other_error()",
            "rename_error()",
            "lost_error(question, answer, asked=true)",
        )
    )
    write({"extensions/updates.jinja": silent.encode()}, unguarded)
    release(template_copy := Path(shutil.copytree(template, tmp_path / "template")), "v10000", unguarded)
    text = (project / ".copier-answers.yml").read_text(encoding="utf-8")
    (project / ".copier-answers.yml").write_text(text.replace(str(template), str(template_copy)), encoding="utf-8")
    run("git", "commit", "--quiet", "--all", "--message=Use the copy", cwd=project)
    question, _, answer = given.partition("=")
    files = updated(project, "v10000", **{question: answer})
    assert not [path for path, content in files.items() if b"def leave" in content]


def test_a_package_is_renamed_by_hand(template: Path, tmp_path: Path) -> None:
    project = committed(
        generated(template, release_tags()[0], {"project_name": "data-tool"}, tmp_path / "old"), tmp_path
    )
    edited(project, "package", "modules")
    run("git", "mv", "src/data_tool", "src/other", cwd=project)
    run("sed", "-i", "s/^package_name: .*/package_name: other/", ".copier-answers.yml", cwd=project)
    run("git", "commit", "--quiet", "--all", "--message=Rename", cwd=project)
    assert b"def leave" in updated(project, NEXT)["src/other/cli.py"]


@pytest.mark.parametrize("skipped", [False, True])
def test_a_deleted_file_stays_deleted(skipped: bool, template: Path, tmp_path: Path) -> None:
    """Copier would restore it if it were in _skip_if_exists, so the template does not use that."""

    def change(source: Path) -> None:
        if skipped:
            replace(source / "copier.yml", "_exclude:\n", "_skip_if_exists: [LICENSE]\n_exclude:\n")

    repository = successor(template, tmp_path, change)
    project = committed(generated(repository, NEXT, {}, tmp_path / "old"), tmp_path)
    (project / "LICENSE").unlink()
    run("git", "commit", "--quiet", "--all", "--message=Without", cwd=project)
    assert ("LICENSE" in updated(project, AFTER)) == skipped


def test_a_dropped_file_can_be_kept(template: Path, tmp_path: Path) -> None:
    """Copier deletes it, edited or not. The message says how to restore it, and later updates leave it alone."""
    repository = successor(template, tmp_path, lambda source: (source / "template/poetry.toml").unlink())
    project = committed(generated(repository, NEXT, {}, tmp_path / "old"), tmp_path)
    with (project / "poetry.toml").open("a", encoding="utf-8") as file:
        file.write("# Ours.\n")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
    result = update(project, AFTER)
    assert "git checkout HEAD -- FILE" in result.stderr
    assert run("git", "status", "--porcelain", "--", "poetry.toml", cwd=project) == " D poetry.toml\n"
    run("git", "checkout", "HEAD", "--", "poetry.toml", cwd=project)
    run("git", "commit", "--quiet", "--all", "--message=Update", cwd=project)
    assert b"# Ours." in updated(project, AFTER)["poetry.toml"]


def test_a_line_that_user_and_template_change_gets_conflict_markers(template: Path, tmp_path: Path) -> None:
    """But not in the README, which the user owns."""

    def change(source: Path) -> None:
        replace(source / "template/poetry.toml", "[solver]", "[solver]  # Theirs.")
        replace(source / "template/README.md.jinja", "## Licence", "## License")

    repository = successor(template, tmp_path, change)
    project = committed(generated(repository, NEXT, {}, tmp_path / "old"), tmp_path)
    replace(project / "poetry.toml", "[solver]", "[solver]  # Mine.")
    replace(project / "README.md", "## Licence", "## Ours")
    run("git", "commit", "--quiet", "--all", "--message=Edit", cwd=project)
    readme = (project / "README.md").read_bytes()
    files = updated(project, AFTER)
    assert MARKERS.search(files["poetry.toml"])
    assert b"[solver]  # Mine." in files["poetry.toml"]
    assert files["README.md"] == readme


def test_a_file_that_user_and_template_add_stays_the_users(template: Path, tmp_path: Path) -> None:
    repository = successor(
        template,
        tmp_path,
        lambda source: write({"template/src/{{ package_name }}/new.py.jinja": b"{{ yours -}}\n# Theirs.\n"}, source),
    )
    project = committed(
        generated(repository, NEXT, {}, tmp_path / "old") | {"src/myproject/new.py": b"# Ours.\n"}, tmp_path
    )
    assert updated(project, AFTER)["src/myproject/new.py"] == b"# Ours.\n"


def questions_that_refuse() -> list[str]:
    """Return the questions with an answer that Copier does not accept: all but yes and no."""
    return [question for question in PUBLIC if working_tree().questions[question]["type"] != "bool"]


@pytest.mark.cases("question", questions_that_refuse)
def test_no_default_silently_replaces_an_answer(question: str, tmp_path: Path) -> None:
    """If a recorded answer is no longer accepted: a removed choice, or a refused text."""
    answers = combination(**NEEDED.get(question, {})) | {question: "no\nmore"}
    write({".copier-answers.yml": yaml.safe_dump(answers).encode()}, tmp_path)
    with pytest.raises(ValueError, match=r"this release does not accept|Rename no\nmore|change the type no\nmore"):
        run_copy(str(working_tree().folder), tmp_path, defaults=True, overwrite=True, quiet=True)
    assert [file.name for file in tmp_path.iterdir()] == [".copier-answers.yml"]


@pytest.mark.cases("tag", release_tags)
def test_every_answer_of_a_release_is_still_accepted(tag: str, template: Path, tmp_path: Path) -> None:
    """No question and no choice is gone: Copier would silently take the default."""
    run("git", "worktree", "add", "--quiet", "--detach", tmp_path / "source", tag, cwd=template)
    combinations = Template(tmp_path / "source").product()
    missing = {answer for one in combinations for answer in one.asked.items() if answer[0] not in FIXED}
    for one in combinations:
        if missing & one.asked.items():
            missing -= one.asked.items()
            answers = yaml.safe_load(working_tree().render(one.asked)[".copier-answers.yml"])
            assert {answer for answer in one.asked.items() if answer[0] not in FIXED} <= answers.items()
    assert not missing


def test_the_drift_task_lists_changed_files_of_the_template(template: Path, tmp_path: Path) -> None:
    """The task of the README omits the user's files and changes nothing."""
    project = committed(generated(template, NEXT, {}, tmp_path / "old"), tmp_path)
    assert "\npoetry run poe drift\n" in (project / "README.md").read_text(encoding="utf-8")
    tasks = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["poe"]["tasks"]
    for path in ("README.md", "src/myproject/cli.py", "tests/test_cli.py", "poetry.lock"):
        with (project / path).open("a", encoding="utf-8") as file:
            file.write("# Ours.\n")
    with (project / "Dockerfile").open("a", encoding="utf-8") as file:
        file.write("# Ours.\n")
    run("git", "rm", "--quiet", "poetry.toml", cwd=project)
    before = read(project)
    output = run(*shlex.split(tasks["drift"]["cmd"]), cwd=project, env=ENVIRONMENT)
    assert output == "changed: Dockerfile\nmissing: poetry.toml\n"
    assert read(project) == before
