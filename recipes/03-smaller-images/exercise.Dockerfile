FROM python:3.13-alpine AS build
WORKDIR /build
# Poetry in a layer of its own, which stays when the lock file changes.
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
# An environment that can be copied from here, and that has no pip.
ENV POETRY_VIRTUALENVS_IN_PROJECT=true POETRY_VIRTUALENVS_OPTIONS_NO_PIP=true
COPY poetry.lock pyproject.toml ./
RUN poetry install --no-root --only main --no-interaction --no-ansi --no-cache

# The colleague's line: a layer that says pip is gone, above the one that has it.
FROM python:3.13-alpine AS hidden
COPY --from=build /build/.venv /build/.venv
ENV PATH=/build/.venv/bin:$PATH
COPY app /app
RUN rm -r /usr/local/lib/python3.13/site-packages/pip*
WORKDIR /app
USER 1000:1000
CMD ["gunicorn", "--bind=0.0.0.0:5000", "echo:app"]

# The same files, copied as they are now into an image that starts from nothing.
FROM scratch AS gone
COPY --from=hidden / /
ENV PATH=/build/.venv/bin:/usr/local/bin:/usr/bin:/bin
WORKDIR /app
USER 1000:1000
CMD ["gunicorn", "--bind=0.0.0.0:5000", "echo:app"]
