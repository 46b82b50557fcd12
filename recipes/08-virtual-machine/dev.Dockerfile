FROM python:3.13-slim
RUN useradd --create-home --shell /bin/bash --uid 1000 dev
USER 1000:1000
