"""The image of a service follows the settings of its environment, stops in time, and runs locked up."""

import re
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kit.answers import combination, working_tree
from tests.kit.commands import ENVIRONMENT, run, write
from tests.kit.docker import (
    container_of,
    context_of,
    image_of,
    inspect,
    need_compose,
    need_engine,
    new_name,
    wait_until,
)
from tests.kit.image_contract import LOCKED_UP, SOON, check_healthy, stop
from tests.kit.rehearsal import generated, release_tags
from tools.docs.markdown import code_blocks
from tools.repository import ROOT

ANSWERS = combination(project_type="service", python_version="3.13")

ADDRESSES = {
    "PORT=9000": "0.0.0.0:9000",
    "PORT=9000 APP_PORT=9001": "0.0.0.0:9001",
    "APP_HOST=": ":8000",
    "APP_HOST=::": "[::]:8000",
    "APP_HOST=127.0.0.1": "127.0.0.1:8000",
    "APP_HOST=localhost": "localhost:8000",
}
"""Environment variables, and the address on which a service then listens."""

PROXIED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "Host": "example.org"}
"""Headers that a reverse proxy adds to a request, or passes on."""


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """Gives a redirect to the caller."""

    def http_error_307(self, _request: object, answer: object, *_rest: object) -> object:
        """Return the answer as it is."""
        return answer


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the image of a generated service."""
    need_engine(ANSWERS)
    with image_of(context_of(working_tree().render(ANSWERS)), tmp_path_factory.mktemp("service")) as image:
        yield image


def test_a_service_is_healthy_on_each_address(image: str) -> None:
    """The containers start together, which takes seconds less."""
    with ExitStack() as stack:
        containers = {}
        for variables, address in ADDRESSES.items():
            options = [f"--env={variable}" for variable in variables.split()]
            containers[address] = stack.enter_context(container_of(image, *LOCKED_UP, SOON, *options))
        for address, container in containers.items():
            check_healthy(container)
            assert f"Uvicorn running on http://{address} " in run("docker", "logs", container)


def test_several_workers_stop_cleanly(image: str) -> None:
    with container_of(image, *LOCKED_UP, SOON, "--env=WEB_CONCURRENCY=4") as container:
        assert wait_until(60, lambda: run("docker", "logs", container).count("startup complete.") == 4)
        check_healthy(container)
        code, output = stop(container, seconds=10)
    assert code == 0
    assert output.count("Application shutdown complete.") == 4


@pytest.mark.parametrize(("trusted", "scheme"), [("*", "https"), ("192.0.2.1", "http")])
def test_a_service_trusts_the_given_proxies(image: str, trusted: str, scheme: str) -> None:
    """A proxy strips /api from the requests. The service redirects to an address of the proxy."""
    settings = ("--env=APP_ROOT_PATH=/api", f"--env=FORWARDED_ALLOW_IPS={trusted}", "--publish=127.0.0.1::8000")
    with container_of(image, *settings) as container:
        address = run("docker", "port", container, "8000").strip()
        assert wait_until(60, lambda: "Uvicorn running" in run("docker", "logs", container))
        request = urllib.request.Request(f"http://{address}/health/ready/", headers=PROXIED)
        with urllib.request.build_opener(Unfollowed).open(request, timeout=30) as answer:
            assert answer.headers["Location"] == f"{scheme}://example.org/api/health/ready"
        with urllib.request.urlopen(f"http://{address}/docs", timeout=30) as answer:
            assert b"'/api/openapi.json'" in answer.read()
        assert ("203.0.113.9:0 -" in run("docker", "logs", container)) == (scheme == "https")


def test_a_service_of_an_earlier_release_is_healthy(template: Path, tmp_path: Path) -> None:
    """Its code is the user's, and updates do not change it once it was edited."""
    need_engine(ANSWERS)
    old = generated(
        template, release_tags()[-1], {"project_type": "service", "python_version": "3.13"}, tmp_path / "old"
    )
    code = {path: content for path, content in old.items() if path.startswith("src/")}
    assert b"app.app," in code["src/myproject/__main__.py"]
    files = {path: content for path, content in working_tree().render(ANSWERS).items() if not path.startswith("src/")}
    with (
        image_of(context_of({**files, **code}), tmp_path / "new") as image,
        container_of(image, *LOCKED_UP, SOON, "--env=APP_PORT=9000") as container,
    ):
        check_healthy(container)
        assert stop(container, seconds=10)[0] == 0


READING = """
from myproject import __main__, app

@app.app.post("/length")
async def length(body: list[int]) -> int:
    return len(body)

__main__.main()
"""
"""The service, with something that reads the body of a request."""

HALF = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n[1, 2"
"""A request with the first part of its body."""


def test_a_request_that_never_ends_does_not_keep_a_service_from_stopping(image: str) -> None:
    options = ("--publish=127.0.0.1::8000", "--env=APP_STOP_TIMEOUT=2", "--entrypoint=python")
    with container_of(image, *options, command=("-c", READING)) as container:
        host, port = run("docker", "port", container, "8000").strip().split(":")
        assert wait_until(30, lambda: "Uvicorn running" in run("docker", "logs", container))
        with socket.create_connection((host, int(port)), timeout=30) as client:
            client.sendall(HALF)
            time.sleep(0.5)
            started = time.monotonic()
            code, output = stop(container, seconds=10)
        assert 2 <= time.monotonic() - started < 7
    assert "Cancel 1 running task(s)" in output
    assert "Application shutdown complete." in output
    assert code == 0


@pytest.mark.parametrize(
    ("variable", "value"), [("APP_PORT", "tcp://10.0.0.1:80"), ("WEB_CONCURRENCY", "many"), ("APP_ROOT_PATH", "api/")]
)
def test_a_wrong_setting_ends_a_service_with_a_sentence(image: str, variable: str, value: str) -> None:
    command = ["docker", "run", "--rm", f"--env={variable}={value}", image]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert re.fullmatch(rf"Correct {variable}: .*, not '{value}'\.\n", result.stderr)
    assert result.stdout == ""


def test_a_service_tells_nothing_of_itself(image: str) -> None:
    """Neither its server, nor its interface if the documentation is off."""
    with container_of(image, "--publish=127.0.0.1::8000", "--env=APP_DOCS=no") as container:
        address = run("docker", "port", container, "8000").strip()
        assert wait_until(30, lambda: "Uvicorn running" in run("docker", "logs", container))
        with urllib.request.urlopen(f"http://{address}/", timeout=30) as answer:
            assert "date" in answer.headers
            assert "server" not in answer.headers
        for page in ("docs", "redoc", "openapi.json"):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"http://{address}/{page}", timeout=30)


OVERRIDE = """
services:
  app:
    image: {image}
    build: !reset null
    healthcheck: {{interval: 1s}}
    ports: !override ["127.0.0.1::8000"]
"""
"""Uses a built image, and a free port of this machine."""


def test_compose_runs_a_service_locked_up(image: str, tmp_path: Path) -> None:
    need_compose()
    override = {"override.yaml": OVERRIDE.format(image=image).encode()}
    project = write({"compose.yaml": working_tree().render(ANSWERS)["compose.yaml"], **override}, tmp_path)
    names = {"COMPOSE_PROJECT_NAME": new_name(), "COMPOSE_FILE": "compose.yaml:override.yaml"}

    def compose(*command: str) -> str:
        return run("docker", "compose", *command, cwd=project, env={**ENVIRONMENT, **names})

    try:
        compose("up", "--detach", "--wait")
        container = compose("ps", "--quiet").strip()
        host = inspect(container)["HostConfig"]
        assert (host["Init"], host["ReadonlyRootfs"], host["CapDrop"]) == (True, True, ["ALL"])
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        places = ("/tmp", "/home/app", "/data")
        writes = "; ".join(f"open('{place}/x', 'w').close()" for place in places)
        compose("exec", "app", "python", "-c", writes)
        assert set(host["Tmpfs"]) == {*places}
    finally:
        compose("down", "--timeout=1")


def test_a_patch_of_a_package_takes_effect_once_it_is_compiled(image: str, tmp_path: Path) -> None:
    """docs/image.md shows the Dockerfile."""
    page = (ROOT / "docs/image.md").read_text(encoding="utf-8")
    [shown] = [block for block in code_blocks(page, "dockerfile") if "compileall" in block]
    [path] = re.findall("^COPY fixed.py (.*)", shown, re.MULTILINE)
    recipe = shown.replace("FROM myproject", f"FROM {image}").replace("python3.14", "python3.13")
    module = path.replace("python3.14", "python3.13")
    source = run("docker", "run", "--rm", "--entrypoint=cat", image, module)
    fixed = {"fixed.py": f"{source}\n\nPATCHED = True\n".encode()}
    probe = ("python", "-c", "import click.utils; print(hasattr(click.utils, 'PATCHED'))")
    found = {}
    for compiled in (True, False):
        text = recipe if compiled else re.sub("^RUN .*\n", "", recipe, flags=re.MULTILINE)
        files = {**fixed, "Dockerfile": text.encode()}
        with image_of(files, tmp_path / str(compiled)) as derived:
            found[compiled] = run("docker", "run", "--rm", derived, *probe).strip()
            assert inspect(derived)["Config"]["User"] == "10001:10001"
    assert found == {True: "True", False: "False"}
