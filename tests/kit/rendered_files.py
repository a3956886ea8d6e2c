"""Checks of each rendered file by its kind, and the rendered files of the working tree's template."""

import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterable
from functools import cache, lru_cache
from itertools import combinations
from pathlib import PurePosixPath
from typing import Any

import yaml
from packaging.requirements import Requirement

from tests.kit.answers import EXAMPLES, PUBLIC, TEXTS, working_tree
from tools.render.template import Combination, Files, Template
from tools.render.variants import Variant, Variants

RESIDUE = re.compile(r"(?<!\$)\{\{|\{%|\{#|(?<!-> )(?<!\| )(?<!None = )\bNone\b|Undefined|\.jinja\b")
BLANKS = re.compile(r"[ \t]\n|\A\n|\n\n\Z")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")


class StrictLoader(yaml.CSafeLoader):
    """A loader that refuses duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping from distinct keys."""
        keys = [self.construct_object(key) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"duplicate keys: {keys}"
        return super().construct_mapping(node, deep)


def parse_python(text: str) -> None:
    """Compile Python."""
    compile(text, "rendered.py", "exec")


def parse_json(text: str) -> None:
    """Parse JSON without duplicate keys."""

    def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(pairs) == len(dict(pairs)), f"duplicate keys: {[key for key, _ in pairs]}"
        return dict(pairs)

    json.loads(text, object_pairs_hook=distinct)


def parse_yaml(text: str) -> None:
    """Parse YAML without duplicate keys."""
    yaml.load(text, StrictLoader)


def parse_toml(text: str) -> None:
    """Parse TOML, which refuses duplicate keys."""
    tomllib.loads(text)


def parse_nothing(text: str) -> None:
    """Accept any text."""


def parse_empty(text: str) -> None:
    """Accept an empty text."""
    assert not text


def pins(text: str) -> dict[str, list[str]]:
    """Return the hashes of each requirement of a file of tools.

    Raises:
        AssertionError: A requirement has no exact version.
    """
    text = re.sub(r"(?m)^ *#.*\n|^--index-url \S+\n|\\\n", "", text)
    found = {}
    for line in text.splitlines():
        if line:
            words, *hashes = re.split(r"\s+--hash=sha256:", line.strip())
            requirement = Requirement(words)
            assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), f"{words} has no exact version"
            found[f"{requirement.name}{requirement.specifier}"] = hashes
    return found


def parse_source(text: str) -> None:
    """Check that a file has requirements with exact versions."""
    assert pins(text)


def parse_compiled(text: str) -> None:
    """Check that a file has requirements with exact versions and hashes."""
    found = pins(text)
    assert found
    assert [name for name, hashes in found.items() if not hashes] == []


PARSERS: dict[str, Callable[[str], None]] = {
    "*.py": parse_python,
    "*.toml": parse_toml,
    "poetry.lock": parse_toml,
    "*.yml": parse_yaml,
    "*.yaml": parse_yaml,
    "*.json": parse_json,
    "py.typed": parse_empty,
    # Formats without a parser here: their own linters check them.
    ".tools/*.in": parse_source,
    ".tools/*.txt": parse_compiled,
    "CODEOWNERS": parse_nothing,
    "Dockerfile": parse_nothing,
    "*.md": parse_nothing,
    ".gitattributes": parse_nothing,
    ".gitignore": parse_nothing,
    ".dockerignore": parse_nothing,
    "LICENSE": parse_nothing,
}
"""The parser of each kind of file. A file of any other kind is an error: add its parser, and a check of its content."""


@lru_cache(maxsize=64)
def _parse(parser: Callable[[str], None], text: str) -> None:
    """Parse a text, once if many repositories have it: a lock file takes longest."""
    parser(text)


def check(path: str, content: bytes, texts: tuple[str, ...] = ()) -> None:
    """Parse a rendered file, and check for blanks and for residue of the template.

    Args:
        path: Its path in the repository.
        content: Its bytes.
        texts: Answers, which may look like residue of the template.
    """
    text = content.decode()
    parsers = [parse for pattern, parse in PARSERS.items() if PurePosixPath(path).match(pattern)]
    assert len(parsers) == 1, f"{path} has {len(parsers)} parsers, not one"
    _parse(parsers[0], text)
    if PurePosixPath(path).name == "LICENSE" or not text:
        # Licences keep their authors' layout.
        assert not text or text.endswith("\n")
        return
    assert text.endswith("\n"), "no line break at the end"
    assert "\r" not in text
    assert not BLANKS.search(text), f"stray blanks: {BLANKS.search(text)}"
    assert ("\n" * (4 if path.endswith(".py") else 3)) not in text, "too many blank lines"
    odd = [typed for typed in texts if RESIDUE.search(typed)]
    if odd and path == ".copier-answers.yml":
        # YAML escapes it; other tests read it back.
        return
    for typed in odd:
        text = text.replace(typed, "").replace(json.dumps(typed, ensure_ascii=False)[1:-1], "")
    assert not RESIDUE.search(text), f"residue of the template: {RESIDUE.search(text)}"


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


DEV_DOCKERFILE = "template/.devcontainer/Dockerfile.jinja"

ALONE = ("license", "python_version", "image_python", "supported_pythons", "requires_python")
"""Questions with five answers or more, which seldom change more than a word: shapes() does not combine them."""


def with_texts(template: Template, alone: Collection[str] = ()) -> Variants:
    """Return the variants of a template for all choices, flags and texts."""
    examples = ({question: [text] for question, text in texts.items()} for texts in TEXTS.values())
    return Variants(template, [{**EXAMPLES, **example} for example in examples], alone)


@cache
def variants() -> Variants:
    """Return all variants of the working tree's files."""
    return with_texts(working_tree())


@cache
def shapes() -> Variants:
    """Return a variant of each shape of the working tree's files."""
    return with_texts(working_tree(), ALONE)


@cache
def sources() -> list[str]:
    """Return the files of the template, except the answers file, which reads all answers."""
    return [source for source in working_tree().sources if source != ANSWERS]


@cache
def every_answer() -> list[Combination]:
    """List combinations that have every answer, and each type of project with each set of texts."""
    return _unique(
        combination
        for texts, example in zip(TEXTS, variants().examples, strict=True)
        for question in (_decisive() if texts == "hostile" else ["project_type"])
        for combination in working_tree().product(example, [question])
    )


@cache
def every_two_answers() -> list[Combination]:
    """List combinations that have every two answers, with each set of texts."""
    return _unique(
        combination
        for example in variants().examples
        for questions in combinations(_decisive(), 2)
        for combination in working_tree().product(example, questions)
    )


def _decisive() -> list[str]:
    """Return the questions that decide on more than their own text."""
    return [question for question in PUBLIC if PUBLIC[question] or question in EXAMPLES]


def _unique(found: Iterable[Combination]) -> list[Combination]:
    return list({repr(combination.asked): combination for combination in found}.values())


def variants_of(source: str, found: Iterable[Combination]) -> list[Variant]:
    """Return the variants of a source in some combinations."""
    unique: dict[tuple[str, bytes], Variant] = {}
    for combination in found:
        if path := shapes().place(source, combination):
            content = shapes().content(source, combination)
            unique.setdefault((path, content), Variant(path, content, combination))
    return list(unique.values())


def distinct(*sources: str, every: Variants | None = None) -> list[Variant]:
    """Return one variant for each content of some sources, among all variants unless others are given."""
    every = every or variants()
    found = {(variant.path, variant.content): variant for source in sources for variant in every.of(source)}
    return list(found.values())


def without_source(files: Files) -> Files:
    """Drop the template's address and commit from the answers file."""
    return {
        path: re.sub(rb"(?m)^_.*\n", b"", content) if path == ".copier-answers.yml" else content
        for path, content in files.items()
    }
