"""Settings from environment variables."""

import sys
from typing import Literal

from pydantic import AliasChoices, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings, each of which an environment variable such as APP_GREETING overrides.

    Uvicorn reads FORWARDED_ALLOW_IPS, the addresses of trusted proxies.

    Attributes:
        greeting: The greeting at the root.
        docs: Whether to serve the interactive documentation and the schema behind it.
        root_path: The path that a reverse proxy strips from each request, such as /api.
        host: The address to listen on. All of IPv4 and IPv6 if empty.
        port: The port to listen on, from APP_PORT or PORT.
        workers: The number of processes, from WEB_CONCURRENCY.
        stop_timeout: The seconds that open requests have left when the service stops.
        log_level: The least that is logged.
    """

    model_config = SettingsConfigDict(env_prefix="APP_")

    greeting: str = "Hello, World!"
    docs: bool = True
    root_path: str = Field(default="", pattern="^(/[^/]+)*$")
    host: str = "127.0.0.1"
    port: int = Field(
        default=8000, ge=0, le=65535, validation_alias=AliasChoices("APP_PORT", "PORT")
    )
    workers: int = Field(default=1, ge=1, validation_alias="WEB_CONCURRENCY")
    stop_timeout: int = Field(default=5, ge=0)
    log_level: Literal["critical", "error", "warning", "info", "debug", "trace"] = (
        "info"
    )


def load() -> Settings:
    """Return the settings, or exit with a sentence about the first wrong one."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0])
        variable = name if name.isupper() else f"APP_{name.upper()}"
        sys.exit(f"Correct {variable}: {wrong['msg']}, not {wrong['input']!r}.")
