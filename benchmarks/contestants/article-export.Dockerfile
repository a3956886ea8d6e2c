# An article's first image: requirements that Poetry exports, without hashes because `./` is among them, installed by pip.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS builder
ARG POETRY_VERSION
ARG EXPORT_VERSION
RUN pip install --no-cache-dir poetry==${POETRY_VERSION} poetry-plugin-export==${EXPORT_VERSION}
WORKDIR /app
COPY pyproject.toml poetry.lock README.md LICENSE ./
COPY src/ src/
RUN poetry export --without-hashes --output=requirements.txt \
    && echo ./ >> requirements.txt \
    && python -m venv .venv \
    && .venv/bin/pip install --no-cache-dir --requirement=requirements.txt

FROM ${PYTHON_IMAGE}
WORKDIR /app
COPY --from=builder /app/.venv .venv
ENV PATH=/app/.venv/bin:$PATH
ENTRYPOINT ["hello"]
