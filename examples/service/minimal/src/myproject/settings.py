"""Settings from environment variables."""

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings, each of which an environment variable such as APP_GREETING overrides.

    Uvicorn reads two more: WEB_CONCURRENCY, the number of workers, and
    FORWARDED_ALLOW_IPS, the addresses of trusted proxies.

    Attributes:
        greeting: The greeting at the root.
        root_path: The path that a reverse proxy strips from each request, such as /api.
        host: The address to listen on. All of IPv4 and IPv6 if empty.
        port: The port to listen on, from APP_PORT or PORT.
        log_level: The least that is logged: critical, error, warning, info, debug or trace.
    """

    model_config = SettingsConfigDict(env_prefix="APP_")

    greeting: str = "Hello, World!"
    root_path: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, validation_alias=AliasChoices("APP_PORT", "PORT"))
    log_level: str = "info"
