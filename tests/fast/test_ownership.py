"""extensions/ownership.yml: the owner of each file, and the `CODEOWNERS` that follow from it."""

import re

from pathspec import GitIgnoreSpec

from tests.kit.answers import working_tree
from tests.kit.readme_commands import commands
from tests.kit.rehearsal import owner
from tests.kit.rendered_files import README, every_answer, shapes, variants
from tools.repository import ROOT


def test_every_file_has_one_owner() -> None:
    """Only the user's files begin with the macro that keeps them from being merged."""
    for source in working_tree().sources:
        text = (ROOT / source).read_text(encoding="utf-8")
        for path in variants().paths(source):
            assert (owner(path) == "yours") == (text.startswith("{{ yours -}}\n") or not text), path


def test_codeowners_names_all_files_of_the_template_and_no_others() -> None:
    renderings = variants().combinations("template/CODEOWNERS.jinja", questions=["project_type"])
    for rendering in (one for one in renderings if one.asked.get("template_owners")):
        files = variants().places(rendering).values()
        text = variants().content("template/CODEOWNERS.jinja", rendering).decode()
        patterns = re.findall(r"(?m)^(/\S+) (?:@|\w)", text)
        assert patterns
        matched = [set(GitIgnoreSpec.from_lines([pattern]).match_files(files)) for pattern in patterns]
        assert set().union(*matched) == {path for path in files if owner(path) == "template"}


AGENTS = "template/AGENTS.md.jinja"


def test_agents_md_names_the_files_of_the_template_that_exist() -> None:
    for rendering in [*every_answer(), *working_tree().product(vary=["docker", "repository_host"])]:
        files = shapes().places(rendering).values()
        listed = re.search("following files.*:\n((?:`.*\n)+)", shapes().content(AGENTS, rendering).decode())
        assert listed
        patterns = re.findall("`(.*?)`", listed[1])
        matched = [set(GitIgnoreSpec.from_lines([f"/{pattern}"]).match_files(files)) for pattern in patterns]
        assert all(matched)
        assert set().union(*matched) == {path for path in files if owner(path) == "template"}


def test_the_commands_of_agents_md_are_those_of_the_readme() -> None:
    """Tests run all commands of the READMEs, and the one that runs a single test."""
    for rendering in shapes().combinations(AGENTS, questions=["package_index", "docs", "docker"]):
        agents, readme = (commands(shapes().content(source, rendering).decode()) for source in (AGENTS, README))
        assert set(agents) - set(readme) == {command for command in agents if command.startswith("poetry run pytest ")}
        assert len(agents) - len(set(agents) & set(readme)) == 1
