FROM python:3.13-slim
WORKDIR /dev_env/
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt
