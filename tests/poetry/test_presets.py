"""The answers in presets/ and the defaults of an organisation, with the real command."""

import os
import re
from pathlib import Path

import pytest
import yaml

from tests.kit.answers import IMAGE_QUESTIONS, KINDS, working_tree
from tests.kit.commands import COPIER, read, run, write
from tests.kit.docker import context_of
from tests.kit.poetry_process import Poetry
from tests.kit.presets import BUILT_ALONE, answers_in, presets, stem
from tests.kit.rehearsal import known
from tools.render.template import Answers
from tools.repository import ROOT


def copy(folder: Path, *options: str | Path, settings: Path | None = None) -> Answers:
    """Generate a repository with the command, and return the answers that it records."""
    environment = os.environ | ({"COPIER_SETTINGS_PATH": str(settings)} if settings else {})
    run(COPIER, "copy", "--quiet", "--defaults", *options, working_tree().folder, folder, env=environment)
    return known(folder)


def test_each_kind_has_a_preset_of_its_name() -> None:
    assert {answers_in(ROOT / f"presets/{kind}.yml")["project_type"] for kind in KINDS} == set(KINDS)


@pytest.mark.cases("preset", presets, ids=stem)
def test_a_preset_is_accepted_whole(preset: Path, poetry: Poetry, tmp_path: Path) -> None:
    """The repository records each answer, so each question is asked with the others. The lock file is up to date."""
    assert preset.suffix == ".yml"
    assert preset.read_text(encoding="utf-8").startswith("# ")
    recorded = copy(tmp_path, f"--data-file={preset}", "--data=project_name=Data Tool")
    assert answers_in(preset).items() <= recorded.items()
    assert recorded["project_name"] == "Data Tool"
    poetry(tmp_path, "check", "--lock", "--strict")


def test_the_images_of_the_other_presets_are_built_elsewhere() -> None:
    """The tests of images build one for each combination of the answers to IMAGE_QUESTIONS."""
    for preset in presets():
        answers = answers_in(preset)
        image = {question: answers[question] for question in IMAGE_QUESTIONS if question in answers}
        same = context_of(working_tree().render(answers)) == context_of(working_tree().render(image))
        assert same == (preset.stem not in BUILT_ALONE), preset


def test_an_organisation_has_defaults_without_a_fork(tmp_path: Path) -> None:
    """From the Copier settings in docs/fleet.md. An answers file overrides them, and an answer overrides the file."""
    page = (ROOT / "docs/fleet.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(defaults:.*?)```", page, re.DOTALL)
    assert found
    write(
        {
            "settings.yml": found[1].encode(),
            "answers.yml": b"repository_owner: team\nauthor_email: ada@octo.example\n",
        },
        tmp_path,
    )
    settings, defaults = tmp_path / "settings.yml", yaml.safe_load(found[1])["defaults"]
    assert defaults.items() <= copy(tmp_path / "settings", settings=settings).items()
    data_file = f"--data-file={tmp_path}/answers.yml"
    more = defaults | {"repository_owner": "team", "author_email": "ada@octo.example"}
    assert more.items() <= copy(tmp_path / "file", data_file, settings=settings).items()
    most = more | {"author_email": "eve@octo.example", "package_index": "public"}
    given = [f"--data={key}={most[key]}" for key in ("author_email", "package_index")]
    del most["package_index_url"]
    recorded = copy(tmp_path / "data", *given, data_file, settings=settings)
    assert most.items() <= recorded.items()
    assert "package_index_url" not in recorded
    assert b"packages.octo.example" in read(tmp_path / "file")["pyproject.toml"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_default_for_what_is_not_asked_with_the_other_answers_changes_nothing(kind: str, tmp_path: Path) -> None:
    """Copier uses it as the value of a question that is not asked, and records no answer."""
    defaults: Answers = {
        "repository_owner": "octo-org",
        "template_owners": "@octo-org/x",
        "dependency_updates": "renovate",
    }
    defaults |= {
        "base_registry": "registry.octo.example",
        "devcontainer": True,
        "installer": "poetry",
        "package_index_url": "https://packages.octo.example",
    }
    write({"settings.yml": yaml.safe_dump({"defaults": defaults}).encode()}, tmp_path)
    given = [f"--data={answer}" for answer in (f"project_type={kind}", "repository_host=none", "docker=false")]
    copy(tmp_path / "plain", *given)
    copy(tmp_path / "set", *given, settings=tmp_path / "settings.yml")
    assert read(tmp_path / "set") == read(tmp_path / "plain")


def test_a_default_for_the_registry_changes_nothing_where_no_file_names_an_image(tmp_path: Path) -> None:
    """The configuration of Renovate has the names of images in other repositories."""
    write({"settings.yml": b"defaults:\n  base_registry: registry.octo.example\n"}, tmp_path)
    copy(tmp_path / "plain", "--data=docker=false")
    copy(tmp_path / "set", "--data=docker=false", settings=tmp_path / "settings.yml")
    assert b"registry" not in read(tmp_path / "set")["renovate.json"]
    assert read(tmp_path / "set") == read(tmp_path / "plain")
