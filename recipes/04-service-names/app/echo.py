"""A small web service: the database repeats the word of each request."""

import os
from pathlib import Path

import psycopg
from flask import Flask

app = Flask(__name__)


def connect() -> psycopg.Connection:
    """Connect with settings that come from outside, never from the code."""
    password_file = Path(os.environ["DATABASE_PASSWORD_FILE"])
    return psycopg.connect(
        host=os.environ["DATABASE_HOSTNAME"],
        port=os.environ["DATABASE_PORT"],
        user="postgres",
        password=password_file.read_text().strip(),
        connect_timeout=3,
    )


@app.get("/<word>")
def echo(word: str) -> str:
    with connect() as database:
        said, place = database.execute(
            "SELECT 'echo: ' || %s, inet_server_addr()", [word]
        ).fetchone()
    return f"{said}, from the database at {place}\n"


@app.errorhandler(psycopg.OperationalError)
def no_database(problem: psycopg.OperationalError) -> tuple[str, int]:
    return f"no database: {problem}\n", 503
