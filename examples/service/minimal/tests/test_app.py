"""Tests of the service, through its own HTTP interface."""

import runpy

import pytest
import uvicorn
from fastapi.testclient import TestClient

from myproject.app import app


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
    """The greeting, and how it is served, are settings."""
    options: dict[str, object] = {}
    monkeypatch.setenv("APP_GREETING", "Howdy!")
    monkeypatch.setenv("APP_HOST", "::1")
    monkeypatch.setenv("APP_LOG_LEVEL", "debug")
    monkeypatch.setenv("APP_PORT", "9000")
    monkeypatch.setattr(uvicorn, "run", lambda _, **given: options.update(given))
    package = "myproject"
    runpy.run_module(package, run_name="__main__")
    served = [options[name] for name in ("host", "log_level", "port")]
    assert served == ["::1", "debug", 9000]
    assert client.get("/").json() == {"message": "Howdy!"}
