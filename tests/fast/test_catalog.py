"""What is derived from the questions for catalogs and portals: the schema of the answers, and the entry of Backstage."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from tests.kit.answers import NEEDED, REFUSED, TEXTS, combination, combined, working_tree
from tests.kit.commands import COPIER, read
from tests.kit.rehearsal import known
from tools.render.template import ADDRESS, ROOT

SCHEMA = jsonschema.Draft7Validator(json.loads((ROOT / "docs/answers.schema.json").read_text(encoding="utf-8")))
[ENTITY, *SITUATIONS] = yaml.safe_load_all((ROOT / "catalog-info.yaml").read_text(encoding="utf-8"))
PICKED = {"repoUrl": "github.com?owner=octo-org&repo=x", "package_name": "myproject"}
ON_GITLAB = {"repoUrl": "gitlab.com?owner=octo-org&repo=x"}

WRONG: list[dict[str, Any]] = [
    {"projectname": "x"},
    {"license": "WTFPL"},
    {"project_type": "service", "command_name": "hello"},
    {"docker": False, "installer": "pip"},
    {"docker": False, "base_registry": "registry.example.com"},
    {"repository_host": "gitlab", "dependency_updates": "dependabot"},
    {"base_image": "distroless", "python_version": "3.12"},
    {"base_image": "distroless"},
    {"project_type": "service", "package_name": "fastapi"},
]


def test_every_combination_is_valid() -> None:
    for answers in combined(
        "project_type", "repository_host", "dependency_updates", "docs", "runtime_packages", "base_registry"
    ):
        assert SCHEMA.is_valid({**answers, "_commit": "v1.0.0"}), answers


@pytest.mark.parametrize("answers", WRONG, ids=str)
def test_what_copier_refuses_or_ignores_is_not_valid(answers: dict[str, Any]) -> None:
    assert not SCHEMA.is_valid(answers)


@pytest.mark.parametrize(("question", "answer"), REFUSED, ids=repr)
def test_a_text_that_is_refused_is_not_valid(question: str, answer: str) -> None:
    assert not SCHEMA.is_valid({question: answer, **NEEDED.get(question, {})})


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
def test_a_text_that_is_accepted_is_valid(texts: dict[str, str]) -> None:
    for question, answer in texts.items():
        assert SCHEMA.is_valid({question: answer, **NEEDED.get(question, {})}), question


def backstage(what: str, forms: list[dict[str, Any]], entity: Any = ENTITY, **more: Any) -> Any:
    """Return what the packages of Backstage say; skip the test where they are not installed."""
    if not (ROOT / ".node/node_modules/@rjsf").exists():
        pytest.skip("npm has installed nothing: run `make test` where it reaches its registry")
    said = subprocess.run(
        [ROOT / ".venv/bin/node", ROOT / "tests/nightly/backstage.js", ROOT / ".node"],
        input=json.dumps({"what": what, "entity": entity, "forms": forms, **more}),
        env={**os.environ, "PATH": f"{COPIER.parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(said.stdout)


def test_backstage_accepts_the_entry_and_what_its_form_gives() -> None:
    forms: list[dict[str, Any]] = [{**PICKED, "project_type": kind} for kind in ("package", "service", "environment")]
    forms += [{**PICKED, "docker": False}, {**PICKED, "python_version": "3.13", "base_image": "distroless"}]
    said = backstage("check", backstage("fill", forms))
    assert said == {"entity": True, "forms": [{"form": [], "backend": []}] * len(forms)}


def test_backstage_generates_what_its_form_gives(copier_template: Path, tmp_path: Path) -> None:
    """Without what the form still holds of questions that have gone away."""
    stale: dict[str, Any] = {
        "command_name": "bye",
        "base_image": "distroless",
        "docs": True,
        "runtime_packages": "curl",
    }
    given: list[dict[str, Any]] = [
        {},
        {"project_type": "service", "python_version": "3.13", "base_image": "distroless"},
        {"project_type": "environment", "docker": False, **stale},
    ]
    forms = backstage("fill", [{**PICKED, **one} for one in given])
    entity = json.loads(json.dumps(ENTITY).replace(ADDRESS, str(copier_template)))
    folders = [str(tmp_path / str(number)) for number in range(len(forms))]
    assert backstage("generate", forms, entity=entity, folders=folders) == [None] * len(forms)
    for folder, one in zip(folders, given, strict=True):
        expected = one if one.get("docker", True) else {"project_type": "environment", "docker": False}
        assert known(Path(folder)) == combination(**expected) | {
            "repository_owner": "octo-org",
            "project_description": "",
        }


def situation(entity: Any) -> dict[str, Any]:
    """Return the answers of the preset that an entity is made from."""
    path = ROOT / f"presets/{entity['metadata']['name'].removeprefix('copier-poetry-docker-')}.yml"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_a_situation_that_a_portal_can_publish_is_offered() -> None:
    """Not those that answer nothing but the kind, which is the first question; nor one without a host."""
    presets = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "presets").iterdir())]
    offered = [each for each in presets if len(each) > 1 and each.get("repository_host") != "none"]
    assert [situation(entity) for entity in SITUATIONS] == offered
    assert {situation(entity)["repository_host"] for entity in SITUATIONS} == {"github", "gitlab"}


@pytest.mark.parametrize("entity", SITUATIONS, ids=lambda entity: entity["metadata"]["name"])
def test_backstage_generates_a_situation_without_another_answer(
    entity: Any, copier_template: Path, tmp_path: Path
) -> None:
    """It has the answers of the preset, but for the owner; and none of them can be left out."""
    answers = situation(entity)
    forms = backstage("fill", [PICKED | (ON_GITLAB if answers["repository_host"] == "gitlab" else {})], entity)
    assert backstage("check", forms, entity) == {"entity": True, "forms": [{"form": [], "backend": []}]}
    elsewhere = json.loads(json.dumps(entity).replace(ADDRESS, str(copier_template)))
    assert backstage("generate", forms, elsewhere, folders=[str(tmp_path / "made")]) == [None]
    made, picked = read(tmp_path / "made"), {"repository_owner": "octo-org", "project_description": ""}
    assert (answers | picked).items() <= known(tmp_path / "made").items()
    recorded = {".copier-answers.yml": made[".copier-answers.yml"]}
    assert made == working_tree().render(answers | picked) | recorded
    named = answers.keys() - {"repository_owner"}
    without = [{name: answer for name, answer in forms[0].items() if name != left_out} for left_out in named]
    for form in backstage("check", without, entity)["forms"]:
        assert form["backend"]


def test_backstage_refuses_what_its_form_cannot_give() -> None:
    [form] = backstage("fill", [PICKED])
    wrong = [{"package_name": "class"}, {"repository_host": "gitlab"}, {"base_image": "distroless"}, {"license": "x"}]
    for answers in backstage("check", [{**form, **one} for one in wrong])["forms"]:
        assert answers["form"]
        assert answers["backend"]
