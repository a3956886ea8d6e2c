"""Tests of the service, through its own HTTP interface."""

import runpy

import pytest
import uvicorn
from fastapi.testclient import TestClient
from uvicorn.importer import import_from_string

from myproject.app import app
from myproject.settings import Settings


@pytest.fixture
def client() -> TestClient:
    """Give a client that calls the application without a server."""
    return TestClient(app)


def test_greets(client: TestClient) -> None:
    """The root greets."""
    response = client.get("/")
    assert response.status_code == 200
    assert response.json() == {"message": "Hello, World!"}


@pytest.mark.parametrize("question", ["live", "ready"])
def test_is_healthy(client: TestClient, question: str) -> None:
    """It is alive, and ready to serve."""
    response = client.get(f"/health/{question}")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


def test_heeds_the_environment(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The greeting and the options of the server are settings."""
    options: dict[str, object] = {}
    monkeypatch.setenv("APP_GREETING", "Howdy!")
    monkeypatch.setenv("APP_HOST", "::1")
    monkeypatch.setenv("APP_LOG_LEVEL", "debug")
    monkeypatch.setenv("APP_PORT", "9000")
    monkeypatch.setenv("APP_ROOT_PATH", "/api")
    monkeypatch.setattr(
        uvicorn,
        "run",
        lambda name, **given: options.update(given, app=import_from_string(name)),
    )
    package = "myproject"
    runpy.run_module(package, run_name="__main__")
    names = ("app", "host", "log_level", "port", "root_path")
    served = [options[name] for name in names]
    assert served == [app, "::1", "debug", 9000, "/api"]
    assert client.get("/").json() == {"message": "Howdy!"}


def test_heeds_the_port_of_a_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many platforms set PORT. The service's own variable wins."""
    monkeypatch.setenv("PORT", "9001")
    assert Settings().port == 9001
    monkeypatch.setenv("APP_PORT", "9000")
    assert Settings().port == 9000
