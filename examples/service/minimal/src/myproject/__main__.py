"""The service, as `python -m myproject`."""

from copy import deepcopy

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from myproject import app, settings


def main() -> None:
    """Serve until told to stop, with all logs on the standard output."""
    logs = deepcopy(LOGGING_CONFIG)
    logs["handlers"]["default"]["stream"] = "ext://sys.stdout"
    config = settings.Settings()
    uvicorn.run(
        app.app,
        host=config.host,
        port=config.port,
        log_config=logs,
        log_level=config.log_level,
    )


if __name__ == "__main__":
    main()
