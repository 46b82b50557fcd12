"""A small web service: a greeting, and a word from a nested module."""

from flask import Flask
from nested.deep import WORD

GREETING = "hello"
app = Flask(__name__)


@app.get("/")
def echo() -> str:
    return f"{GREETING}, {WORD}\n"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
