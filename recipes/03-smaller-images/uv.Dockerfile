FROM python:3.13-alpine AS build
RUN --mount=type=cache,target=/root/.cache pip install uv==0.13.9
COPY production.txt .
RUN --mount=type=cache,target=/root/.cache \
    uv venv /venv && \
    uv pip install --python=/venv --link-mode=copy --require-hashes --requirements=production.txt

FROM python:3.13-alpine
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY app .
USER 1000:1000
CMD ["gunicorn", "--bind=0.0.0.0:5000", "echo:app"]
