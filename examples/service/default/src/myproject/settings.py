"""What the environment decides."""

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings, each of which an environment variable such as APP_GREETING overrides.

    Attributes:
        greeting: What the root says.
        host: Address to listen on.
        port: Port to listen on.
        log_level: The least that is logged: critical, error, warning, info, debug or trace.
    """

    model_config = SettingsConfigDict(env_prefix="APP_")

    greeting: str = "Hello, World!"
    host: str = "127.0.0.1"
    port: int = 8000
    log_level: str = "info"
