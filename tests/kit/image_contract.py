"""What every image promises, as checks on a built image."""

import json
import tomllib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from packaging.markers import Marker

from tests.kit.commands import run
from tests.kit.docker import SOURCE, VERSION, base_of, bytes_above, container_of, ground, image_of, inspect, wait_until
from tools.render.template import Answers, Files

LABELS = {"source": SOURCE, "version": VERSION}
LOCKED_UP = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none")
SUMMARY = "count mean sensor indoors 2 21.0 outdoors 2 9.0"
TOOLS = ["cc", "curl", "gcc", "git", "less", "make", "poetry", "psl", "uv"]

FACTS = (
    """
import getpass, importlib.metadata, json, os, pathlib, platform, re, shutil, sys, sysconfig, time

def name(distribution):
    return re.sub("[-_.]+", "-", distribution.name).lower()

def bytecode(source):
    # https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
    file = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
    return {0: "timed", 1: "unchecked", 3: "checked"}[file.read_bytes()[4]] if file.exists() else "none"

def bytecode_of(sources):
    kinds = {}
    for source in sources:
        kinds.setdefault(bytecode(source), []).append(str(source))
    return {kind: [len(paths), *sorted(paths)[:3]] for kind, paths in kinds.items()}

app = pathlib.Path("/app")
packages = pathlib.Path(sysconfig.get_path("purelib"))
library = pathlib.Path(sysconfig.get_path("stdlib"))
project = {source for name in sys.argv[1].split(",") if name for source in (packages / name).rglob("*.py")}
ignored = {packages / f"{name}.py" for name in sys.argv[2].split(",")}
tests = {source for source in packages.rglob("*.py") if "/tests/" in str(source)} - project
timed = [app, *app.rglob("*"), library, *library.rglob("__pycache__"), *library.rglob("*.pyc")]
if os.getuid() != 65532:
    timed.append(pathlib.Path("/etc/passwd"))
print(json.dumps({
    "user": [os.getuid(), os.getgid(), getpass.getuser()],
    "python": platform.python_version(),
    "prefix": sys.prefix,
    "distributions": sorted(map(name, importlib.metadata.distributions(path=[str(packages)]))),
    "programs": sorted(filter(shutil.which, """
    + repr(TOOLS)
    + """)),
    "shell": shutil.which("sh"),
    "lists": [str(path) for path in pathlib.Path("/var/lib/apt/lists").rglob("*") if path.is_file() and path.stat().st_size],
    "bytecode": {
        "project": bytecode_of(project),
        "dependencies": bytecode_of(set(packages.rglob("*.py")) - project - tests - ignored),
        "tests": bytecode_of(tests),
        "library": bytecode_of(source for source in library.rglob("*.py") if "site-packages" not in source.parts),
        "site-packages": bytecode_of((library / "site-packages").rglob("*.py")),
    },
    "timed": [str(path) for path in timed if path.lstat().st_mtime],
    "writable": [str(path) for path in [app, *app.rglob("*")] if not path.is_symlink() and os.access(path, os.W_OK)],
    "licenses": [path.name for path in packages.glob("myproject-*.dist-info/licenses/*")],
    "unreadable": [str(path) for path in app.rglob("*") if not os.access(path, os.R_OK)],
}))
try:
    time.sleep(60)
finally:
    print("stopped")
"""
)
"""Tells, inside a container, what the image is held to, and waits to be stopped."""

GET = """
import os
from http.client import HTTPConnection
connection = HTTPConnection("127.0.0.1", os.environ.get("APP_PORT", 8000))
connection.request("GET", "/")
print(connection.getresponse().read().decode())
print(open("/proc/net/tcp").read())
"""
"""Asks a service, inside its container, and tells on which addresses it listens."""


def expected_distributions(answers: Answers, lock: str) -> list[str]:
    """Return the names of what belongs into an image: what is locked for the project to run, and the project."""
    target = {"python_version": answers["python_version"], "sys_platform": "linux", "platform_system": "Linux"}
    names = {"myproject"} if answers["project_type"] != "environment" else set()
    for package in tomllib.loads(lock)["package"]:
        marker = package.get("markers", "")
        marker = marker.get("main", "") if isinstance(marker, dict) else marker
        if "main" in package["groups"] and (not marker or Marker(marker).evaluate(target)):
            names.add(package["name"])
    return sorted(names)


def stop(container: str) -> tuple[int, str]:
    """Stop a container that has a second for it, and return its exit code, 137 when it took longer, and its output."""
    run("docker", "stop", "-t", "1", container)
    return state(container)["ExitCode"], run("docker", "logs", container)


def state(container: str) -> Any:
    """Return what Docker knows of what a container does."""
    return inspect(container)["State"]


def seconds_to_the_first_look(container: str) -> float:
    """Return how many seconds a container ran before Docker looked whether it is healthy."""
    facts = state(container)
    started, looked = map(datetime.fromisoformat, (facts["StartedAt"], facts["Health"]["Log"][0]["Start"]))
    return (looked - started).total_seconds()


def check_facts(image: str, answers: Answers, files: Files, ignore: Sequence[str] = ()) -> Any:
    """Hold an image to what it contains, and return that.

    The facts come through a pipe from a program that goes on running.
    """
    kind, distroless = answers["project_type"], answers["base_image"] == "distroless"
    project = () if kind == "environment" else ("myproject",)
    command = ("-c", FACTS, ",".join(project), ",".join(ignore))
    with container_of(image, *LOCKED_UP, "--entrypoint=python", command=command) as container:
        # Python that nobody tells to stop sleeps for a minute.
        wait_until(20, lambda: run("docker", "logs", container).endswith("}\n") or not state(container)["Running"])
        running, output = state(container)["Running"], run("docker", "logs", container)
        assert running, output
        assert output.startswith("{"), "no output while the program runs"
        if kind != "service":
            # Python's own exit code for an interrupt, with everything tidied up.
            code, rest = stop(container)
            assert code == 130
            assert "stopped" in rest.splitlines()
    facts = json.loads(output.splitlines()[0])
    assert facts["user"] == ([65532, 65532, "nonroot"] if distroless else [10001, 10001, "app"])
    assert facts["python"].startswith(f"{answers['python_version']}.")
    assert facts["prefix"] == "/app/.venv"
    assert facts["distributions"] == expected_distributions(answers, files["poetry.lock"].decode())
    assert facts["programs"] == answers.get("runtime_packages", "").split()
    assert distroless == (facts["shell"] is None)
    assert facts["licenses"] == (["LICENSE"] if project else [])
    for what in ("lists", "timed", "writable", "unreadable"):
        assert facts[what] == [], what
    check_bytecode(facts["bytecode"], kind)
    if not distroless:
        assert set(facts["bytecode"]["site-packages"]) <= {"none"}
    return facts


def check_bytecode(bytecode: dict[str, dict[str, Any]], kind: str) -> None:
    """Hold the parts of an image to the kind of bytecode that each has."""
    assert set(bytecode["project"]) == (set() if kind == "environment" else {"checked"})
    assert set(bytecode["dependencies"]) == (set() if kind == "package" else {"unchecked"})
    assert set(bytecode["tests"]) <= {"none"}
    assert set(bytecode["library"]) == {"unchecked"}, bytecode["library"]


def check_configuration(image: str, answers: Answers) -> None:
    """Hold an image to what it says of itself, and to the environment variables that it sets."""
    ours, base = (inspect(name)["Config"] for name in (image, base_of(answers)))
    assert ours["User"] == ("65532:65532" if answers["base_image"] == "distroless" else "10001:10001")
    path = next(entry for entry in base["Env"] if entry.startswith("PATH="))
    expected = {*base["Env"]} - {path} | {path.replace("PATH=", "PATH=/app/.venv/bin:"), "PYTHONUNBUFFERED=1"}
    if answers["project_type"] == "service":
        expected.add("APP_HOST=0.0.0.0")
    assert {*ours["Env"]} == expected
    license = answers["license"] if answers["license"] != "Proprietary" else "LicenseRef-Proprietary"
    labels = {**LABELS, "licenses": license}
    expected_labels = {f"org.opencontainers.image.{name}": value for name, value in labels.items()}
    ours["Labels"].pop("io.buildah.version", None)
    assert ours["Labels"] == {**(base["Labels"] or {}), **expected_labels}
    assert (ours.get("ExposedPorts") or {}) == ({"8000/tcp": {}} if answers["project_type"] == "service" else {})


def check_work(image: str, kind: str) -> None:
    """Hold an image to what it is for, with everything taken away that it does not need."""
    if kind == "service":
        check_service(image)
    else:
        output = run("docker", "run", "--rm", *LOCKED_UP, image)
        assert " ".join(output.split()) == {"package": "Hello, World!", "environment": SUMMARY}[kind]


def check_service(image: str) -> None:
    """Hold a service to answering on loopback, being found healthy soon and past any proxy, and stopping at once."""
    with container_of(image, *LOCKED_UP, "--env=http_proxy=http://127.0.0.1:9") as container:
        wait_until(15, lambda: state(container)["Health"]["Status"] == "healthy" or not state(container)["Running"])
        assert state(container)["Health"]["Status"] == "healthy", run("docker", "logs", container)
        # The default is to wait five seconds for the first look.
        assert seconds_to_the_first_look(container) < 4
        answer, *sockets = run("docker", "exec", container, "python", "-c", GET).splitlines()
        assert json.loads(answer) == {"message": "Hello, World!"}
        assert any("00000000:1F40" in socket.split()[1:2] for socket in sockets), "does not listen on all addresses"
        code, output = stop(container)
    assert code == 0
    assert "Application shutdown complete." in output


def check_contract(answers: Answers, files: Files, folder: Path, *options: str) -> dict[str, Any]:
    """Build an image, hold it to everything, and return what is told of it in docs/combinations.md."""
    labels = [f"--label=org.opencontainers.image.{name}={value}" for name, value in LABELS.items()]
    with image_of(files, folder, *labels, *options) as image:
        check_configuration(image, answers)
        facts = check_facts(image, answers, files)
        # Last, as it waits for a service to be found healthy.
        check_work(image, answers["project_type"])
        return {"python": facts["python"], "bytes": bytes_above(base_of(answers), image), **ground(answers)}
