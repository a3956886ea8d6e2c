"""What can be taken out of a Dockerfile, one thing at a time."""

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
class Removal:
    """A Dockerfile that lacks something.

    Attributes:
        stage: The stage in which it is missing.
        instruction: The instruction in which it is missing, as it was.
        what: What is missing.
        rest: What is left of the instruction.
        dockerfile: What is left of the Dockerfile.
    """

    stage: str
    instruction: str
    what: str
    rest: str
    dockerfile: str


def removals(dockerfile: str) -> Iterator[Removal]:
    """Yield a Dockerfile without each of the things that can be taken out of it.

    These are each instruction, and within the instructions each flag, with the word after it that is its value, each
    environment variable, label and argument, each command of several, each file of several that are copied, each
    package of several that are installed, and each option of what a container runs.
    """
    lines = dockerfile.splitlines(keepends=True)
    stage = ""
    for part in DockerfileParser(fileobj=io.BytesIO(dockerfile.encode())).structure:
        text, kind = part["content"], part["instruction"]
        if kind == "COMMENT" and "hadolint" not in text:
            continue
        stage = text.split()[-1] if kind == "FROM" else stage
        before, after = "".join(lines[: part["startline"]]), "".join(lines[part["endline"] + 1 :])
        yield Removal(stage, text, text, "", before + after)
        for start, end in spans(kind, text):
            rest = tidy(text[:start] + text[end:])
            yield Removal(stage, text, text[start:end].strip(" \\\n"), rest, before + rest + after)


def tidy(instruction: str) -> str:
    """Drop the empty lines of an instruction, and the continuation of its last line."""
    lines = [line.rstrip(" \\") for line in instruction.splitlines()]
    return " \\\n".join(line for line in lines if line) + "\n"


def spans(kind: str, text: str) -> Iterator[Span]:
    """Yield where something stands in an instruction that can be taken out of it."""
    words = [match.span() for match in WORD.finditer(text)][1:]
    if kind == "RUN":
        yield from commands(text, words)
    if kind in ("CMD", "ENTRYPOINT"):
        yield from (match.span() for match in re.finditer(r', "--[^"]*"', text))
    elif kind != "COMMENT":
        several_files = kind == "COPY" and len(words) > len(("file", "folder"))
        for (start, end), (_, next_end) in zip(words, [*words[1:], (0, 0)], strict=True):
            word, following = text[start:end], text[end:next_end].strip()
            if word.startswith("-"):
                alone = word.startswith("--") or not following or following.startswith(("-", *OPERATORS))
                yield start, end if alone else next_end
            elif (
                (ASSIGNMENT.match(word) and len(words) > 1)
                or (several_files and following)
                or (word not in OPERATORS and INSTALLS.search(text[:start]))
            ):
                yield start, end


def commands(text: str, words: list[Span]) -> Iterator[Span]:
    """Yield where each command of several stands, with the operator before it or, of the first, after it."""
    operators = [span for span in words if text[slice(*span)] in ("&&", "||")]
    if not operators:
        return
    mounts = [end for start, end in words if text[start:].startswith("--mount")]
    yield mounts[-1] if mounts else words[0][0], operators[0][1]
    for (start, end), (following, _) in zip(operators, [*operators[1:], (len(text), 0)], strict=True):
        command = text[end:following].rstrip(" \\\n")
        inner = command.rstrip("; }") if command.endswith("}") else command
        yield start, end + len(inner)
