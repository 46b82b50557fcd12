"""Connect for each query, and retry while the database is not available."""

import os
import time

import psycopg

LIMIT = 10.0  # seconds for one query, with its retries
PAUSE = 0.05  # seconds between two tries


def query(statement: str) -> tuple:
    give_up = time.monotonic() + LIMIT
    while True:
        try:
            with psycopg.connect(
                host=os.environ["DATABASE_HOSTNAME"],
                user="postgres",
                password=os.environ["DATABASE_PASSWORD"],
                connect_timeout=2,
            ) as database:
                return database.execute(statement).fetchone()
        except psycopg.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(PAUSE)
