FROM python:3.13-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt
COPY app/ .
USER 1000:1000
CMD ["python", "echo.py"]
