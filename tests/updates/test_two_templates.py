"""Answers files in a repository of two templates, and a template that has moved."""

import re
import shutil
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import COPIER, committed, read, run, write
from tests.kit.rehearsal import AFTER, NEXT, guarded_update, replace, successor, tagged
from tools.clone import ANSWERS
from tools.fleet.command import standings
from tools.render.template import Files, copy_parts
from tools.repository import ROOT

NAME = ".copier-answers.second.yml"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Give another template with two releases, whose questions have names of ours."""
    files = {
        "copier.yml": b"project_type: {type: str, default: site}\nlicense: {type: str, default: CC0-1.0}\n",
        "{{ _copier_conf.answers_file }}.jinja": b"{{ _copier_answers | to_nice_yaml -}}\n",
        "site/index.html.jinja": b"<p>{{ project_type }} 1</p>\n\n\n\n<p>{{ license }}</p>\n",
    }
    repository = write(files, tmp_path / "site-template")
    run("git", "init", "--quiet", cwd=repository)
    for tag in ("v1.0", "v2.0"):
        run("git", "add", "--all", cwd=repository)
        tagged(repository, tag)
        (repository / "site/index.html.jinja").write_bytes(files["site/index.html.jinja"].replace(b"1", b"2"))
    return repository


def changed(before: Files, after: Files) -> set[str]:
    """Return the paths of changed files."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


@pytest.mark.parametrize("first", ["ours", "other"])
def test_each_template_leaves_the_other_alone(first: str, other: Path, template: Path, tmp_path: Path) -> None:
    """With edits in files of both. The fleet report lists our answers file alone."""
    repository = successor(
        template, tmp_path, lambda source: replace(source / "template/poetry.toml", "[solver]", "[solver]  # Theirs.")
    )
    project = committed({"notes.txt": b"Notes.\n"}, tmp_path)
    copies = {"ours": (repository, NEXT), "other": (other, "v1.0")}
    names = {"ours": ANSWERS if first == "ours" else NAME, "other": ANSWERS if first == "other" else NAME}
    for owner in (first, *(copies.keys() - {first})):
        source, tag = copies[owner]
        options = ["--quiet", "--defaults", f"--answers-file={names[owner]}", f"--vcs-ref={tag}"]
        run(COPIER, "copy", *options, source, project)
    for path in ("site/index.html", "poetry.toml"):
        with (project / path).open("a", encoding="utf-8") as file:
            file.write("\n# Ours.\n")
    run("sh", "-c", "git add --all && git commit --quiet --message=Edits", cwd=project)
    before = read(project)
    [found] = standings([project], repository, processes=1)
    assert (found.answers_file, found.behind) == (names["ours"], 1)
    assert found.drift == {"poetry.toml": "changed"}

    result = guarded_update(project)
    assert (result.returncode, result.stdout) == (0, f"changed: {names['ours']}\nchanged: poetry.toml\n")
    updated = read(project)
    assert changed(before, updated) == {"poetry.toml", names["ours"]}
    assert b"[solver]  # Theirs." in updated["poetry.toml"]
    assert b"# Ours." in updated["poetry.toml"]
    run("git", "commit", "--quiet", "--all", "--message=Update", cwd=project)

    run(COPIER, "update", "--quiet", "--defaults", f"--answers-file={names['other']}", cwd=project)
    assert changed(updated, read(project)) == {"site/index.html", names["other"]}
    text = (project / "site/index.html").read_text(encoding="utf-8")
    assert "<p>site 2</p>" in text
    assert "# Ours." in text
    assert f"_commit: {AFTER}\n".encode() in updated[names["ours"]]


def test_a_copy_beside_another_template_gets_none_of_its_answers(other: Path, tmp_path: Path) -> None:
    run(COPIER, "copy", "--quiet", "--defaults", other, tmp_path / "project")
    before = read(tmp_path / "project")
    source, project = working_tree().folder, tmp_path / "project"
    run(COPIER, "copy", "--quiet", "--defaults", f"--answers-file={NAME}", source, project)
    expected = working_tree().render({}, answers_file=NAME)
    assert changed(before | expected, read(project)) <= {NAME}
    assert b"license: MIT\n" in read(project)[NAME]


def test_a_moved_template_keeps_the_answers(tmp_path: Path) -> None:
    """At another address, a copy over the repository has the recorded answers, which are trusted."""
    template, project = tmp_path / "one/poetry-template", tmp_path / "project"
    template.mkdir(parents=True)
    copy_parts(ROOT, template)
    run(COPIER, "copy", "--quiet", "--defaults", "--data=license=Apache-2.0", template, project)
    moved = tmp_path / "two/poetry-template"
    shutil.copytree(template, moved)
    for recorded in (str(template), "git@example.com:acme/poetry-template.git"):
        answers = re.sub(
            "(?m)^_src_path: .*", f"_src_path: {recorded}", (project / ANSWERS).read_text(encoding="utf-8")
        )
        (project / ANSWERS).write_text(answers, encoding="utf-8")
        run(COPIER, "copy", "--quiet", "--defaults", "--overwrite", moved, project)
        text = (project / ANSWERS).read_text(encoding="utf-8")
        assert "license: Apache-2.0\n" in text
        assert f"_src_path: {moved}\n" in text
