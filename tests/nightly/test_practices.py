"""Claims about Poetry, pip and Python, tried on the real tools: docs/practices.md tells them to readers."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.kit.commands import OFFLINE, POETRY, read, run, write
from tests.kit.experiments import (
    PINS,
    PROJECT,
    attempt,
    bytecode,
    environment,
    fail,
    installed,
    new_environment,
    poetry,
    succeed,
    wheel_of,
)
from tests.kit.pythons import interpreters
from tools.render.template import Files

AN_OLD_PIP = "25.3"
"""A release that tells of a newer one."""


def in_a_terminal(*command: str | Path, cwd: Path, question: str, **settings: str) -> tuple[str, int | None]:
    """Run a command in a terminal at which nobody types.

    Returns:
        What it showed, and its status; None when it has asked the question and goes on waiting.
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command, cwd=cwd, env=environment(**settings), stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = ""
    try:
        while select.select([ours], [], [], 2 if question in shown else 120)[0]:
            try:
                shown += os.read(ours, 1000).decode(errors="replace")
            except OSError:  # it has left the terminal
                return shown, process.wait()
        return shown, None
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a project without a lock."""
    return write(PROJECT, tmp_path / "project")


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Give the files of the project with its lock."""
    folder = write(PROJECT, tmp_path_factory.mktemp("locked"))
    poetry("lock", cwd=folder)
    return PROJECT | {"poetry.lock": (folder / "poetry.lock").read_bytes()}


@pytest.fixture
def locked_project(locked: Files, tmp_path: Path) -> Path:
    """Give a project with its lock."""
    return write(locked, tmp_path / "project")


def tools(tmp_path_factory: pytest.TempPathFactory, *requirements: str) -> Path:
    """Install tools into a folder that is no environment."""
    folder = tmp_path_factory.mktemp("tools")
    pip = (
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--root-user-action=ignore",
    )
    run(*pip, "--no-deps", f"--target={folder}", *requirements)
    return folder


@pytest.fixture(scope="session")
def pip(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Give the pip that the claims are about, as a command."""
    return sys.executable, tools(tmp_path_factory, f"pip=={PINS['pip']}") / "pip"


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Give an environment with nothing in it."""
    return new_environment(tmp_path / "environment")


# Poetry: what it asks


def test_poetry_no_interaction_does_not_exist(tmp_path: Path) -> None:
    """With and without it `poetry init` waits at its first question; `-n` is what exists."""
    sources = [file for folder in ("poetry", "cleo") for file in POETRY.parents[1].glob(f"lib/*/*/{folder}/**/*.py")]
    assert sources
    assert [file for file in sources if "NO_INTERACTION" in file.read_text(encoding="utf-8")] == []
    init = (POETRY, "init")
    for settings in ({}, {"POETRY_NO_INTERACTION": "1"}):
        shown, status = in_a_terminal(*init, cwd=tmp_path, question="Package name [", **settings)
        assert "Package name [" in shown
        assert status is None
    assert in_a_terminal(*init, "-n", cwd=tmp_path, question="Package name [")[1] == 0
    assert (tmp_path / "pyproject.toml").exists()


def test_poetry_init_without_a_terminal_asks_for_ever(tmp_path: Path) -> None:
    """It never ends by itself: here it does because nobody reads beyond a thousand lines."""
    output = succeed("sh", "-c", '"$0" init 2>&1 | head -n 1000', POETRY, cwd=tmp_path)
    assert output.count("Package name [") > 900
    poetry("init", "--no-interaction", cwd=tmp_path)


def test_poetry_install_asks_nothing(locked_project: Path) -> None:
    shown, status = in_a_terminal(POETRY, "install", cwd=locked_project, question="?")
    assert status == 0
    assert "?" not in shown
    assert installed(locked_project / ".venv") >= {"iniconfig", "greeting"}


# Poetry: the lock and export


def test_export_comes_with_a_plugin_alone(locked_project: Path) -> None:
    output = fail(POETRY, "--no-plugins", "export", cwd=locked_project)
    assert "The requested command export does not exist" in output
    query = "from importlib.metadata import requires; print(*requires('poetry'))"
    assert "poetry-plugin-export" not in run(POETRY.with_name("python"), "-c", query)
    assert "iniconfig==" in poetry("export", cwd=locked_project)


@pytest.mark.parametrize("command", ["install", "export", "check"])
def test_a_stale_lock_stops(command: str, locked_project: Path) -> None:
    poetry(command, cwd=locked_project)
    pyproject = locked_project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("iniconfig>=2.3", "iniconfig>=2.2"))
    assert "pyproject.toml changed significantly since poetry.lock was last generated" in fail(
        POETRY, command, cwd=locked_project
    )


@pytest.mark.parametrize("command", ["export", "install"])
def test_without_a_lock_poetry_resolves_and_writes_one(command: str, project: Path) -> None:
    assert "iniconfig" in poetry(command, cwd=project)
    assert (project / "poetry.lock").exists()


# Poetry: what is installed of the project itself


def test_poetry_installs_a_pth_that_breaks_without_the_sources(locked_project: Path, tmp_path: Path) -> None:
    poetry("install", cwd=locked_project)
    greet = locked_project / ".venv/bin/greet"
    assert succeed(greet) == "hello\n"
    (pth,) = locked_project.glob(".venv/lib/*/site-packages/greeting.pth")
    assert pth.read_text().strip() == str(locked_project / "src")
    (locked_project / "src").rename(tmp_path / "elsewhere")
    assert "No module named 'greeting'" in fail(greet)
    assert "--no-editable" not in poetry("install", "--help", cwd=locked_project)


def test_poetry_install_needs_the_sources(locked_project: Path, tmp_path: Path) -> None:
    (locked_project / "src").rename(tmp_path / "elsewhere")
    assert "No file/folder found for package greeting" in fail(POETRY, "install", cwd=locked_project)
    poetry("install", "--no-root", cwd=locked_project)
    with (locked_project / "pyproject.toml").open("a") as pyproject:
        pyproject.write("\n[tool.poetry]\npackage-mode = false\n")
    poetry("install", cwd=locked_project)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("install", "README.md` does not exist"),
        ("build", "README.md` does not exist"),
        ("check", "Declared README file does not exist: README.md"),
    ],
)
def test_the_readme_is_needed(command: str, message: str, locked_project: Path) -> None:
    poetry(command, cwd=locked_project)
    (locked_project / "README.md").unlink()
    assert message in fail(POETRY, command, cwd=locked_project)


def test_a_built_wheel_installs_without_its_dependencies(project: Path, empty: Path, pip: tuple[str, Path]) -> None:
    succeed(*pip, f"--python={empty}", "install", "--no-index", "--no-deps", wheel_of(project))
    (project / "src").rename(project / "elsewhere")
    assert succeed(empty / "bin/greet") == "hello\n"
    assert installed(empty) == {"greeting"}


def test_two_builds_of_the_wheel_are_identical(project: Path, tmp_path: Path) -> None:
    first = wheel_of(project).read_bytes()
    again = write(PROJECT, tmp_path / "again")
    for file in again.rglob("*"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    assert wheel_of(again).read_bytes() == first


def test_poetry_builds_with_the_poetry_core_that_it_has(project: Path) -> None:
    """So that nothing is fetched: it builds without a network."""
    if shutil.which("unshare") is None or subprocess.run([*OFFLINE, "true"], check=False).returncode:
        pytest.skip("network namespaces are not allowed here: run the tests on Linux, outside a container, or as root")
    assert "Built greeting-0.1.0-py3-none-any.whl" in succeed(*OFFLINE, POETRY, "build", cwd=project)


def test_poetry_bundle_is_not_editable_and_not_reproducible(
    locked_project: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    plugin = tools(tmp_path_factory, f"poetry-plugin-bundle=={PINS['poetry-plugin-bundle']}")
    origins = set()
    for name in ("one", "two"):
        bundle = tmp_path / name
        poetry("bundle", "venv", str(bundle), cwd=locked_project, PYTHONPATH=str(plugin))
        assert installed(bundle) == {"iniconfig", "greeting", "pip"}
        assert bytecode(bundle) == []
        origins |= {file.read_text() for file in bundle.glob("lib/*/*/greeting-*/direct_url.json")}
    (locked_project / "src").rename(tmp_path / "elsewhere")
    assert succeed(tmp_path / "one/bin/greet") == "hello\n"
    assert len(origins) == 2


# Poetry: what the READMEs tell


def test_poetry_version_patch_raises_the_version(project: Path) -> None:
    poetry("version", "patch", cwd=project)
    assert 'version = "0.1.1"' in (project / "pyproject.toml").read_text()


def test_poetry_add_writes_to_pyproject_and_lock(locked_project: Path) -> None:
    poetry("add", "--lock", "--group", "dev", "pluggy", cwd=locked_project)
    groups = tomllib.loads((locked_project / "pyproject.toml").read_text())["dependency-groups"]
    assert re.fullmatch(r"pluggy \(>=.*\)", groups["dev"][0])
    poetry("check", "--lock", cwd=locked_project)


# Poetry: what its environment weighs


def test_poetrys_environment_has_pip_unless_told_otherwise(locked_project: Path) -> None:
    poetry("install", "--no-root", cwd=locked_project)
    assert installed(locked_project / ".venv") == {"iniconfig", "pip"}
    shutil.rmtree(locked_project / ".venv")
    poetry("install", "--no-root", cwd=locked_project, POETRY_VIRTUALENVS_OPTIONS_NO_PIP="1")
    assert installed(locked_project / ".venv") == {"iniconfig"}


def test_poetry_compiles_only_when_told(locked_project: Path) -> None:
    poetry("install", "--no-root", cwd=locked_project)
    assert bytecode(locked_project / ".venv") == []
    shutil.rmtree(locked_project / ".venv")
    poetry("install", "--no-root", "--compile", cwd=locked_project)
    assert bytecode(locked_project / ".venv") != []


# pip


@pytest.mark.parametrize("line", ["./", "greeting @ file://{}", "greeting @ git+file://{}"])
def test_hashes_beside_a_folder_or_a_repository_are_refused(
    line: str, locked_project: Path, empty: Path, pip: tuple[str, Path]
) -> None:
    install = (*pip, f"--python={empty}", "install", "--requirement=requirements.txt")
    poetry("export", "--output=requirements.txt", cwd=locked_project)
    succeed(*install, cwd=locked_project)
    with (locked_project / "requirements.txt").open("a") as requirements:
        requirements.write(line.format(locked_project))
    assert "Can't verify hashes for these" in fail(*install, cwd=locked_project)


def test_pip_installs_a_folder_with_whatever_poetry_core_is_newest(
    locked_project: Path, empty: Path, pip: tuple[str, Path]
) -> None:
    output = succeed(*pip, f"--python={empty}", "install", "--verbose", "--no-deps", "./", cwd=locked_project)
    assert "Successfully installed poetry-core-" in output
    assert "poetry-core" not in (locked_project / "poetry.lock").read_text()


@pytest.mark.parametrize("value", ["on", "off", "0", "1", "true", "false", "yes", "no"])
def test_pip_no_cache_dir_disables_by_every_truth_value(value: str, pip: tuple[str, Path]) -> None:
    assert "cache is disabled" in fail(*pip, "cache", "dir", PIP_NO_CACHE_DIR=value)


def test_pip_no_cache_dir_enables_when_empty_and_refuses_other_words(pip: tuple[str, Path]) -> None:
    assert succeed(*pip, "cache", "dir", PIP_NO_CACHE_DIR="") == succeed(*pip, "cache", "dir")
    assert "invalid truth value 'maybe'" in fail(*pip, "cache", "dir", PIP_NO_CACHE_DIR="maybe")


@pytest.mark.parametrize(
    ("variable", "compiles"), [("", True), ("PIP_NO_COMPILE=1", True), ("PIP_NO_COMPILE=0", False)]
)
def test_pip_no_compile_is_inverted(variable: str, compiles: bool, empty: Path, pip: tuple[str, Path]) -> None:
    settings = dict([variable.split("=")]) if variable else {}
    succeed(*pip, f"--python={empty}", "install", "iniconfig", cwd=empty, **settings)
    assert bool(bytecode(empty)) is compiles
    succeed(*pip, f"--python={empty}", "install", "--no-compile", f"--target={empty}/told", "iniconfig")
    assert bytecode(empty / "told") == []


def test_pip_disable_pip_version_check_only_silences(tmp_path: Path, pip: tuple[str, Path]) -> None:
    notice, files = {}, {}
    for value in ("0", "1"):
        folder = new_environment(tmp_path / value)
        succeed(*pip, f"--python={folder}", "install", "--no-compile", f"pip=={AN_OLD_PIP}")
        settings = {"PIP_DISABLE_PIP_VERSION_CHECK": value, "PIP_CACHE_DIR": str(tmp_path / f"cache-{value}")}
        output = succeed(
            folder / "bin/python", "-B", "-m", "pip", "install", "--no-compile", "iniconfig", cwd=folder, **settings
        )
        notice[value] = "A new release of pip is available" in output
        files[value] = {path: content for path, content in read(folder).items() if "/iniconfig" in path}
    assert notice == {"0": True, "1": False}
    assert files["0"] == files["1"] != {}


@pytest.mark.parametrize(
    ("settings", "mode"), [({}, "timestamp"), ({"SOURCE_DATE_EPOCH": "1000000000"}, "checked-hash")]
)
def test_source_date_epoch_makes_pip_compile_by_hash(
    settings: dict[str, str], mode: str, empty: Path, pip: tuple[str, Path]
) -> None:
    succeed(*pip, f"--python={empty}", "install", "iniconfig", cwd=empty, **settings)
    # https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
    modes = {0: "timestamp", 1: "unchecked-hash", 3: "checked-hash"}
    assert {modes[file.read_bytes()[4]] for file in bytecode(empty)} == {mode}


def test_pythondontwritebytecode_does_not_stop_pip(empty: Path, pip: tuple[str, Path]) -> None:
    succeed(*pip, f"--python={empty}", "install", "iniconfig", PYTHONDONTWRITEBYTECODE="1")
    assert bytecode(empty) != []


def test_pythondontwritebytecode_does_not_stop_poetry(locked_project: Path) -> None:
    poetry("install", "--no-root", "--compile", cwd=locked_project, PYTHONDONTWRITEBYTECODE="1")
    assert bytecode(locked_project / ".venv") != []


# Python


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSEGV])
@pytest.mark.parametrize(("settings", "arrives"), [({}, ""), ({"PYTHONUNBUFFERED": "1"}, "before\n")])
def test_a_killed_process_loses_its_output_unless_unbuffered(
    settings: dict[str, str], arrives: str, end: signal.Signals, tmp_path: Path
) -> None:
    code = f"import os; print('before'); os.kill(os.getpid(), {end:d})"
    for python in interpreters().values():
        assert attempt(python, "-c", code, cwd=tmp_path, **settings) == (-end, arrives)


@pytest.mark.parametrize(
    ("mode", "message"),
    [("timestamp", "bytecode is stale for 'greeting'"), ("checked-hash", " matches "), ("unchecked-hash", " matches ")],
)
def test_only_timestamped_bytecode_is_stale_when_times_are_rewritten(mode: str, message: str, tmp_path: Path) -> None:
    source = write({"greeting.py": b""}, tmp_path) / "greeting.py"
    for python in interpreters().values():
        succeed(python, "-m", "compileall", f"--invalidation-mode={mode}", source)
        os.utime(source, (1_000_000_000, 1_000_000_000))
        output = succeed(python, "-v", "-B", "-c", "import greeting", PYTHONPATH=str(tmp_path))
        about = [line for line in output.splitlines() if "greeting" in line]
        assert any(message in line for line in about), about
        os.utime(source)
