# What is written first: one stage, everything copied at once, Poetry installs it.
# Kinder than many: Poetry has a layer of its own, and development dependencies are left out.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE}
ARG POETRY_VERSION
RUN pip install --no-cache-dir poetry==${POETRY_VERSION}
ENV POETRY_VIRTUALENVS_IN_PROJECT=true
WORKDIR /app
COPY . .
RUN poetry install --only=main
ENV PATH=/app/.venv/bin:$PATH
ENTRYPOINT ["hello"]
