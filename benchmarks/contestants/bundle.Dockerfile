# As the README of poetry-plugin-bundle has it; Poetry is installed by pip in place of pipx.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS builder
ARG POETRY_VERSION
ARG BUNDLE_VERSION
RUN pip install --no-cache-dir poetry==${POETRY_VERSION} poetry-plugin-bundle==${BUNDLE_VERSION}
WORKDIR /src
COPY . .
RUN poetry bundle venv --only=main /app/.venv

FROM ${PYTHON_IMAGE}
COPY --from=builder /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH
ENTRYPOINT ["hello"]
