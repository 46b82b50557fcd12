"""The same web service, but it asks again while the database is away."""

import os
import time

import psycopg
from flask import Flask

PATIENCE = 10.0  # seconds for one question
PAUSE = 0.05

app = Flask(__name__)


def ask(question: str) -> tuple:
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            with psycopg.connect(
                host=os.environ["DATABASE_HOSTNAME"],
                user="postgres",
                password=os.environ["DATABASE_PASSWORD"],
                connect_timeout=2,
            ) as database:
                return database.execute(question).fetchone()
        except psycopg.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(PAUSE)


@app.get("/")
def echo() -> str:
    (word,) = ask("SELECT 'the database answers'")
    return f"{word}\n"


@app.errorhandler(psycopg.OperationalError)
def away(problem: psycopg.OperationalError) -> tuple[str, int]:
    return "the database is away\n", 503


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
