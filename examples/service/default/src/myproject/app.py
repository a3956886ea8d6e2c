"""The application."""

from fastapi import FastAPI

from myproject.settings import Settings, load

app = FastAPI(
    title="myproject",
    openapi_url="/openapi.json" if load().docs else "",
)


@app.get("/")
async def hello() -> dict[str, str]:
    """Return a greeting."""
    return {"message": Settings().greeting}


@app.get("/health/live")
async def live() -> dict[str, str]:
    """Tell that the process answers. One that does not is to be restarted."""
    return {"status": "ok"}


@app.get("/health/ready")
async def ready() -> dict[str, str]:
    """Tell that requests can be served. Look here for what they need."""
    return {"status": "ok"}
