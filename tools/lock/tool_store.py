"""Compile the tools that CI and the image's build install: a part of `make lock`.

extensions/tool_store/ has a file for each set of requirements, named after them, as uv wrote it without its header. The
command is that of the header, which update bots run in generated repositories.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.render.template import Template
from tools.render.variants import Variants
from tools.repository import ROOT

UV = ROOT / ".venv/bin/uv"
STORE = ROOT / "extensions/tool_store"

SOURCES = ROOT / "template/.tools"
SOURCE = re.compile(r"(\w+)\.in\.jinja")
HEADER = '{% from "extensions/tools.jinja" import header with context %}{{ header(name) }}'


def tool_names() -> list[str]:
    """Return the names of the tools."""
    return sorted({found[1] for file in SOURCES.iterdir() if (found := SOURCE.fullmatch(file.name))})


def tool_sets(template: Template) -> dict[str, tuple[str, str]]:
    """List the distinct sets of tools of the template.

    Args:
        template: The template.

    Returns:
        The name of a tool and the content of its .in file, keyed by the name of the set in the store.
    """
    sets = {}
    variants = Variants(template)
    for name in tool_names():
        for variant in variants.of(f"template/.tools/{name}.in.jinja"):
            lines = [line for line in variant.content.decode().splitlines() if not line.startswith("--")]
            sets["-".join(lines).replace("==", "-")] = (name, "".join(f"{line}\n" for line in lines))
    return sets


def command(template: Template, name: str) -> list[str]:
    """Return the command in the header of the compiled file of a tool."""
    known = Variants(template).combinations(f"template/.tools/{name}.in.jinja")[0].known
    header = template.environment.from_string(HEADER).render({**known, "package_index": "public", "name": name})
    return shlex.split(header.splitlines()[1].removeprefix("#"))


def compile_tool(folder: Path, compilation: list[str]) -> str:
    """Compile the .in file of a tool.

    Args:
        folder: Has the .in file and gets the compiled one. uv keeps the versions of an existing one.
        compilation: The command, which starts with `uv`.

    Returns:
        The compiled file without its header.

    Raises:
        RuntimeError: uv failed; the message has its output.
    """
    result = subprocess.run([UV, *compilation[1:]], cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{shlex.join(compilation)} failed:\n{result.stdout}{result.stderr}")
    output = next(option.partition("=")[2] for option in compilation if option.startswith("--output-file="))
    return without_header((folder / output).read_text(encoding="utf-8"))


def without_header(text: str) -> str:
    """Return a compiled file without the comments at its start."""
    return re.sub(r"\A(#.*\n)+", "", text)


def compiled_tools(template: Template) -> Mapping[str, str]:
    """Compile each set of tools anew and return the content of each file of the store."""
    files = {}
    for key, (name, source) in tool_sets(template).items():
        with TemporaryDirectory() as folder:
            Path(folder, f"{name}.in").write_text(source, encoding="utf-8")
            files[f"{key}.txt"] = compile_tool(Path(folder), command(template, name))
    return files


def replace_folder(folder: Path, files: Mapping[str, str]) -> None:
    """Replace a folder by one with some text files."""
    with TemporaryDirectory(dir=folder.parent) as temporary:
        new = Path(temporary, folder.name)
        new.mkdir()
        for name, text in files.items():
            (new / name).write_text(text, encoding="utf-8", newline="\n")
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
