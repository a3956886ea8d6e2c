"""Claims about Docker, and about Python and its tools in containers: docs/practices.md tells them to readers."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.kit.answers import working_tree
from tests.kit.commands import run, write
from tests.kit.docker import base_of, image_of, need_engine, what_is
from tests.kit.experiments import PROJECT, VERSION, wheel_of
from tools.render.template import Files

BASE = base_of({"python_version": VERSION})

SLEEPER = 'CMD ["python", "-u", "-c", "import time; print(0); time.sleep(60)"]'
KILLED = 128 + signal.SIGKILL


@pytest.fixture(autouse=True)
def engine() -> None:
    """Skip every test where there is no engine, or no base image."""
    need_engine({"python_version": VERSION})


def need_the_official_image() -> None:
    """Skip a test of what the official image holds where a stand-in has taken its name."""
    if what_is(BASE) != "real":
        pytest.skip(f"{BASE} is a stand-in, made to be like it: run this where the official image can be pulled")


def dockerfile(*lines: str) -> Files:
    """Return a build of these lines; BASE stands for the image with Python."""
    return {"Dockerfile": re.sub(r"\bBASE\b", BASE, "\n".join(lines)).encode()}


def inside(image: str, *command: str, options: tuple[str, ...] = ()) -> str:
    """Run a command in a container, and return what it printed."""
    return run("docker", "run", "--rm", *options, image, *command)


def layers(image: str) -> list[int]:
    """Return the bytes of an image's layers, newest first."""
    return [int(size) for size in run("docker", "history", "--human=false", "--format={{.Size}}", image).split()]


def output_of(files: Files, folder: Path) -> Files:
    """Build, and return the files of the last stage."""
    run("docker", "build", "--quiet", f"--output={folder}/output", write(files, folder / "context"))
    return {file.name: file.read_bytes() for file in (folder / "output").iterdir()}


# The build


def test_a_builders_env_is_not_inherited_by_the_runtime(tmp_path: Path) -> None:
    files = dockerfile(
        "FROM BASE AS builder", "ENV GREETING=hello", "FROM BASE AS runtime", "COPY --from=builder /etc /x"
    )
    greeting = ("python", "-c", "import os; print(os.environ.get('GREETING'))")
    with image_of(files, tmp_path, "--target=builder") as image:
        assert inside(image, *greeting) == "hello\n"
    with image_of(files, tmp_path) as image:
        assert inside(image, *greeting) == "None\n"


def test_a_stage_is_built_again_only_when_what_it_copies_from_another_changes(tmp_path: Path) -> None:
    """Also when the other stage itself was built again, from other files."""
    files = dockerfile(
        "FROM BASE AS list",
        "COPY settings /",
        "RUN grep package /settings > /list",
        "FROM BASE AS dependencies",
        "COPY --from=list /list /",
        "RUN python -c 'import uuid; print(uuid.uuid4())' > /built",
        "FROM scratch",
        "COPY --from=dependencies /built /",
    )
    first, tool, package = (
        output_of(files | {"settings": settings}, tmp_path / str(number))
        for number, settings in enumerate([b"package one\ntool one\n", b"package one\ntool two\n", b"package two\n"])
    )
    assert first == tool
    assert first != package


def test_copy_needs_the_files_that_it_names(tmp_path: Path) -> None:
    """With a pattern it does not, and a build without the lock would go on."""
    project = {"pyproject.toml": b""}
    files = output_of(project | dockerfile("FROM scratch", "COPY pyproject.toml poetry.lock* /"), tmp_path)
    assert list(files) == ["pyproject.toml"]
    with pytest.raises(AssertionError, match=r"\"/poetry\.lock\": not found"):
        output_of(project | dockerfile("FROM scratch", "COPY pyproject.toml poetry.lock /"), tmp_path)


def test_apt_lists_are_shipped_unless_removed_by_the_same_run(tmp_path: Path) -> None:
    update, remove = "apt-get update", "rm -rf /var/lib/apt/lists/*"
    for lines in ([f"RUN {update} && {remove}"], [f"RUN {update}", f"RUN {remove}"]):
        with image_of(dockerfile("FROM BASE", *lines), tmp_path) as image:
            shipped = sum(layers(image)[: len(lines)])
            assert inside(image, "ls", "/var/lib/apt/lists") == ""
        assert (shipped > 5_000_000) == (len(lines) == 2)


def test_the_official_image_leaves_no_debian_archives() -> None:
    need_the_official_image()
    assert "rm -f /var/cache/apt/archives/*.deb" in inside(BASE, "cat", "/etc/apt/apt.conf.d/docker-clean")


def test_pip_no_cache_dir_defeats_a_cache_mount(tmp_path: Path) -> None:
    """With it a cache mount stays empty; without it the mount has files."""
    found = {}
    for name, setting in (("with", "PIP_NO_CACHE_DIR=1"), ("without", "")):
        mount = f"--mount=type=cache,id=practices-{name},target=/root/.cache/pip"
        install = f"{setting} pip install --target=/trial iniconfig && find /root/.cache/pip -type f > /found"
        files = dockerfile("FROM BASE AS trial", f"RUN {mount} {install}", "FROM scratch", "COPY --from=trial /found /")
        found[name] = bool(output_of(files, tmp_path / name)["found"])
    assert found == {"with": False, "without": True}


def test_pip_root_user_action_only_silences() -> None:
    said, files = {}, {}
    for action in ("warn", "ignore"):
        setting = (f"--env=PIP_ROOT_USER_ACTION={action}", "--env=PIP_DISABLE_PIP_VERSION_CHECK=1")
        install = "pip install --no-compile --target=/trial iniconfig 2>&1"
        output = inside(
            BASE, "sh", "-c", f"{install} && cd /trial && find . -type f | sort | xargs sha256sum", options=setting
        )
        said[action] = "Running pip as the 'root' user" in output
        files[action] = [line for line in output.splitlines() if "./iniconfig" in line]
    assert said == {"warn": True, "ignore": False}
    assert files["warn"] == files["ignore"] != []


def test_poetry_virtualenvs_create_false_leaves_no_environment_to_copy(tmp_path: Path) -> None:
    """The packages end up in the system's Python, also when Poetry has an environment of its own."""
    files = working_tree().render({"project_type": "service", "installer": "poetry", "python_version": VERSION})
    poetry = files["Dockerfile"].decode().split("\n\n# Compiled here")[0]
    trial = [
        "FROM poetry AS trial",
        "WORKDIR /build",
        "COPY pyproject.toml poetry.lock ./",
        "RUN POETRY_VIRTUALENVS_CREATE=false poetry install --only=main --no-root",
    ]
    show = "import json, os, fastapi; print(json.dumps([fastapi.__file__, os.path.exists('.venv')]))"
    with image_of(files | dockerfile(poetry, *trial), tmp_path) as image:
        place, environment = json.loads(inside(image, "/usr/local/bin/python", "-c", show))
    assert place.startswith("/usr/")
    assert not environment


# The container


def test_the_official_image_has_no_bytecode_of_the_standard_library() -> None:
    need_the_official_image()
    find = "import os, pathlib; print(*pathlib.Path(os.__file__).parent.rglob('*.pyc'))"
    assert [path for path in inside(BASE, "python", "-B", "-c", find).split() if "-packages/" not in path] == []


def test_running_a_command_writes_bytecode_as_root_alone(tmp_path: Path) -> None:
    """As another user none is written, and each start compiles again; PYTHONDONTWRITEBYTECODE keeps root from it."""
    wheel = wheel_of(write(PROJECT, tmp_path / "project"))
    files = dockerfile(
        "FROM BASE",
        "COPY *.whl /",
        "RUN python -m venv --without-pip /app/.venv",
        "RUN pip --python=/app/.venv/bin/python install --no-index --no-deps --no-compile /*.whl",
    )
    command = ("sh", "-c", "/app/.venv/bin/greet && find /app -name '*.pyc' | wc -l")
    with image_of(files | {wheel.name: wheel.read_bytes()}, tmp_path / "context") as image:
        assert inside(image, *command) == "hello\n1\n"
        assert inside(image, *command, options=("--user=10001:10001",)) == "hello\n0\n"
        assert inside(image, *command, options=("--env=PYTHONDONTWRITEBYTECODE=1",)) == "hello\n0\n"


def status_when_stopped(image: str, *options: str) -> int:
    """Start a container, stop it with three seconds of patience as soon as it runs, and return its status."""
    container = run("docker", "run", "--detach", *options, image).strip()
    try:
        deadline = time.monotonic() + 30
        while not run("docker", "logs", container) and time.monotonic() < deadline:
            time.sleep(0.1)
        run("docker", "stop", "--time=3", container)
        return int(run("docker", "inspect", "--format={{.State.ExitCode}}", container))
    finally:
        run("docker", "rm", "--force", container)


def test_python_as_process_1_ignores_sigterm(tmp_path: Path) -> None:
    """It is killed when the patience of `docker stop` ends, unless an init is process 1 and passes the signal on."""
    with image_of(dockerfile("FROM BASE", SLEEPER), tmp_path) as image:
        assert status_when_stopped(image) == KILLED
        assert status_when_stopped(image, "--init") != KILLED


def test_stopsignal_sigint_stops_python_at_once(tmp_path: Path) -> None:
    with image_of(dockerfile("FROM BASE", "STOPSIGNAL SIGINT", SLEEPER), tmp_path) as image:
        assert status_when_stopped(image) != KILLED


def test_uvicorn_stops_at_sigterm(tmp_path: Path) -> None:
    answers = {"project_type": "service", "project_description": "It is stopped.", "python_version": VERSION}
    with image_of(working_tree().render(answers), tmp_path) as image:
        assert status_when_stopped(image) != KILLED


def test_a_user_without_an_entry_in_passwd_has_no_name(tmp_path: Path) -> None:
    ask = ("python", "-c", "import getpass; print(getpass.getuser())")
    user = ("docker", "run", "--rm", "--user=10001:10001")
    result = subprocess.run([*user, BASE, *ask], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "uid not found: 10001" in result.stderr
    entry = "RUN echo app:x:10001:10001::/:/usr/sbin/nologin >> /etc/passwd"
    with image_of(dockerfile("FROM BASE", entry), tmp_path) as image:
        assert run(*user, image, *ask) == "app\n"
