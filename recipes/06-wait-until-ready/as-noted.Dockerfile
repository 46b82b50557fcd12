FROM python:3.13-slim

WORKDIR /dev_env/

COPY requirements.txt /dev_env/
RUN pip install --no-cache-dir -r requirements.txt wait-for-it==2.3.0

# The notes mount the application in one of their two Compose files, and forget it in the other.
COPY app /app/
CMD ["python", "/app/echo.py"]
