"""A small web service: it repeats the word that it was asked for."""

from flask import Flask

GREETING = "echo"
app = Flask(__name__)


@app.get("/<word>")
def echo(word: str) -> str:
    return f"{GREETING}: {word}\n"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
