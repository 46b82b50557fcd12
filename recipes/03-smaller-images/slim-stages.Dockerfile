FROM python:3.13-slim AS build
WORKDIR /build
# Poetry in a layer of its own, which stays when the lock file changes.
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
# An environment that can be copied from here, and that has no pip.
ENV POETRY_VIRTUALENVS_IN_PROJECT=true POETRY_VIRTUALENVS_OPTIONS_NO_PIP=true
COPY poetry.lock pyproject.toml ./
RUN poetry install --no-root --only main --no-interaction --no-ansi --no-cache

# A fresh start: only what is copied over comes along, and Poetry stays behind.
FROM python:3.13-slim
COPY --from=build /build/.venv /build/.venv
ENV PATH=/build/.venv/bin:$PATH
COPY app /app
WORKDIR /app
USER 1000:1000
CMD ["gunicorn", "--bind=0.0.0.0:5000", "echo:app"]
