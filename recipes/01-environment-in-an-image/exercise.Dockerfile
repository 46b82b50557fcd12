FROM python:3.13-slim AS environment
WORKDIR /dev_env/
COPY requirements.txt poetry.lock pyproject.toml /dev_env/
RUN pip install --no-cache-dir -r requirements.txt && \
    poetry config virtualenvs.create false && \
    poetry install --no-root --only main \
        --no-interaction --no-ansi --no-cache

FROM environment AS development
RUN poetry install --no-root --no-interaction --no-ansi --no-cache
USER 1000:1000

# The last stage is the one you get if you ask for none.
FROM environment AS production
USER 1000:1000
