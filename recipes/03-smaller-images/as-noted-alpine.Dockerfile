# The same environment on a smaller base, as in 2021.
FROM python:3.13-alpine

ARG BUILD_ENV=development

WORKDIR /dev_env/

COPY requirements.txt poetry.lock pyproject.toml /dev_env/

# A compiler comes and goes within one step, so that no layer keeps it.
RUN apk add --no-cache gcc libffi-dev musl-dev && \
    pip3 install -r requirements.txt && \
    poetry config virtualenvs.create false && \
    poetry install $(test "$BUILD_ENV" == "production" && echo "--no-dev") \
        --no-interaction --no-ansi && \
    apk del gcc libffi-dev musl-dev
