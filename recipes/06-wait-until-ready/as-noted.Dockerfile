FROM python:3.13-slim

WORKDIR /dev_env/

COPY requirements.txt /dev_env/
RUN pip install --no-cache-dir -r requirements.txt wait-for-it==2.3.0

# Added: only one of the two Compose files of 2021 mounts the application.
COPY app /app/
CMD ["python", "/app/echo.py"]
