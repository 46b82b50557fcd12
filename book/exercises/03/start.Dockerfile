FROM python:3.13-slim
WORKDIR /app
COPY . .
RUN pip install flask gunicorn pytest
CMD ["gunicorn", "--bind=0.0.0.0:5000", "--chdir=app", "echo:app"]
