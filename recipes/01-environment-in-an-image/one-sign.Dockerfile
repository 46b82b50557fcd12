FROM python:3.13-slim

# Tells a production environment from a development one.
ARG BUILD_ENV=development

WORKDIR /dev_env/

COPY requirements.txt poetry.lock pyproject.toml /dev_env/

# Changed: = in place of ==, which every shell understands.
RUN pip install -r requirements.txt && \
    poetry config virtualenvs.create false && \
    poetry install --no-root \
        $(test "$BUILD_ENV" = "production" && echo "--no-dev") \
        --no-interaction --no-ansi
