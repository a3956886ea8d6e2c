"""The contract of every image, as checks of a built image."""

import json
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from packaging.markers import Marker

from tests.kit.answers import IMAGE_QUESTIONS, told
from tests.kit.commands import run
from tests.kit.docker import (
    SOURCE,
    VERSION,
    base_of,
    bytes_above,
    container_of,
    docker,
    ground,
    image_of,
    inspect,
    layer_bytes,
    need_engine,
    wait_until,
)
from tests.kit.verdicts import expect, expect_equal
from tools.render.template import Answers, Files

LABELS = {"source": SOURCE, "version": VERSION}
LIBRARY_LAYER = {"slim": "/etc/passwd", "distroless": "COPY /out/ / "}
"""Part of the instruction that makes the layer with bytecode of the standard library."""

LOCKED_UP = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--network=none")
SOON = "--health-interval=1s"
"""An option of `docker run` that spares a test the first seconds of waiting for a healthy service."""

SUMMARY = "count mean sensor indoors 2 21.0 outdoors 2 9.0"
TOOLS = ["cc", "curl", "gcc", "git", "less", "make", "poetry", "psl", "uv"]

FACTS = (
    """
import getpass, importlib.metadata, json, os, pathlib, platform, pwd, re, shutil, sys, sysconfig, time

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
open_folders = [pathlib.Path.home(), pathlib.Path("/data")]
packages = pathlib.Path(sysconfig.get_path("purelib"))
library = pathlib.Path(sysconfig.get_path("stdlib"))
project = {source for name in sys.argv[1].split(",") if name for source in (packages / name).rglob("*.py")}
ignored = {packages / f"{name}.py" for name in sys.argv[2].split(",")}
tests = {source for source in packages.rglob("*.py") if "/tests/" in str(source)} - project
timed = [app, *app.rglob("*"), *open_folders, pathlib.Path("/home"), library, *library.rglob("__pycache__"), *library.rglob("*.pyc")]
if os.getuid() != 65532:
    timed.append(pathlib.Path("/etc/passwd"))
compiled = library.rglob("__pycache__/*.pyc")
print(json.dumps({
    "compiled": sum(path.stat().st_size for path in compiled if "site-packages" not in path.parts),
    "passwd": pathlib.Path("/etc/passwd").stat().st_size,
    "user": [os.getuid(), os.getgid(), getpass.getuser()],
    "open_folders": {str(path): oct(path.stat().st_mode) for path in open_folders},
    "home": pwd.getpwuid(os.getuid()).pw_dir,
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
"""Prints, inside a container, the facts that the contract is about, and waits to be stopped."""

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
    """Return the names of the packages that belong into an image: the locked dependencies and the project."""
    target = {"python_version": answers["image_python"], "sys_platform": "linux", "platform_system": "Linux"}
    names = {"myproject"} if answers["project_type"] != "environment" else set()
    for package in tomllib.loads(lock)["package"]:
        marker = package.get("markers", "")
        marker = marker.get("main", "") if isinstance(marker, dict) else marker
        if "main" in package["groups"] and (not marker or Marker(marker).evaluate(target)):
            names.add(package["name"])
    return sorted(names)


def stop(container: str, seconds: int = 1) -> tuple[int, str]:
    """Stop a container that has some seconds for it, and return its exit code, 137 if it took longer, and its output."""
    run("docker", "stop", "-t", str(seconds), container)
    return state(container)["ExitCode"], run("docker", "logs", container)


def state(container: str) -> Any:
    """Return the state of a container from `docker inspect`."""
    return inspect(container)["State"]


def check_facts(image: str, answers: Answers, files: Files, ignore: Sequence[str] = ()) -> Any:
    """Check the content of an image, and return the facts about it.

    The facts come through a pipe from a program that goes on running.
    """
    kind, distroless = answers["project_type"], answers["base_image"] == "distroless"
    project = () if kind == "environment" else ("myproject",)
    command = ("-c", FACTS, ",".join(project), ",".join(ignore))
    with container_of(image, *LOCKED_UP, "--entrypoint=python", command=command) as container:
        # Python that nobody tells to stop sleeps for a minute.
        wait_until(20, lambda: run("docker", "logs", container).endswith("}\n") or not state(container)["Running"])
        running, output = state(container)["Running"], run("docker", "logs", container)
        expect(running, output)
        expect(output.startswith("{"), f"The output of a program that still runs is {output!r}.")
        if kind != "service":
            # Python's own exit code for an interrupt, with everything tidied up.
            code, rest = stop(container)
            expect_equal(code, 130, "exit code after an interrupt")
            expect("stopped" in rest.splitlines(), rest)
    facts = json.loads(output.splitlines()[0])
    user = [65532, 65532, "nonroot"] if distroless else [10001, 10001, "app"]
    expect_equal(facts["user"], user, "user")
    expect_equal(facts["open_folders"], {"/home/app": "0o41777", "/data": "0o41777"}, "folders to write into")
    expect(distroless or facts["home"] == "/home/app", f"The home in passwd is {facts['home']}.")
    expect_equal(facts["python"].rpartition(".")[0], answers["image_python"], "Python")
    expect_equal(facts["prefix"], "/app/.venv", "environment")
    expected = expected_distributions(answers, files["poetry.lock"].decode())
    expect_equal(facts["distributions"], expected, "distributions")
    expect_equal(facts["programs"], answers.get("runtime_packages", "").split(), "programs")
    expect_equal(facts["shell"] is None, distroless, "no shell")
    expect_equal(facts["licenses"], ["LICENSE"] if project else [], "licences")
    for name in ("lists", "timed", "writable", "unreadable"):
        expect_equal(facts[name], [], name)
    check_bytecode(facts["bytecode"], kind)
    if not distroless:
        expect(set(facts["bytecode"]["site-packages"]) <= {"none"}, facts["bytecode"]["site-packages"])
    return facts


def check_bytecode(bytecode: dict[str, dict[str, Any]], kind: str) -> None:
    """Check the kind of bytecode in each part of an image."""
    expected = {
        "project": set() if kind == "environment" else {"checked"},
        "dependencies": set() if kind == "package" else {"unchecked"},
        "library": {"unchecked"},
    }
    for part, kinds in expected.items():
        expect(set(bytecode[part]) == kinds, f"bytecode of the {part}: {bytecode[part]}")
    expect(set(bytecode["tests"]) <= {"none"}, f"bytecode of the tests: {bytecode['tests']}")


def check_first_layer(image: str, answers: Answers, facts: Any) -> None:
    """Check that the layer with bytecode of the standard library has no other files than these, and the user's."""
    if answers["base_image"] == "distroless":
        expect_equal(layer_bytes(image, LIBRARY_LAYER["distroless"]), facts["compiled"], "bytes of the first layer")
    elif not answers["runtime_packages"]:
        # Debian packages may add users to the file.
        expected = facts["compiled"] + facts["passwd"]
        expect_equal(layer_bytes(image, LIBRARY_LAYER["slim"]), expected, "bytes of the first layer")


def check_configuration(image: str, answers: Answers) -> None:
    """Check the labels, the user, the environment variables, the ports and the times of the health check of an image."""
    ours, base = (inspect(name)["Config"] for name in (image, base_of(answers)))
    user = "65532:65532" if answers["base_image"] == "distroless" else "10001:10001"
    expect_equal(ours["User"], user, "user")
    path = next(entry for entry in base["Env"] if entry.startswith("PATH="))
    expected = {entry for entry in base["Env"] if not entry.startswith(("HOME=", "PATH="))}
    expected |= {"HOME=/home/app", path.replace("PATH=", "PATH=/app/.venv/bin:"), "PYTHONUNBUFFERED=1"}
    if answers["project_type"] == "service":
        expected.add("APP_HOST=0.0.0.0")
    expect_equal({*ours["Env"]}, expected, "environment variables")
    license = answers["license"] if answers["license"] != "Proprietary" else "LicenseRef-Proprietary"
    labels = {f"org.opencontainers.image.{name}": value for name, value in {**LABELS, "licenses": license}.items()}
    found = {name: value for name, value in (ours["Labels"] or {}).items() if name != "io.buildah.version"}
    expect_equal(found, {**(base["Labels"] or {}), **labels}, "labels")
    ports: dict[str, Any] = {"8000/tcp": {}} if answers["project_type"] == "service" else {}
    expect_equal(ours.get("ExposedPorts") or {}, ports, "ports")
    # Docker Engine before 25 rejects StartInterval.
    times = {"Interval": 5_000_000_000, "StartPeriod": 10_000_000_000} if answers["project_type"] == "service" else {}
    health = ours.get("Healthcheck") or {}
    expect_equal({name: value for name, value in health.items() if name != "Test"}, times, "health check")


def check_work(image: str, kind: str) -> None:
    """Check that an image does its work, with everything taken away that it does not need."""
    if kind == "service":
        check_service(image)
    else:
        output = docker("run", "--rm", *LOCKED_UP, image)
        expect_equal(" ".join(output.split()), {"package": "Hello, World!", "environment": SUMMARY}[kind], "output")


def check_healthy(container: str) -> None:
    """Wait until a container is healthy. A busy machine may take several looks, 5 seconds apart."""
    wait_until(30, lambda: state(container)["Health"]["Status"] == "healthy" or not state(container)["Running"])
    health = state(container)["Health"]
    expect(health["Status"] == "healthy", f"{health}\n{run('docker', 'logs', container)}")


def check_service(image: str) -> None:
    """Check that a service answers on loopback, is found healthy past any proxy, and stops at once."""
    with container_of(image, *LOCKED_UP, SOON, "--env=http_proxy=http://127.0.0.1:9") as container:
        expect("Health" in state(container), "The image has no health check.")
        check_healthy(container)
        answer, *sockets = docker("exec", container, "python", "-c", GET).splitlines()
        expect_equal(answer, '{"message":"Hello, World!"}', "answer")
        expect(any("00000000:1F40" in socket.split()[1:2] for socket in sockets), f"listens on {sockets}")
        code, output = stop(container)
    expect_equal(code, 0, "exit code")
    expect("Application shutdown complete." in output, output)


def check_built(image: str, answers: Answers, files: Files) -> Any:
    """Check everything about an image that was built, and return the facts about it."""
    check_configuration(image, answers)
    facts = check_facts(image, answers, files)
    # Last, as it waits for a service to be found healthy.
    check_work(image, answers["project_type"])
    return facts


def check_contract(answers: Answers, files: Files, folder: Path, *options: str) -> dict[str, Any]:
    """Build an image, check everything about it, and return the facts for docs/combinations.md."""
    labels = [f"--label=org.opencontainers.image.{name}={value}" for name, value in LABELS.items()]
    with image_of(files, folder, *labels, *options) as image:
        facts = check_built(image, answers, files)
        check_first_layer(image, answers, facts)
        return {"python": facts["python"], "bytes": bytes_above(base_of(answers), image), **ground(answers)}


def check_image_case(answers: Answers, files: Files, folder: Path, record_property: Callable[[str, str], None]) -> None:
    """Check an image of image_cases.py, and note it for docs/combinations.md."""
    record_property("built", told(answers, IMAGE_QUESTIONS))
    need_engine(answers)
    record_property("found", json.dumps(check_contract(answers, files, folder)))
