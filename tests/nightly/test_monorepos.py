"""The commands and files of docs/monorepos.md, in their order, and the claims beside them."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.kit.ci_runner import BIN, SCHEMAS, steps
from tests.kit.commands import ENVIRONMENT, POETRY, committed, read, run
from tests.kit.docker import build, need_engine, new_name, remove
from tests.kit.pythons import HERE
from tests.kit.rehearsal import AFTER, MARKERS, replace, successor
from tools.repository import ROOT

BLOCK = re.compile(r"(?:`([^`\n]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
"""A code block, with the name of its file if the line before it names one."""


def script(template: Path) -> str:
    """Return the page as a script, with the template on this machine."""
    text = (ROOT / "docs/monorepos.md").read_text(encoding="utf-8")
    lines = [f"cat >{path} <<'END'\n{body}END\n" if path else body for path, _, body in BLOCK.findall(text)]
    local = {
        "gh:OWNER/copier-poetry-docker": str(template),
        "copier copy ": f"copier copy --quiet --data=python_version={HERE} ",
        # The next release is published before the update.
        "poetry run poe update ": f"git -C {template} tag {AFTER}\npoetry run poe update ",
    }
    commands = "".join(lines)
    for old, new in local.items():
        assert commands.count(old) == 1, old
        commands = commands.replace(old, new)
    return commands


@pytest.fixture(scope="module")
def top(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a repository in which the page was followed, whose default branch is `trunk`."""
    folder = tmp_path_factory.mktemp("monorepo")

    def change(source: Path) -> None:
        replace(source / "template/poetry.toml", "[solver]", "[solver]\n# Newer.")

    released = successor(template, folder, change)
    run("git", "tag", "--delete", AFTER, cwd=released)
    top = committed({"README.md": b"Everything.\n"}, folder)
    run("git", "branch", "--move", "trunk", cwd=top)
    run("bash", "-euo", "pipefail", "-c", script(released), cwd=top, env=ENVIRONMENT, stdin=subprocess.DEVNULL)
    return top


def test_an_update_reaches_the_subfolder_alone(top: Path) -> None:
    changed = run("git", "status", "--porcelain", cwd=top).split("\n")[:-1]
    assert {line[3:] for line in changed} == {"services/api/.copier-answers.yml", "services/api/poetry.toml"}
    assert not [path for path, text in read(top).items() if MARKERS.search(text) and ".venv" not in path]


def test_the_hook_and_the_task_find_an_error(top: Path) -> None:
    """In the project, and not beside it."""
    (top / "wrong.py").write_text("import os\n", encoding="utf-8")
    check = (POETRY, "--directory=services/api", "run", "poe", "check")
    commit = ("git", "commit", "--quiet", "--message=More")
    run(*check, cwd=top, env=ENVIRONMENT)
    run("git", "add", "wrong.py", cwd=top)
    run(*commit, cwd=top, env=ENVIRONMENT)
    wrong = top / "services/api/src/api/wrong.py"
    wrong.write_text("import os\n", encoding="utf-8")
    run("git", "add", str(wrong), cwd=top)
    for command in (check, commit):
        with pytest.raises(AssertionError, match="F401"):
            run(*command, cwd=top, env=ENVIRONMENT)
    run("git", "reset", "--quiet", "--", str(wrong), cwd=top)
    wrong.unlink()


def test_the_workflow_runs_in_the_subfolder(top: Path) -> None:
    """Linters have nothing to say about it, every path in it exists, and its test job passes."""
    file = top / ".github/workflows/api.yml"
    run(BIN / "actionlint", f"-shellcheck={BIN}/shellcheck", file)
    run(BIN / "zizmor", "--offline", "--no-progress", "--persona=pedantic", file)
    workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
    # YAML 1.1 reads the key `on` as a boolean.
    assert workflow[True]["push"] == {"branches": ["*"], "paths": ["services/api/**"]}
    assert workflow[True]["pull_request"] == {"paths": ["services/api/**"]}
    assert workflow["concurrency"]["group"].startswith("api-")
    folder = top / workflow["defaults"]["run"]["working-directory"]
    text = file.read_text(encoding="utf-8")
    hashed = {path for call in re.findall(r"hashFiles\((.*?)\)", text) for path in re.findall("'(.*?)'", call)}
    cached = re.findall(r"(?m)^ +(?:path|cache-dependency-path): (?!\$)(.*)$", text)
    assert "services/api/.venv" in cached
    assert [path for path in [*hashed, *cached] if not (top / path).exists()] == []
    for command, more in steps(workflow["jobs"]["test"]):
        # Poetry is there already, and the index of some machines needs its settings.
        if not command.startswith("pip install "):
            run("bash", "-ec", command, cwd=folder, env={**ENVIRONMENT, **more})


def test_gitlabs_job_and_the_bots_file_are_correct(top: Path) -> None:
    for schema, name in (("gitlab-ci", ".gitlab-ci.yml"), ("renovate", "renovate.json")):
        assert schema in SCHEMAS
        transform = ["--data-transform=gitlab-ci"] if schema == "gitlab-ci" else []
        run(BIN / "check-jsonschema", f"--builtin-schema=vendor.{schema}", *transform, top / name)
    lines = yaml.safe_load((top / ".gitlab-ci.yml").read_text(encoding="utf-8"))["api"]["script"]
    commands = [line for line in lines if not line.startswith("pip install ")]
    assert len(commands) == len(lines) - 1
    run("bash", "-ec", "\n".join(commands), cwd=top, env=ENVIRONMENT)


def test_the_image_is_built_in_the_subfolder(top: Path) -> None:
    need_engine({"project_type": "service", "python_version": HERE})
    image = new_name()
    result = build(top / "services/api", f"--tag={image}")
    assert result.returncode == 0, result.stdout
    remove(image)
