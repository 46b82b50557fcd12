"""A small web service: it repeats the path that it was asked for."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
@app.get("/<path:word>")
def echo(word: str = "hello") -> str:
    return f"echo: {word}\n"


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=5000)
