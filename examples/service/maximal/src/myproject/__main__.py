"""The service, as `python -m myproject`."""

from copy import deepcopy

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from myproject.settings import load


def main() -> None:
    """Serve until told to stop, with all logs on the standard output."""
    settings = load()
    logs = deepcopy(LOGGING_CONFIG)
    logs["handlers"]["default"]["stream"] = "ext://sys.stdout"
    uvicorn.run(
        "myproject.app:app",
        host=settings.host,
        port=settings.port,
        root_path=settings.root_path,
        workers=settings.workers,
        log_config=logs,
        log_level=settings.log_level,
        server_header=False,
        # Without a limit, a client that sends half of a body keeps it from stopping.
        timeout_graceful_shutdown=settings.stop_timeout,
    )


if __name__ == "__main__":
    main()
