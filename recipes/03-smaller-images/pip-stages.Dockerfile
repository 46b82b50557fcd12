# Two stages with pip. production.txt is what `uv export --no-dev` writes.
FROM python:3.13-slim AS build
# pip installs into it from outside, so the environment needs no pip.
RUN python -m venv --without-pip /venv
COPY production.txt ./
RUN pip --python=/venv install --no-cache-dir --require-hashes \
    -r production.txt

FROM python:3.13-slim
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /app
COPY app .
RUN python -c "import gunicorn.app.wsgiapp, echo"
USER 1000:1000
CMD ["gunicorn", "--bind=0.0.0.0:5000", "echo:app"]
