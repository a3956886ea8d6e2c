"""`poe update` and `poe drift` in repositories with edits, on machines with settings that lose them."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tomllib
from pathlib import Path
from subprocess import PIPE

import pytest

from tests.kit.commands import COPIER, ENVIRONMENT, committed, read, run, write
from tests.kit.hazards import EDIT, HAZARDS, PLAIN, Hazard, Machine, hazard_rows, outcome, small_releases
from tests.kit.rehearsal import AFTER, GUARDED, MARKERS, NEXT, generated, guarded_update, replace, successor
from tools.docs.markdown import table
from tools.fleet.command import standings
from tools.fleet.versions import SCRIPT
from tools.repository import ROOT

HEX = "0123456789abcdef0123456789abcdef01234567"
DIGEST = f"@sha256:{HEX}{HEX[:24]}"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a small template with the real script."""
    return small_releases(tmp_path_factory.mktemp("small") / "template")


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.name)
def test_an_update_on_a_machine_with_a_hazard(hazard: Hazard, small: Path, tmp_path: Path) -> None:
    """The documented outcome is the real one. A refusal is one sentence, the remedy first.

    tests/nightly/test_upstream.py has the outcomes of `copier update`.
    """
    found = outcome(hazard, GUARDED, small, tmp_path)
    assert found.name == hazard.guarded
    if hazard.guarded == "refused":
        assert re.fullmatch(r"[A-Z][^.:]+: .*\. Nothing is changed\.\n", found.errors)
        assert found.code == 1
    else:
        assert found.code == (3 if hazard.guarded == "marked" else 0)


def test_the_documented_table_of_hazards() -> None:
    documented = (ROOT / "docs/updates.md").read_text(encoding="utf-8")
    heads = ["setting or file", "edited file", "`copier update`", "`poe update`"]
    assert table(heads, hazard_rows(), texts=4) in documented
    bad = sum(hazard.plain in ("lost", "traceback", "marked throughout") for hazard in HAZARDS)
    decision = (ROOT / "docs/decisions/0035-update-command.md").read_text(encoding="utf-8")
    assert f"In {bad} of the {len(HAZARDS)} situations" in decision


def test_a_foreign_owner_gets_the_advice_of_git(small: Path, tmp_path: Path) -> None:
    machine = Machine(small, tmp_path)
    run("chown", "-R", "65534:65534", machine.project)
    plain, result = machine.try_out(*PLAIN), machine.try_out(*GUARDED)
    assert "safe.directory" not in plain.stdout + plain.stderr
    assert f"git config --global --add safe.directory {machine.project}" in result.stderr
    machine.sh(f"git config --global --add safe.directory {machine.project}")
    assert machine.try_out(*GUARDED).returncode == 0


def test_copier_is_missing_or_too_old(small: Path, tmp_path: Path) -> None:
    template = shutil.copytree(small, tmp_path / "template")
    machine = Machine(template, tmp_path)
    before = read(machine.project)
    result = machine.try_out(*GUARDED, PATH="/usr/bin:/bin")
    assert (result.returncode, result.stderr) == (1, "Install Copier: pipx install copier\n")
    newer = "echo '_min_copier_version: 99' >> copier.yml; git commit --quiet --all --message=3; git tag v3"
    run("sh", "-c", newer, cwd=template)
    result = machine.try_out(*GUARDED)
    assert result.returncode == 1
    assert "99" in result.stderr
    assert result.stderr.endswith("Nothing is changed.\n")
    assert read(machine.project) == before


def test_the_settings_of_the_user_stay(small: Path, tmp_path: Path) -> None:
    """Git reaches the template only with the user's entries in GIT_CONFIG_COUNT."""
    machine = Machine(small, tmp_path)
    machine.sh("sed -i 's|^_src_path: .*|_src_path: https://git.invalid/template.git|' .copier-answers.yml")
    machine.sh("git commit --quiet --all --message=Moved")
    entry = {
        "GIT_CONFIG_KEY_0": f"url.file://{small}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://git.invalid/template.git",
    }
    cache = {"COPIER_CACHE_DIR": str(tmp_path / "cache")}
    assert machine.try_out(*GUARDED, **cache).returncode == 1
    machine.sh("git status --porcelain | diff - /dev/null")
    assert machine.try_out(*GUARDED, GIT_CONFIG_COUNT="1", **entry, **cache).returncode == 0
    assert (machine.project / "extra.ini").exists()


@pytest.mark.parametrize("place", ["a folder of a repository", "a worktree"])
def test_a_project_beside_others(place: str, small: Path, tmp_path: Path) -> None:
    """With a conflict, which Git knows as one, and which can be undone."""
    machine = Machine(small, tmp_path)
    machine.sh("sed -i '1s/.*/mine/' settings.ini; git commit --quiet --all --message=Edit")
    if place == "a worktree":
        machine.sh("git worktree add --quiet ../other")
        machine.project = tmp_path / "other"
    else:
        machine.sh("rm -r project/.git; mkdir -p other/apps; mv project other/apps/one", tmp_path)
        machine.project = tmp_path / "other/apps/one"
        machine.sh(
            "echo other > settings.ini; git init --quiet; git add .; git commit --quiet --message=1", tmp_path / "other"
        )
    before = read(tmp_path / "other")
    result = machine.try_out(*GUARDED)
    assert result.returncode == 3, result.stderr
    assert [line for line in result.stdout.splitlines() if not line.startswith("changed: ")] == [
        "conflict: settings.ini"
    ]
    assert machine.sh("git diff --name-only --diff-filter=U --relative") == "settings.ini\n"
    assert machine.sh("git show :1:./settings.ini | head -1") == "line 0\n"
    assert machine.sh("git show :3:./settings.ini | head -1") == "new 0\n"
    assert "<<<<<<< before updating\nmine\n" in (machine.project / "settings.ini").read_text(encoding="utf-8")
    assert (machine.project / "extra.ini").read_text(encoding="utf-8") == "new\n"
    machine.sh("git reset --quiet --hard && git clean --quiet --force -d")
    assert read(tmp_path / "other") == before


def test_lost_lines_are_listed_and_can_be_restored(small: Path, tmp_path: Path) -> None:
    """The release drops a file. `--pretend` lists the same, and writes nothing."""
    template = shutil.copytree(small, tmp_path / "template")
    run(
        "sh",
        "-c",
        "git rm --quiet files/settings.ini.jinja && git commit --quiet --message=3 && git tag v3",
        cwd=template,
    )
    machine = Machine(template, tmp_path)
    machine.sh(EDIT, FILE="settings.ini")
    before = read(machine.project)
    pretended = machine.try_out(*GUARDED, "--pretend")
    assert read(machine.project) == before
    assert pretended.stderr == "Nothing is changed.\n"
    result = machine.try_out(*GUARDED)
    assert (result.returncode, result.stdout) == (pretended.returncode, pretended.stdout)
    assert result.returncode == 3
    assert "changed: settings.ini\n" in result.stdout
    assert result.stdout.endswith("\nlost: settings.ini: 'mine '\n")
    assert result.stderr == "Undo it with `git reset --hard && git clean -di`.\n"
    assert not (machine.project / "settings.ini").exists()
    machine.sh("git checkout --quiet HEAD -- settings.ini")
    assert read(machine.project)["settings.ini"] == before["settings.ini"]
    machine.sh("git reset --quiet --hard && git clean --quiet --force -d")
    assert read(machine.project) == before
    assert machine.try_out(*GUARDED, "--vcs-ref=v1").stderr == "Nothing is changed.\n"
    assert machine.sh("ls .git | grep template- || true") == ""


def test_an_interrupted_update_changes_nothing(small: Path, tmp_path: Path) -> None:
    """Ctrl+C reaches all processes of the terminal."""
    machine = Machine(small, tmp_path)
    before = read(machine.project)
    programs = tmp_path / "programs"
    write({"copier": b"#!/bin/sh\necho started; exec sleep 60\n"}, programs)
    (programs / "copier").chmod(0o755)
    environment = {**machine.environment, "PATH": f"{programs}:{machine.environment['PATH']}"}
    with subprocess.Popen(
        GUARDED,
        cwd=machine.project,
        env=environment,
        stdout=PIPE,
        stderr=PIPE,
        text=True,
        start_new_session=True,
        # Shells start background processes with this signal ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, "Stopped. Undo it with `git reset --hard && git clean -di`.\n")
    assert read(machine.project) == before
    assert machine.sh("ls .git | grep template- || true") == ""


def test_an_error_of_copier_is_one_sentence(small: Path, tmp_path: Path) -> None:
    """Copier prints a traceback for a refused answer and for an unknown release."""
    template = shutil.copytree(small, tmp_path / "template")
    validator = "{{ '' if colour == 'red' else 'Use red.' }}"
    with (template / "copier.yml").open("a", encoding="utf-8") as file:
        file.write(f'colour: {{type: str, default: red, validator: "{validator}"}}\n')
    run("sh", "-c", "git commit --quiet --all --message=3; git tag v3", cwd=template)
    machine = Machine(template, tmp_path)
    before = read(machine.project)
    for option, message in (("--data=colour=blue", "Use red."), ("--vcs-ref=v9", "Unknown revision: 'v9'")):
        result = machine.try_out(*GUARDED, option)
        assert (result.returncode, result.stderr) == (1, f"{message}\nNothing is changed.\n")
    assert read(machine.project) == before


def test_a_folder_that_is_no_project_is_refused(small: Path, tmp_path: Path) -> None:
    """Without Git, ignored in a larger repository, and without an answers file."""
    machine = Machine(small, tmp_path)
    machine.sh("rm -r .git")
    assert machine.try_out(*GUARDED).stderr.startswith("Git refuses this folder: fatal: not a git repository")
    start = "git init --quiet; echo '*' > .gitignore; git add --force .gitignore; git commit --quiet --message=1"
    machine.sh(start, tmp_path)
    result = machine.try_out(*GUARDED)
    assert result.stderr == "Let Git track this file: .copier-answers.yml. Nothing is changed.\n"
    machine.sh("rm .copier-answers.yml")
    for command in ("update", "drift"):
        result = machine.try_out("python3", SCRIPT, command)
        expected = "Restore .copier-answers.yml: it has the answers of this repository.\n"
        assert (result.returncode, result.stderr) == (1, expected)


def test_uncommitted_changes_are_all_named(small: Path, tmp_path: Path) -> None:
    """Staged, unstaged, renamed and new files."""
    machine = Machine(small, tmp_path)
    machine.sh("git mv settings.ini other.ini; echo x >> data.lock; echo x > new; git rm --quiet src/core.py")
    result = machine.try_out(*GUARDED)
    names = "data.lock, new, other.ini, settings.ini, src/core.py"
    assert result.stderr == f"Commit or stash these changes: {names}. Nothing is changed.\n"


def test_a_wrong_command_explains_the_others(small: Path, tmp_path: Path) -> None:
    machine = Machine(small, tmp_path)
    for command in ([], ["upgrade"]):
        result = machine.try_out("python3", SCRIPT, *command)
        assert result.returncode == 1
        assert "\nupdate: " in result.stderr
        assert "\ndrift: " in result.stderr


def bump(text: str, action: str, version: str, digit: str) -> str:
    """Return a text in which an action has another version, as bots write it."""
    changed, count = re.subn(rf"{action}(/\w+)?@\w+ # v[\d.]+", rf"{action}\1@{digit * 40} # {version}", text)
    assert count
    return changed


def test_bots_and_a_release_bump_the_same_actions(template: Path, tmp_path: Path) -> None:
    """The newer version wins, in all workflows and without a conflict. Only real edits are drift."""

    def change(source: Path) -> None:
        actions = source / "extensions/actions.jinja"
        text = bump(actions.read_text(encoding="utf-8"), "actions/checkout", "v7.0.2", "a")
        actions.write_text(bump(text, "actions/setup-python", "v7.2.0", "a"), encoding="utf-8")

    repository = successor(template, tmp_path, change)
    project = committed(generated(repository, NEXT, {"docs": True}, tmp_path / "old"), tmp_path)
    workflows = sorted((project / ".github/workflows").iterdir())
    assert len(workflows) == 3
    for file in workflows:
        text = bump(file.read_text(encoding="utf-8"), "actions/checkout", "v7.1.0", "b")
        file.write_text(bump(text, "actions/setup-python", "v7.0.5", "b"), encoding="utf-8")
    with_digest = f"python:3.14-slim-trixie{DIGEST}"
    replace(project / "Dockerfile", "python:3.14-slim-trixie", with_digest)
    replace(project / "pyproject.toml", '"mypy>=2,<3"', '"mypy>=3.1,<4"')
    replace(project / "pyproject.toml", '["poetry-core>=2.3,<3"]', '["poetry-core>=2.4,<3"]')
    run("git", "commit", "--quiet", "--all", "--message=Bump", cwd=project)
    assert drift(project) == []
    assert reported(project, repository) == {}

    run("git", "branch", "bumped", cwd=project)
    updated = guarded_update(project, f"--vcs-ref={AFTER}", "--data=image_python=3.15")
    assert updated.returncode == 0, updated.stdout + updated.stderr
    for file in workflows:
        text = file.read_text(encoding="utf-8")
        assert set(re.findall(r"actions/checkout@(.*)", text)) == {f"{'b' * 40} # v7.1.0"}
        assert set(re.findall(r"actions/setup-python@(.*)", text)) == {f"{'a' * 40} # v7.2.0"}
    assert "python:3.15-slim-trixie\n" in (project / "Dockerfile").read_text(encoding="utf-8")
    run("git", "commit", "--quiet", "--all", "--message=Update", cwd=project)
    assert drift(project) == []

    # The same with `copier update`.
    run("git", "switch", "--quiet", "bumped", cwd=project)
    run(COPIER, "update", "--quiet", "--skip-answered", "--defaults", f"--vcs-ref={AFTER}", cwd=project)
    assert all(MARKERS.search(file.read_bytes()) for file in workflows)

    run("git", "reset", "--quiet", "--hard", cwd=project)
    replace(project / "Dockerfile", "USER 10001:10001", "USER 10002:10002")
    (project / "poetry.toml").unlink()
    replace(project / "pyproject.toml", "show_missing = true", "show_missing = true\nskip_covered = true")
    assert drift(project) == ["changed: Dockerfile", "missing: poetry.toml"]
    assert reported(project, repository) == {"Dockerfile": "changed", "poetry.toml": "missing"}


def test_bots_and_a_release_bump_the_same_images(template: Path, tmp_path: Path) -> None:
    """On GitLab. A digest of the same tag stays, and a line with another change gets conflict markers."""

    def change(source: Path) -> None:
        ci = source / "template/.gitlab-ci.yml.jinja"
        for old, new in (
            ("gitlab-org/cli:v1.120.0", "gitlab-org/cli:v1.121.0"),
            ("docker:29-dind]", "docker:29.1-dind]"),
            ("cosign:v3.1.1-dev@sha256:0d", "cosign:v3.1.1-dev@sha256:1d"),
            ("  timeout: 30 minutes", "  timeout: 40 minutes"),
        ):
            replace(ci, old, new)

    repository = successor(template, tmp_path, change)
    answers = {"repository_host": "gitlab"}
    project = committed(generated(repository, NEXT, answers, tmp_path / "old"), tmp_path)
    ci = project / ".gitlab-ci.yml"
    replace(ci, "gitlab-org/cli:v1.120.0", f"gitlab-org/cli:v1.122.0{DIGEST}")
    replace(ci, "docker:29-dind]", "docker:30-dind]")
    pinned = re.sub("cosign:.*", f"cosign:v3.1.1-dev{DIGEST}", ci.read_text(encoding="utf-8"))
    ci.write_text(pinned, encoding="utf-8")
    replace(ci, "  timeout: 30 minutes", "  timeout: 35 minutes")
    run("git", "commit", "--quiet", "--all", "--message=Bump", cwd=project)
    assert drift(project) == ["changed: .gitlab-ci.yml"]
    updated = guarded_update(project, f"--vcs-ref={AFTER}")
    assert updated.stdout.splitlines()[-1] == "conflict: .gitlab-ci.yml"
    expected = pinned.replace(
        "  timeout: 30 minutes\n",
        "<<<<<<< before updating\n  timeout: 35 minutes\n=======\n  timeout: 40 minutes\n>>>>>>> after updating\n",
    )
    assert ci.read_text(encoding="utf-8") == expected


def drift(project: Path) -> list[str]:
    """Return the output of the task `drift`."""
    task = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["poe"]["tasks"]["drift"]
    before = read(project)
    lines = run(*shlex.split(task["cmd"]), cwd=project, env=ENVIRONMENT).splitlines()
    assert read(project) == before
    return lines


def reported(project: Path, repository: Path) -> dict[str, str] | None:
    """Return the drift of a repository in the fleet report."""
    [standing] = standings([project], repository, processes=1)
    return standing.drift
