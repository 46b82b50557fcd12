# Two stages with Poetry.
FROM python:3.13-slim AS build
# Poetry has a layer of its own. It stays when a dependency changes.
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
# An environment in the project's folder, and without pip.
ENV POETRY_VIRTUALENVS_IN_PROJECT=true \
    POETRY_VIRTUALENVS_OPTIONS_NO_PIP=true
WORKDIR /venv
COPY poetry.lock pyproject.toml ./
# --compile: bytecode, as uv does it with UV_COMPILE_BYTECODE.
RUN poetry install --no-root --only main --compile --no-cache \
    --no-interaction --no-ansi

FROM python:3.13-slim
COPY --from=build /venv/.venv /venv/.venv
ENV PATH=/venv/.venv/bin:$PATH
WORKDIR /app
COPY app .
RUN python -c "import gunicorn.app.wsgiapp, echo"
USER 1000:1000
CMD ["gunicorn", "--bind=0.0.0.0:5000", "echo:app"]
