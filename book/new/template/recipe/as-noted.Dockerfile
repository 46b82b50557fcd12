FROM python:3.13-alpine
WORKDIR /app
COPY app /app
CMD python serve.py
