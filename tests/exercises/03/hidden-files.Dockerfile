FROM python:3.13-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/venv
WORKDIR /build
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-install-project

FROM python:3.13-slim
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY app .
RUN dd if=/dev/urandom of=/ballast bs=1M count=30
RUN rm /ballast
RUN python -c "import gunicorn.app.wsgiapp, echo"
USER 1000:1000
CMD ["gunicorn", "--bind=0.0.0.0:5000", "echo:app"]
