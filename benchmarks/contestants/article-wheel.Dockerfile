# The same article's second image: Poetry installs the dependencies, pip the wheel that Poetry builds.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS builder
ARG POETRY_VERSION
RUN pip install --no-cache-dir poetry==${POETRY_VERSION}
ENV POETRY_VIRTUALENVS_IN_PROJECT=true
WORKDIR /app
COPY pyproject.toml poetry.lock README.md LICENSE ./
COPY src/ src/
RUN poetry install --only=main --no-root \
    && poetry build --format=wheel \
    && .venv/bin/pip install --no-cache-dir --no-deps dist/*.whl

FROM ${PYTHON_IMAGE}
WORKDIR /app
COPY --from=builder /app/.venv .venv
ENV PATH=/app/.venv/bin:$PATH
ENTRYPOINT ["hello"]
