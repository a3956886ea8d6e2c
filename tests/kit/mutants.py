"""Mutants of a Dockerfile: each lacks one thing."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from dockerfile_parse import DockerfileParser  # type: ignore[import-untyped]

WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"';])+|;""")
ASSIGNMENT = re.compile(r"[A-Za-z][\w.]*=")
INSTALLS = re.compile(r"\b(apt-get|pip) install [^&]*\Z")
OPERATORS = ("&&", "||", "|", ";", "{", "}", "\\")

Span = tuple[int, int]


@dataclass(frozen=True)
class Mutant:
    """A Dockerfile that lacks something.

    Attributes:
        stage: The stage in which it is missing; "" in a Dockerfile with one stage.
        command: The instruction or, of a RUN, the command in which it is missing, as it was.
        missing: The missing text.
        position: The place of the missing text in the command.
        dockerfile: The rest of the Dockerfile.
    """

    stage: str
    command: str
    missing: str
    position: int
    dockerfile: str


def mutants(dockerfile: str) -> Iterator[Mutant]:
    """Yield a Dockerfile without each of the things that can be taken out of it.

    These are instructions and flags, a flag with its value, and the items of a list: commands, packages, and several
    files, variables or labels of one instruction. If each item of a list is needed, so is the list: no mutant lacks a
    whole one.
    """
    lines = dockerfile.splitlines(keepends=True)
    stage = ""
    for part in DockerfileParser(fileobj=io.BytesIO(dockerfile.encode())).structure:
        text, kind = part["content"], part["instruction"]
        if kind == "COMMENT":
            continue
        if kind == "FROM":
            stage = text.split()[-1] if " AS " in text else ""
        before, after = "".join(lines[: part["startline"]]), "".join(lines[part["endline"] + 1 :])
        for start, end in spans(kind, text):
            rest = tidy(text[:start] + text[end:])
            command, position = command_around(kind, text, start)
            yield Mutant(stage, command, text[start:end].strip(" \\\n"), position, before + rest + after)


def contains(one: Span, other: Span) -> bool:
    """Return whether a span contains another one."""
    return one[0] <= other[0] and other[1] <= one[1]


def command_around(kind: str, text: str, position: int) -> tuple[str, int]:
    """Return the instruction or, of a RUN, the command around a position, and the position in it."""
    if kind != "RUN":
        return text, position
    starts = [0, *(match.start() for match in re.finditer(r"&&|\|\|", text)), len(text)]
    start = max(each for each in starts if each <= position)
    end = min(each for each in starts if each > position)
    return text[start:end].strip(" \\\n"), position - start


def tidy(instruction: str) -> str:
    """Drop the empty lines of an instruction, and the continuation of its last line."""
    lines = [line.rstrip(" \\") for line in instruction.splitlines()]
    text = " \\\n".join(line for line in lines if line)
    return f"{text}\n" if text else ""


def spans(kind: str, text: str) -> Iterator[Span]:
    """Yield the spans of an instruction that can be taken out of it."""
    if kind in ("CMD", "ENTRYPOINT"):
        yield from [(0, len(text)), *(match.span() for match in re.finditer(r', "--[^"]*"', text))]
        return
    words = [match.span() for match in WORD.finditer(text)][1:]
    items, flags = parts(kind, text, words)
    units = list(commands(text, words)) if kind == "RUN" else []
    yield from (unit for unit in units or [(0, len(text))] if not any(contains(unit, item) for item in items))
    yield from items
    yield from flags


def parts(kind: str, text: str, words: list[Span]) -> tuple[list[Span], list[Span]]:
    """Return the spans of the items of a list in an instruction, and of its flags and the variables of one command."""
    items, flags = [], []
    files = [span for span in words if not text[slice(*span)].startswith("--")]
    several_files = kind == "COPY" and len(files) > len(("file", "folder"))
    for (start, end), (_, next_end) in zip(words, [*words[1:], (0, 0)], strict=True):
        word, following = text[start:end], text[end:next_end].strip()
        if word.startswith("-"):
            alone = word.startswith("--") or not following or following.startswith(("-", *OPERATORS))
            flags.append((start, end if alone else next_end))
        elif kind == "RUN" and ASSIGNMENT.match(word) and "$(" not in word:
            flags.append((start, end))
        elif (
            (kind == "RUN" and word not in OPERATORS and INSTALLS.search(text[:start]))
            or (kind in ("ENV", "LABEL") and ASSIGNMENT.match(word) and len(words) > 1)
            or (several_files and following)
        ):
            items.append((start, end))
    return items, flags


def commands(text: str, words: list[Span]) -> Iterator[Span]:
    """Yield the span of each command of several, with the operator before it or, of the first, after it.

    A group in braces is one command. The text behind an operator in it is another.
    """
    operators = [span for span in words if text[slice(*span)] in ("&&", "||")]
    if not operators:
        return
    mounts = [end for start, end in words if text[start:].startswith("--mount")]
    yield mounts[-1] if mounts else words[0][0], operators[0][1]
    for (start, end), (following, _) in zip(operators, [*operators[1:], (len(text), 0)], strict=True):
        command = text[end:following].rstrip(" \\\n")
        if command.lstrip().startswith("{"):
            yield start, text.index("}", following) + 1
        else:
            inner = command.rstrip("; }") if command.endswith("}") else command
            yield start, end + len(inner)
