"""docs/start.md and docs/tutorials: their commands and edits in order, and the output that they show."""

import re
import shutil
import socket
import subprocess
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path
from typing import Any

import pytest

from tests.kit.commands import ENVIRONMENT, read, run
from tests.kit.docker import RUN, need_compose, need_engine, need_image, what_is
from tests.kit.rehearsal import AFTER, MARKERS, replace, successor
from tools.repository import ROOT

BLOCK = re.compile(r"(?:`([^`\n]+)`:\n\n)?^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""A code block of a page, with the name of its file if the line before it names one."""

VARYING = re.compile(r"={3,}|(?<= in )[0-9.]+s")
"""Parts of the output of pytest that vary."""

MARK = "== next block\n"
"""A line of output between the commands of two blocks."""


def pages() -> list[str]:
    """Return the pages, without their ending."""
    return ["start", *(f"tutorials/{path.stem}" for path in sorted((ROOT / "docs/tutorials").iterdir()))]


def script(page: str) -> tuple[str, dict[int, str]]:
    """Return the commands and edits of a page as a script, and the shown output by the number of its block."""
    lines, shown, number = [], {}, 0
    for path, kind, text in BLOCK.findall(page):
        if path:
            lines.append(f"mkdir -p $(dirname {path})\ncat >{path} <<'END'\n{text}END\n")
        elif kind == "diff":
            lines.append(f"git apply <<'END'\n{text}END\n")
        elif kind == "sh":
            number += 1
            lines.append(f"echo '{MARK.strip()}'\n{text}")
        else:
            assert kind == "text", f"unknown kind of block: {kind}"
            shown[number] = text
    return "".join(lines), shown


def here(commands: str, name: str, template: Path, port: int) -> str:
    """Return the commands with the template on this machine, and with unique names of images and containers.

    Compose has such names by `compose_settings`.
    """
    local = {
        "gh:OWNER/copier-poetry-docker": str(template),
        "poetry run poe update": f"git -C {template} tag {AFTER}\npoetry run poe update",
        "--publish 8000:": f"--publish {port}:",
        "localhost:8000": f"localhost:{port}",
    }
    for old, new in local.items():
        commands = commands.replace(old, new)
    return re.sub("docker (?!compose ).*", lambda line: re.sub(rf"\b{name}\b", unique(name), line[0]), commands)


def unique(name: str) -> str:
    """Return a name for an image or a container that no other test uses."""
    return f"copier-poetry-docker-{RUN}-{name}"


def compose_settings(page: str, name: str, port: int, folder: Path) -> dict[str, str]:
    """Return the variables by which a page's `docker compose` has names and a port that no other test uses."""
    images = re.findall(r"(?m)^\+?    image: (\S+)$", page)
    if not images:
        return {}
    need_compose()
    for image in images:
        need_image(image)
        print(f"{image}: {what_is(image)}")
    override = f'services:\n  app:\n    ports: !override ["127.0.0.1:{port}:8000"]\n'
    (folder / "compose.override.yaml").write_text(override, encoding="utf-8")
    return {"COMPOSE_PROJECT_NAME": unique(name), "COMPOSE_FILE": f"compose.yaml:{folder}/compose.override.yaml"}


def free_port() -> int:
    """Return a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def with_a_newer_file(source: Path) -> None:
    """Change a file of the template."""
    replace(source / "template/poetry.toml", "[solver]", "[solver]\n# Newer.")


@pytest.mark.cases("page", pages)
def test_the_commands_print_the_shown_output(page: str, template: Path, tmp_path: Path) -> None:
    """A release of the template is published before the first update, which keeps the reader's edits."""
    for version in ("3.11", "3.14"):
        need_engine({"python_version": version})
    if shutil.which("curl") is None:
        pytest.skip("there is no curl: on Debian it is in curl")
    text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    commands, shown = script(text)
    [name] = re.findall(r"(?m)^cd (\S+)$", commands)
    released = successor(template, tmp_path, with_a_newer_file)
    run("git", "tag", "--delete", AFTER, cwd=released)
    folder = tmp_path / "reader"
    folder.mkdir()
    port = free_port()
    compose = compose_settings(text, name, port, tmp_path)
    options: dict[str, Any] = {"env": {**ENVIRONMENT, **compose}, "stdin": subprocess.DEVNULL}
    try:
        output = run("bash", "-euo", "pipefail", "-c", here(commands, name, released, port), cwd=folder, **options)
    finally:
        if compose:
            down = ["docker", "compose", "down", "--volumes", "--rmi=local"]
            subprocess.run(down, cwd=folder / name, capture_output=True, check=False, **options)
        subprocess.run(["docker", "rm", "--force", unique(name)], capture_output=True, check=False)
    printed = [VARYING.sub("~", text).strip() + "\n" for text in output.split(MARK)]
    for number, expected in shown.items():
        assert OutputChecker().check_output(VARYING.sub("~", expected), printed[number], ELLIPSIS), printed[number]
    project = folder / name
    files = read(project)
    assert run("git", "status", "--porcelain", cwd=project) == ""
    if "poetry run poe update" in commands:
        assert b"# Newer." in files["poetry.toml"]
        assert run("git", "diff", "--name-only", "HEAD~1", "--", "src", "scripts", "tests", cwd=project) == ""
    assert not [path for path, content in files.items() if MARKERS.search(content) and ".venv" not in path]
