FROM python:3.13-slim
ARG BUILD_ENV=development
WORKDIR /dev_env/
COPY requirements.txt poetry.lock pyproject.toml /dev_env/

# --no-root: only the dependencies, not the project.
# =: the operator that every shell understands.
# --only main: without the development group.
RUN pip install --no-cache-dir -r requirements.txt && \
    poetry config virtualenvs.create false && \
    poetry install --no-root \
        $(test "$BUILD_ENV" = "production" && echo "--only main") \
        --no-interaction --no-ansi --no-cache

COPY app /app
WORKDIR /app
USER 1000:1000
CMD ["gunicorn", "--bind=0.0.0.0:5000", "echo:app"]
