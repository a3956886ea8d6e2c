"""The service, as `python -m myproject`."""

from copy import deepcopy

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from myproject.settings import Settings


def main() -> None:
    """Serve until told to stop, with all logs on the standard output."""
    logs = deepcopy(LOGGING_CONFIG)
    logs["handlers"]["default"]["stream"] = "ext://sys.stdout"
    settings = Settings()
    uvicorn.run(
        "myproject.app:app",
        host=settings.host,
        port=settings.port,
        root_path=settings.root_path,
        log_config=logs,
        log_level=settings.log_level,
    )


if __name__ == "__main__":
    main()
