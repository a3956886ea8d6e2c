"""extensions/ownership.yml: the owner of each file, and the `CODEOWNERS` that follow from it."""

import re

from pathspec import GitIgnoreSpec

from tests.kit.answers import working_tree
from tests.kit.rehearsal import owner
from tests.kit.rendered_files import variants
from tools.render.template import ROOT


def test_every_file_has_one_owner() -> None:
    """What the user owns, and nothing else, is kept from being merged by force."""
    for source in working_tree().sources:
        text = (ROOT / source).read_text(encoding="utf-8")
        for path in variants().paths(source):
            assert (owner(path) == "yours") == (text.startswith("{{ yours -}}\n") or not text), path


def test_the_owners_of_the_template_are_asked_about_its_files_and_no_others() -> None:
    """And no line names what is not there."""
    held = variants().combinations("template/CODEOWNERS.jinja", questions=["project_type"])
    for one in (one for one in held if one.asked.get("template_owners")):
        files = variants().places(one).values()
        text = variants().content("template/CODEOWNERS.jinja", one).decode()
        patterns = re.findall(r"(?m)^(/\S+) (?:@|\w)", text)
        assert patterns
        matched = [set(GitIgnoreSpec.from_lines([pattern]).match_files(files)) for pattern in patterns]
        assert all(matched), (one.asked, patterns)
        assert set().union(*matched) == {path for path in files if owner(path) == "template"}
