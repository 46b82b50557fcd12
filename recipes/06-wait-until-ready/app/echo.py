"""The web service connects to its database once, when it starts."""

import os

import psycopg
from flask import Flask

app = Flask(__name__)
database = psycopg.connect(
    host=os.environ["DATABASE_HOSTNAME"],
    user="postgres",
    password=os.environ["DATABASE_PASSWORD"],
    autocommit=True,
)


@app.get("/")
def echo() -> str:
    (word,) = database.execute("SELECT 'the database answers'").fetchone()
    return f"{word}\n"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
