ARG LIBC=musl
FROM python:3.13-alpine AS musl
FROM python:3.13-slim AS glibc

FROM ${LIBC} AS build
RUN --mount=type=cache,target=/root/.cache pip install uv==0.13.9
COPY *.txt ./
RUN --mount=type=cache,target=/root/.cache \
    uv venv /venv && \
    uv pip install --python=/venv --link-mode=copy \
        --require-hashes --requirements=production.txt

FROM ${LIBC}
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH
COPY app /app
WORKDIR /app
USER 1000:1000
CMD ["gunicorn", "--bind=0.0.0.0:5000", "--worker-tmp-dir=/dev/shm", \
    "--no-control-socket", "echo:app"]
