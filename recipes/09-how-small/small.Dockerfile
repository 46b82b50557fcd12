# LIBC: musl (Alpine) or glibc (Debian).
# STEP: the step to stop at. The last one is the image to use.
ARG LIBC=musl
ARG STEP=furnished
FROM python:3.13-alpine AS musl
FROM python:3.13-slim AS glibc

# The environment.
FROM ${LIBC} AS build
ARG REQUIREMENTS=production.txt
RUN --mount=type=cache,target=/root/.cache pip install uv==0.13.9
COPY *.txt ./
RUN --mount=type=cache,target=/root/.cache \
    uv venv /venv && \
    uv pip install --python=/venv --link-mode=copy \
        --require-hashes --requirements=${REQUIREMENTS}

# 1. Only Python, the environment, and the libraries that these two load.
FROM ${LIBC} AS bare
COPY --from=build /venv /venv
COPY libraries.py /
RUN mkdir -p /image/usr && cp -a /usr/local /image/usr/ && \
    cp -a /venv /image/ && python /libraries.py

# 2. Without what is there to develop Python programs, and not to run them.
FROM bare AS trimmed
RUN cd /image/usr/local && \
    rm -rf include share lib/pkgconfig bin/pip* bin/idle* bin/pydoc* \
        bin/*-config /image/venv/bin/activate* /image/venv/bin/*.bat && \
    cd lib/python3.13 && \
    rm -rf site-packages/* config-* ensurepip venv idlelib tkinter \
        turtle* pydoc_data test \
        lib-dynload/*_test* lib-dynload/_tkinter* lib-dynload/*xx*

# 3. With bytecode, so that no start has to compile.
FROM trimmed AS compiled
RUN python -m compileall -q -j0 -s /image -p / \
    /image/usr/local/lib /image/venv/lib

# 4. With bytecode in place of the source.
FROM trimmed AS bytecode
RUN python -m compileall -q -j0 -b -s /image -p / \
        /image/usr/local/lib /image/venv/lib && \
    find /image -name '*.py' -exec rm {} +

# 5. With what a service needs besides libraries: a user, a folder for
# temporary files, and the certificates that it trusts.
FROM bytecode AS furnished
RUN mkdir -p -m 1777 /image/tmp && mkdir -p /image/etc/ssl/certs && \
    cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ && \
    echo 'app:x:1000:1000::/app:/sbin/nologin' > /image/etc/passwd && \
    echo 'app:x:1000:' > /image/etc/group

# The application comes last: it changes most often.
FROM ${LIBC} AS app
COPY app /app
RUN python -m compileall -q --invalidation-mode=unchecked-hash /app

# To compare with: of the last step, only the files that the server opens.
FROM glibc AS floor
RUN apt-get update && apt-get install -y --no-install-recommends strace
COPY --from=furnished /image /image
COPY --from=app /app /image/app
COPY floor.py /
RUN python /floor.py

FROM ${STEP} AS chosen

# What was chosen, in an image that starts from nothing.
FROM scratch
COPY --from=chosen /image /
COPY --from=app /app /app
ENV PATH=/venv/bin:/usr/local/bin LANG=C.UTF-8 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
WORKDIR /app
USER 1000:1000
HEALTHCHECK --start-period=30s --start-interval=500ms \
    CMD ["python", "healthy.py"]
CMD ["gunicorn", "--bind=0.0.0.0:5000", "--worker-tmp-dir=/dev/shm", \
    "--no-control-socket", "echo:app"]
