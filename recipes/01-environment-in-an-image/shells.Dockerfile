# The two bases as they come, to ask the shell of each.
FROM python:3.13-slim AS slim
FROM python:3.13-alpine AS alpine
