"""The image of a service follows the settings of its environment, and its health check does too."""

import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.kit.answers import combination, working_tree
from tests.kit.commands import run
from tests.kit.docker import container_of, context_of, image_of, need_engine, wait_until
from tests.kit.image_contract import LOCKED_UP, SOON, check_healthy, stop
from tests.kit.rehearsal import generated, release_tags

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
