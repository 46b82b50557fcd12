"""The web service connects for each request, and retries for a while."""

import psycopg
from database import query
from flask import Flask

app = Flask(__name__)


@app.get("/")
def echo() -> str:
    (word,) = query("SELECT 'the database answers'")
    return f"{word}\n"


@app.errorhandler(psycopg.OperationalError)
def unavailable(error: psycopg.OperationalError) -> tuple[str, int]:
    return "the database is not available\n", 503


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
