FROM python:3.13-slim

WORKDIR /dev_env/

COPY requirements.txt /dev_env/

RUN pip install -r requirements.txt
