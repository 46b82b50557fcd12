# The environment of an application, without its code, as in 2021.
FROM python:3.13-slim

# Tells a production environment from a development one.
ARG BUILD_ENV=development

WORKDIR /dev_env/

COPY requirements.txt poetry.lock pyproject.toml /dev_env/

# The image is the virtual environment, so Poetry need not make another.
RUN pip install -r requirements.txt && \
    poetry config virtualenvs.create false && \
    poetry install $(test "$BUILD_ENV" == "production" && echo "--no-dev") \
        --no-interaction --no-ansi
