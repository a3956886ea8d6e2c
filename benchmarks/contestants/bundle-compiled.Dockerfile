# The same as bundle.Dockerfile, compiled: what it costs to have bytecode, in the image of somebody else.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS builder
ARG POETRY_VERSION
ARG BUNDLE_VERSION
RUN pip install --no-cache-dir poetry==${POETRY_VERSION} poetry-plugin-bundle==${BUNDLE_VERSION}
WORKDIR /src
COPY . .
RUN poetry bundle venv --only=main /app/.venv \
    && { python -m compileall -q -j 0 /app/.venv || true; }

FROM ${PYTHON_IMAGE}
COPY --from=builder /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH
ENTRYPOINT ["hello"]
