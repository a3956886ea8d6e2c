"""Tests of the service, through its own HTTP interface."""

import runpy
import sys

import pytest
import uvicorn
from fastapi.testclient import TestClient
from uvicorn.importer import import_from_string

from myproject.app import app
from myproject.settings import Settings, load


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
    monkeypatch.setenv("APP_STOP_TIMEOUT", "9")
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    monkeypatch.setattr(
        uvicorn,
        "run",
        lambda name, **given: options.update(given, app=import_from_string(name)),
    )
    package = "myproject"
    runpy.run_module(package, run_name="__main__")
    names = ("app", "host", "log_level", "port", "root_path", "workers")
    served = [options[name] for name in names]
    assert served == [app, "::1", "debug", 9000, "/api", 2]
    assert options["timeout_graceful_shutdown"] == 9
    assert options["server_header"] is False
    assert client.get("/").json() == {"message": "Howdy!"}


def test_heeds_the_port_of_a_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many platforms set PORT. The service's own variable wins."""
    monkeypatch.setenv("PORT", "9001")
    assert Settings().port == 9001
    monkeypatch.setenv("APP_PORT", "9000")
    assert Settings().port == 9000


def test_documents_itself_unless_told_otherwise(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The interactive documentation and its schema can be switched off."""
    name = "myproject.app"
    monkeypatch.setenv("APP_DOCS", "no")
    monkeypatch.delitem(sys.modules, name)
    silent = TestClient(import_from_string(f"{name}:app"))
    for page in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(page).status_code == 200
        assert silent.get(page).status_code == 404


@pytest.mark.parametrize(
    ("variable", "value"),
    [("APP_PORT", "http"), ("APP_LOG_LEVEL", "loud"), ("WEB_CONCURRENCY", "0")],
)
def test_names_a_wrong_setting(
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    """The service ends with a sentence and an exit code."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit, match=f"^Correct {variable}: .*, not '{value}'"):
        load()
