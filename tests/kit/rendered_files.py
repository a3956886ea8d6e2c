"""What every rendered file is held to, by its kind."""

import json
import re
import tomllib
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import PurePosixPath
from typing import Any

import yaml

from tests.kit.answers import EXAMPLES, PUBLIC, TEXTS, working_tree
from tools.render.template import Combination, Files, Template
from tools.render.variants import Variant, Variants
from tools.repository import ROOT

RESIDUE = re.compile(r"(?<!\$)\{\{|\{%|\{#|(?<!-> )(?<!\| )(?<!None = )\bNone\b|Undefined|\.jinja\b")
BLANKS = re.compile(r"[ \t]\n|\A\n|\n\n\Z")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class StrictLoader(yaml.CSafeLoader):
    """Refuses a key that stands twice in a mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping from keys that are all different."""
        keys = [self.construct_object(key) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key stands twice: {keys}"
        return super().construct_mapping(node, deep)


def parse_python(text: str) -> None:
    """Compile Python."""
    compile(text, "rendered.py", "exec")


def parse_json(text: str) -> None:
    """Parse JSON in which no key stands twice."""

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(pairs) == len(dict(pairs)), f"a key stands twice: {[key for key, _ in pairs]}"
        return dict(pairs)

    json.loads(text, object_pairs_hook=distinct)


def parse_yaml(text: str) -> None:
    """Parse YAML in which no key stands twice."""
    yaml.load(text, StrictLoader)


def parse_toml(text: str) -> None:
    """Parse TOML, which refuses a key that stands twice."""
    tomllib.loads(text)


def parse_nothing(text: str) -> None:
    """Accept any text."""


def parse_empty(text: str) -> None:
    """Accept nothing but nothing."""
    assert not text


PARSERS: dict[str, Callable[[str], None]] = {
    "*.py": parse_python,
    "*.toml": parse_toml,
    "poetry.lock": parse_toml,
    "*.yml": parse_yaml,
    "*.yaml": parse_yaml,
    "*.json": parse_json,
    "py.typed": parse_empty,
    # Read by test_render.py with what each is for.
    "*-requirements.txt": parse_nothing,
    "CODEOWNERS": parse_nothing,
    "Dockerfile": parse_nothing,
    "*.md": parse_nothing,
    ".editorconfig": parse_nothing,
    ".gitignore": parse_nothing,
    ".dockerignore": parse_nothing,
    "LICENSE": parse_nothing,
}
"""What parses each kind of file. A file of another kind is an error: say here, and in test_render.py, how to hold it."""


def check(path: str, content: bytes, texts: tuple[str, ...] = ()) -> None:
    """Hold a rendered file to what is true of all, and parse it.

    Args:
        path: Where it is in the repository.
        content: What it holds.
        texts: What people typed, which may look like residue of the template.
    """
    text = content.decode()
    parsers = [parse for pattern, parse in PARSERS.items() if PurePosixPath(path).match(pattern)]
    assert len(parsers) == 1, f"no check, or more than one, for {path}"
    parsers[0](text)
    if PurePosixPath(path).name == "LICENSE" or not text:
        # Licence texts are as their authors lay them out.
        assert not text or text.endswith("\n")
        return
    assert text.endswith("\n"), "no line break at the end"
    assert "\r" not in text
    assert not BLANKS.search(text), f"stray blanks: {BLANKS.search(text)}"
    assert ("\n" * (4 if path.endswith(".py") else 3)) not in text, "too many blank lines"
    odd = [typed for typed in texts if RESIDUE.search(typed)]
    if odd and path == ".copier-answers.yml":
        # YAML breaks and escapes it in ways of its own; it is read back elsewhere.
        return
    for typed in odd:
        text = text.replace(typed, "").replace(json.dumps(typed, ensure_ascii=False)[1:-1], "")
    assert not RESIDUE.search(text), f"residue of the template: {RESIDUE.search(text)}"


SOURCES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "template").rglob("*") if path.is_file())
PYPROJECT, LOCK, README, LICENSE, DOCKERFILE, ANSWERS = (
    f"template/{name}.jinja"
    for name in (
        "pyproject.toml",
        "poetry.lock",
        "README.md",
        "LICENSE",
        "Dockerfile",
        "{{ _copier_conf.answers_file }}",
    )
)


def with_texts(template: Template) -> Variants:
    """Return what renders every variant of every file, for all choices, flags and texts."""
    examples = ({question: [text] for question, text in texts.items()} for texts in TEXTS.values())
    return Variants(template, [{**EXAMPLES, **example} for example in examples])


@cache
def variants() -> Variants:
    """Return what renders every variant of every file of the working tree's template."""
    return with_texts(Template())


@cache
def every_two() -> list[Combination]:
    """List combinations in which every two answers meet, with all texts."""
    chosen = [question for question in PUBLIC if PUBLIC[question] or question in EXAMPLES]
    found = {
        repr(combination.asked): combination
        for example in variants().examples
        for pair in combinations(chosen, 2)
        for combination in working_tree().product(example, pair)
    }
    return list(found.values())


def distinct(*sources: str) -> list[Variant]:
    """Return one variant for each content of some files of the template."""
    found = {(variant.path, variant.content): variant for source in sources for variant in variants().of(source)}
    return list(found.values())


def without_source(files: Files) -> Files:
    """Drop from the answers file where the template was."""
    return {
        path: re.sub(rb"(?m)^_.*\n", b"", content) if path == ".copier-answers.yml" else content
        for path, content in files.items()
    }
