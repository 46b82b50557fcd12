# One stage with pip. production.txt is what `uv export --no-dev` writes.
FROM python:3.13-slim
COPY production.txt ./
# --require-hashes: only the files that the list names, as the lock does it.
RUN pip install --no-cache-dir --require-hashes -r production.txt
WORKDIR /app
COPY app .
RUN python -c "import gunicorn.app.wsgiapp, echo"
USER 1000:1000
CMD ["gunicorn", "--bind=0.0.0.0:5000", "echo:app"]
