"""Backstage accepts the entities, and generates repositories from their forms."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kit.answers import combination, working_tree
from tests.kit.backstage import entities, preset_of
from tests.kit.commands import COPIER, read
from tests.kit.rehearsal import known
from tools.docs.backstage import LOCATION
from tools.repository import ROOT, address

PICKED = {
    "repoUrl": "github.com?owner=octo-org&repo=x",
    "owner": "group:default/octo",
    "package_name": "myproject",
}
ON_GITLAB = {"repoUrl": "gitlab.com?owner=octo-org&repo=x"}


def backstage(command: str, forms: list[dict[str, Any]], entity: Any = None, **more: Any) -> Any:
    """Run a command of backstage.js on an entity, by default the template's; skip the test without its packages."""
    if not (ROOT / ".node/node_modules/@rjsf").exists():
        pytest.skip("npm has installed nothing: run `make test` where it reaches its registry")
    result = subprocess.run(
        [ROOT / ".venv/bin/node", ROOT / "tests/nightly/backstage.js", ROOT / ".node"],
        input=json.dumps({"command": command, "entity": entity or entities()[0], "forms": forms, **more}),
        env={**os.environ, "PATH": f"{COPIER.parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(result.stdout)


def locally(entity: Any, template: Path) -> Any:
    """Return an entity that generates from a local template."""
    return json.loads(json.dumps(entity).replace(address(), str(template)))


def test_backstage_accepts_the_location() -> None:
    location = yaml.safe_load(LOCATION.read_text(encoding="utf-8"))
    assert backstage("location", [], location) is True
    assert backstage("location", [], location | {"kind": "Component"}) is False


def test_backstage_accepts_the_entity_and_the_defaults_of_its_form() -> None:
    forms: list[dict[str, Any]] = [{**PICKED, "project_type": kind} for kind in ("package", "service", "environment")]
    forms += [{**PICKED, "docker": False}, {**PICKED, "python_version": "3.13", "base_image": "distroless"}]
    found = backstage("check", backstage("fill", forms))
    assert found == {"entity": True, "forms": [{"form": [], "backend": []}] * len(forms)}


def test_backstage_generates_a_repository(copier_template: Path, tmp_path: Path) -> None:
    """Without the answers to questions that have disappeared from the form."""
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
    folders = [str(tmp_path / str(number)) for number in range(len(forms))]
    entity = locally(entities()[0], copier_template)
    assert backstage("generate", forms, entity, folders=folders) == [None] * len(forms)
    for folder, one in zip(folders, given, strict=True):
        expected = one if one.get("docker", True) else {"project_type": "environment", "docker": False}
        assert known(Path(folder)) == combination(**expected) | {
            "repository_owner": "octo-org",
            "project_description": "",
        }


@pytest.mark.cases("entity", lambda: entities()[1:], ids=lambda entity: entity["metadata"]["name"])
def test_backstage_generates_a_repository_of_a_preset(entity: Any, copier_template: Path, tmp_path: Path) -> None:
    """With the answers of the preset except the owner. The form requires all of them."""
    answers = preset_of(entity)
    forms = backstage("fill", [PICKED | (ON_GITLAB if answers["repository_host"] == "gitlab" else {})], entity)
    assert backstage("check", forms, entity) == {"entity": True, "forms": [{"form": [], "backend": []}]}
    folder = tmp_path / "generated"
    assert backstage("generate", forms, locally(entity, copier_template), folders=[str(folder)]) == [None]
    files, picked = read(folder), {"repository_owner": "octo-org", "project_description": ""}
    assert (answers | picked).items() <= known(folder).items()
    recorded = {".copier-answers.yml": files[".copier-answers.yml"]}
    assert files == working_tree().render(answers | picked) | recorded
    required = answers.keys() - {"repository_owner"}
    incomplete = [{name: answer for name, answer in forms[0].items() if name != missing} for missing in required]
    for form in backstage("check", incomplete, entity)["forms"]:
        assert form["backend"]


@pytest.mark.parametrize(("kind", "component"), [("package", "library"), ("service", "service")])
@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_backstage_registers_the_repository_that_it_publishes(kind: str, component: str, host: str) -> None:
    text = "Says \"hi\": 'yes' # {{ x }}"
    picked = PICKED | (ON_GITLAB if host == "gitlab" else {})
    given = {"project_type": kind, "repository_host": host, "project_description": text}
    [found] = backstage("inputs", backstage("fill", [picked | given]))
    actions, inputs = zip(*found["steps"], strict=True)
    assert actions == ("fetch:copier", "catalog:write", f"publish:{host}", "catalog:register")
    assert found["valid"] is True
    entity = inputs[1]["entity"]
    assert (entity["kind"], entity["metadata"]) == ("Component", {"name": "x", "description": text})
    assert (entity["spec"]["type"], entity["spec"]["owner"]) == (component, "group:default/octo")
    assert inputs[3] == {"repoContentsUrl": f"https://{host}.example/tree/main"}


def test_backstage_refuses_answers_that_the_form_cannot_give() -> None:
    [form] = backstage("fill", [PICKED])
    wrong = [{"package_name": "class"}, {"repository_host": "gitlab"}, {"base_image": "distroless"}, {"license": "x"}]
    for answers in backstage("check", [{**form, **one} for one in wrong])["forms"]:
        assert answers["form"]
        assert answers["backend"]
