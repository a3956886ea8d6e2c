# Stands for the image that uv publishes: made before anything is measured.
ARG PYTHON_IMAGE=python:3.13-slim-trixie

FROM ${PYTHON_IMAGE}
ARG UV_VERSION
RUN pip install --no-cache-dir uv==${UV_VERSION}
# What the base trusts, where a machine has certificates of its own.
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
