# Poetry's FAQ, "Poetry busts my Docker cache": two calls of poetry install, in one stage.
# Kinder than its text: caches are removed, and the command is started without `poetry run`.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE}
ARG POETRY_VERSION
ENV POETRY_VIRTUALENVS_IN_PROJECT=true
WORKDIR /app
COPY pyproject.toml poetry.lock ./
RUN pip install --no-cache-dir poetry==${POETRY_VERSION} \
    && poetry install --only=main --no-root --no-directory \
    && rm -rf /root/.cache
COPY README.md LICENSE ./
COPY src/ src/
RUN poetry install --only=main
ENV PATH=/app/.venv/bin:$PATH
ENTRYPOINT ["hello"]
