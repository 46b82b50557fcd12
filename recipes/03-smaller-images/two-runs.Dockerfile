FROM python:3.13-alpine
RUN dd if=/dev/urandom of=/ballast bs=1M count=50
RUN rm /ballast
