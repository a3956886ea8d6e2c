"""The JSON Schema of answers files, and the Backstage entities. Backstage itself runs in tests/nightly/test_backstage.py."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from tests.kit.answers import NEEDED, REFUSED, TEXTS, combined, working_tree
from tests.kit.backstage import entities, preset_of
from tests.kit.commands import write
from tools.docs import backstage
from tools.docs.backstage import FOLDER, LOCATION
from tools.questions.derive import questions
from tools.repository import ROOT

INVALID: list[dict[str, Any]] = [
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


@cache
def schema() -> Any:
    """Return the validator of answers files."""
    return jsonschema.Draft7Validator(json.loads((ROOT / "docs/answers.schema.json").read_text(encoding="utf-8")))


def test_every_combination_is_valid() -> None:
    for answers in combined(
        "project_type", "repository_host", "dependency_updates", "docs", "runtime_packages", "base_registry"
    ):
        assert schema().is_valid({**answers, "_commit": "v1.0.0"}), answers


@pytest.mark.parametrize("answers", INVALID, ids=str)
def test_unknown_refused_and_ignored_answers_are_invalid(answers: dict[str, Any]) -> None:
    assert not schema().is_valid(answers)


@pytest.mark.parametrize(("question", "answer"), REFUSED, ids=repr)
def test_a_refused_text_is_invalid(question: str, answer: str) -> None:
    assert not schema().is_valid({question: answer, **NEEDED.get(question, {})})


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
def test_an_accepted_text_is_valid(texts: dict[str, str]) -> None:
    for question, answer in texts.items():
        assert schema().is_valid({question: answer, **NEEDED.get(question, {})}), question


def test_the_location_lists_every_entity() -> None:
    location = yaml.safe_load(LOCATION.read_text(encoding="utf-8"))
    assert (location["kind"], location["apiVersion"]) == ("Location", "backstage.io/v1alpha1")
    assert {ROOT / target for target in location["spec"]["targets"]} == set(FOLDER.iterdir())
    assert [f"./docs/backstage/{entity['metadata']['name']}.yaml" for entity in entities()] == location["spec"][
        "targets"
    ]


def actions(entity: Any) -> list[str]:
    """Return the actions of the steps of an entity."""
    return [step["action"] for step in entity["spec"]["steps"]]


def test_every_entity_registers_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backstage writes `catalog-info.yaml`, unless a fork of the template has it."""
    publish = ["publish:github", "publish:gitlab"]
    describe = [] if backstage.describes_itself() else ["catalog:write"]
    for entity in entities():
        assert actions(entity) == ["fetch:copier", *describe, *publish, "catalog:register"]
    monkeypatch.setattr(backstage, "ROOT", tmp_path)
    write({"template/catalog-info.yaml.jinja": b"kind: Component\n"}, tmp_path)
    [entity, *_] = backstage.entities(questions(working_tree()), [])
    assert actions(entity) == ["fetch:copier", *publish, "catalog:register"]
    assert "OwnerPicker" not in json.dumps(entity)


def presets() -> Iterator[dict[str, Any]]:
    """Yield the answers of all presets."""
    for path in sorted((ROOT / "presets").iterdir()):
        yield yaml.safe_load(path.read_text(encoding="utf-8"))


def test_every_preset_of_a_situation_has_an_entity() -> None:
    """Except presets with nothing but the project_type, and presets without a host."""
    offered = [each for each in presets() if len(each) > 1 and each.get("repository_host") != "none"]
    found = [preset_of(entity) for entity in entities()[1:]]
    assert found == offered
    assert {preset["repository_host"] for preset in found} == {"github", "gitlab"}
