"""The tools that CI and the image's build install: each repository pins all their packages by hashes."""

import re
from pathlib import Path

import pytest
import yaml

from tests.kit.answers import working_tree
from tests.kit.rehearsal import replace
from tests.kit.rendered_files import pins, shapes
from tools.lock.tool_store import STORE, command, tool_names, tool_sets, without_header
from tools.ownership import ownership
from tools.render.template import Template, copy_parts
from tools.repository import ROOT

URL = "https://packages.example.com/simple"


def test_each_file_of_a_tool_has_the_versions_that_people_edit() -> None:
    assert tool_names() == ["copier", "poetry", "twine"]
    for combination in working_tree().product(vary=["docker", "installer", "repository_host", "dependency_updates"]):
        files = shapes().files(combination)
        for path in files:
            if path.endswith(".in"):
                edited, compiled = pins(files[path].decode()), pins(files[path.replace(".in", ".txt")].decode())
                assert len(edited) <= 2
                assert edited.keys() < compiled.keys()
                assert [one for one, hashes in compiled.items() if not hashes] == []


def test_every_tool_that_is_installed_has_its_file_and_no_other_has() -> None:
    """The image has Poetry alone: .dockerignore keeps out the rest."""
    for combination in working_tree().product(vary=["repository_host", "docker", "dependency_updates", "license"]):
        files = shapes().files(combination)
        text = "\n".join(files[path].decode() for path in files if path.endswith((".yml", "Dockerfile")))
        installed = set(re.findall(r"--requirement=\.tools/(\w+)\.txt", text))
        installed |= set(re.findall(r"COPY \.tools/(\w+)\.txt", text))
        expected = {f".tools/{name}.{end}" for name in installed for end in ("in", "txt")}
        expected.add(".tools/template.py")
        assert {path for path in files if path.startswith(".tools/")} == expected, combination.asked
    ignored = working_tree().render({})[".dockerignore"].decode().splitlines()
    assert [line for line in ignored if ".tools" in line] == ["!.tools/poetry.txt"]


def test_the_store_has_every_set_of_tools_and_nothing_else() -> None:
    assert {file.name for file in STORE.iterdir()} == {f"{key}.txt" for key in tool_sets(working_tree())}


def test_a_tool_that_was_not_compiled_is_an_error(tmp_path: Path) -> None:
    copy_parts(ROOT, tmp_path)
    replace(tmp_path / "extensions/dependencies/tools-requirements.txt", "poetry==2.", "poetry==3.")
    with pytest.raises(Exception, match=r"tool_store/poetry-3\..*\.txt"):
        Template(tmp_path).render({}, ".tools/poetry.txt".__eq__)


@pytest.mark.parametrize("name", ["poetry", "copier"])
def test_a_private_index_is_the_only_source_of_a_tool(name: str) -> None:
    """In the file itself, where pip and both bots read it."""
    public = working_tree().render({"dependency_updates": "none"})
    private = working_tree().render(
        {"dependency_updates": "none", "package_index": "private", "package_index_url": URL}
    )
    assert private[f".tools/{name}.in"].decode() == f"--index-url {URL}\n" + public[f".tools/{name}.in"].decode()
    body = without_header(private[f".tools/{name}.txt"].decode())
    assert body == f"--index-url {URL}\n\n" + without_header(public[f".tools/{name}.txt"].decode())
    both = working_tree().render({"dependency_updates": "none", "package_index": "additional"})
    for end in ("in", "txt"):
        assert both[f".tools/{name}.{end}"] == public[f".tools/{name}.{end}"]


def test_the_header_is_the_command_that_compiles() -> None:
    """With the same minimum age of a release as everywhere else."""
    for name in tool_names():
        *options, source = command(working_tree(), name)
        assert options[:3] == ["uv", "pip", "compile"]
        assert "--exclude-newer=P7D" in options
        assert (options[-1], source) == (f"--output-file={name}.txt", f"{name}.in")
    files = working_tree().render({"dependency_updates": "dependabot"})
    assert b"min-release-age = 7\n" in files["poetry.toml"]
    updates = yaml.safe_load(files[".github/dependabot.yml"])["updates"]
    assert {each["cooldown"]["default-days"] for each in updates} == {7}
    assert b'"minimumReleaseAge": "7 days"' in working_tree().render({})["renovate.json"]


def test_bots_edit_the_files_without_conflicts() -> None:
    assert {".tools/*.in", ".tools/*.txt"} <= set(ownership()["yours"])
