"""The answers file: its name in every command, and files of other templates."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.kit.answers import EXAMPLES, combined, working_tree
from tests.kit.commands import COPIER, read, run, write
from tests.kit.rendered_files import distinct, sources
from tests.kit.shapes import PLAIN, existing
from tools.adopt.adoption import adopt
from tools.adopt.project import RefusalError
from tools.clone import ANSWERS
from tools.render.template import Answers, Rendering, Template
from tools.render.variants import Variants
from tools.repository import ROOT, address

NAME = ".copier-answers.ours.yml"

COMMAND = re.compile(
    r"copier (?:update|recopy|check-update|copy)\b(?! --answers-file=[.]copier-answers[.]ours[.]yml\b)"
)
"""A command of Copier without the name of the answers file."""


COMBINED = {"project_type", "repository_host", "dependency_updates", "docker", "package_index"}
"""Questions that decide together which commands there are. The others vary one at a time."""


class Named(Template):
    """The template with another name of the answers file."""

    def _worker(self, answers: Answers, answers_file: str | None = None) -> Rendering:
        return super()._worker(answers, answers_file or NAME)


def test_every_command_names_the_answers_file() -> None:
    """In all variants of all files, and in the messages."""
    template = Named()
    alone = template.questions.keys() - COMBINED
    found = distinct(*sources(), every=Variants(template, [EXAMPLES], alone))
    texts = {(one.path, one.content.decode()) for one in found}
    texts |= {(NAME, template.render(answers)[NAME].decode()) for answers in combined("project_type")}
    for answers in combined("project_type", "repository_host", "docker"):
        worker = template._worker(answers)
        worker._ask()
        for message in (worker.template.message_after_copy, worker.template.message_after_update):
            texts.add(("message", worker._render_string(message)))
    assert [(path, match[0]) for path, text in texts for match in COMMAND.finditer(text)] == []
    assert [path for path, text in texts if ANSWERS in text] == []
    named = {path for path, text in texts if f"--answers-file={NAME}" in text}
    assert named == {".github/workflows/template.yml", ".gitlab-ci.yml"}
    assert {path for path, text in texts if f'ANSWERS = "{NAME}"' in text} == {".tools/template.py"}


OURS = "https://github.com/octo-org/poetry-template"

SAME = [
    (OURS, f"{OURS}.git"),
    (OURS, f"{OURS}/"),
    (OURS, f"{OURS}.git/"),
    (OURS, "gh:octo-org/poetry-template"),
    (OURS, "gh:/octo-org/poetry-template.git"),
    (OURS, "git@github.com:octo-org/poetry-template.git"),
    (OURS, "git@work:octo-org/poetry-template.git"),
    (OURS, "ssh://git@github.com:22/octo-org/poetry-template"),
    (OURS, "git+https://GitHub.com/Octo-Org/Poetry-Template"),
    (OURS, "/home/ada/poetry-template"),
    (OURS, "~/poetry-template/"),
    (OURS, "../poetry-template"),
    (OURS, "file:///srv/poetry-template.git"),
    (OURS, r"C:\src\poetry-template"),
    ("gl:group/sub/poetry-template", "https://gitlab.com/group/sub/poetry-template.git"),
    ("/home/ada/work", "/srv/work"),
    ("/home/ada/any", f"{address()}.git"),
    ("/home/ada/any", "gh:fork/copier-poetry-docker"),
    ("a:b", "a:b"),
]
"""Addresses of one template."""

OTHER = [
    (OURS, "gh:octo-org/docs-template"),
    (OURS, "gh:acme/poetry-template"),
    (OURS, "https://github.com/octo-org/poetry-template.old"),
    (OURS, "/home/ada/docs-template"),
    ("/home/ada/any", "gh:octo-org/docs-template"),
    ("/home/ada/any", "/home/ada/docs-template"),
    (OURS, "poetry-template-2"),
    (OURS, 1.5),
    (OURS, ["a"]),
]
"""Addresses of two templates."""


def error(recorded: object, here: str) -> str:
    """Return the error about a recorded address."""
    return working_tree().other_template_error(ANSWERS, recorded, here)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_template_can_have_several_addresses(one: str, other: str) -> None:
    assert error(other, one) == ""


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_template_has_another_address(one: str, other: object) -> None:
    assert error(other, one).endswith(f" {ANSWERS} is of {json.dumps(str(other))}.")


def test_the_name_of_the_template_is_that_of_its_address() -> None:
    text = (ROOT / "extensions/addresses.jinja").read_text(encoding="utf-8")
    assert f'{{% set own_name = "{address().rsplit("/", 1)[1]}" %}}' in text


OTHERS = b"_commit: v2.0\n_src_path: gh:acme/docs\nproject_type: library\nproject_name: true\nlicense: WTFPL\n"
"""The answers file of another template, with questions of the same names."""


def copy(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Copy the template into a folder without a terminal."""
    command: list[str | Path] = [COPIER, "copy", *options, working_tree().folder, folder]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("options", [[], ["--defaults"], ["--defaults", "--overwrite", "--data=project_type=package"]])
def test_a_copy_over_another_template_is_refused(options: list[str], tmp_path: Path) -> None:
    write({ANSWERS: OTHERS}, tmp_path)
    result = copy(tmp_path, *options)
    assert result.returncode != 0
    remedy, _, rest = result.stderr.splitlines()[-1].partition(": Pass --answers-file ")
    assert len(f"{remedy}: Pass --answers-file".removeprefix("ValueError: ")) <= 80
    assert rest == (
        "(.copier-answers.poetry.yml), or correct _src_path if this template has moved: "
        f'{ANSWERS} is of "gh:acme/docs".'
    )
    assert read(tmp_path) == {ANSWERS: OTHERS}


def test_an_adoption_does_not_replace_answers(tmp_path: Path) -> None:
    def refusal(name: str, files: dict[str, bytes], answers_file: str = ANSWERS) -> str:
        project = write(files, existing(PLAIN, tmp_path / name, lock=False))
        run("sh", "-c", "git add --all && git commit --quiet --message=Answers", cwd=project)
        with pytest.raises(RefusalError) as caught:
            adopt(project, template="gh:octo-org/poetry-template", answers_file=answers_file)
        assert os.linesep not in str(caught.value)
        return str(caught.value)

    ours = b"_src_path: git@github.com:octo-org/poetry-template.git\n"
    other = "Pass --answers-file (.copier-answers.poetry.yml), "
    assert refusal("other", {ANSWERS: OTHERS}).startswith(other)
    assert refusal("ours", {ANSWERS: ours}).startswith("Run `copier update` in ")
    assert refusal("no address", {ANSWERS: b""}).startswith("Run `copier update` in ")
    assert refusal("both", {ANSWERS: OTHERS, NAME: ours}).startswith(f"Run `copier update --answers-file={NAME}` in ")
    assert refusal("given", {"a.yml": OTHERS}, "a.yml").startswith(other)
    assert refusal("broken", {ANSWERS: b"["}).startswith(f"Correct {ANSWERS} first: ")
