# Stage 1 installs the dependencies. Only /venv of it is shipped.
FROM python:3.13-alpine AS build
# uv has a layer of its own. It stays when a dependency changes.
RUN pip install --no-cache-dir uv==0.13.9
# Compile to bytecode now, so that the first start need not.
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/venv
WORKDIR /build
# Only these two files: an edit in the code does not install anything again.
COPY pyproject.toml uv.lock ./
# --locked: fail if the lock is out of date. --no-dev: leave out the tests.
# The cache mount keeps downloads between builds, outside of the image.
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-install-project

# Stage 2 is the image: Python, the environment and the application.
FROM python:3.13-alpine
# The same path as in stage 1: an environment contains its own path.
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY app .
# Stores the bytecode of what the service imports, Python's own modules too.
# It is also a test: if an import fails, the build fails.
RUN python -c "import gunicorn.app.wsgiapp, echo"
# An ordinary user. The service needs no more.
USER 1000:1000
# A list, not a string: Docker starts gunicorn itself, without a shell.
CMD ["gunicorn", "--bind=0.0.0.0:5000", "echo:app"]
