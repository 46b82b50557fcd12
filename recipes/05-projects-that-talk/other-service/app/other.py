"""A service of another project: it sends each word to the echo server."""

import os
from urllib.error import URLError
from urllib.request import urlopen

from flask import Flask

app = Flask(__name__)


@app.get("/<word>")
def tell(word: str) -> str:
    address = f"{os.environ['ECHO_SERVER_ADDRESS']}/{word}"
    with urlopen(address, timeout=5) as answer:
        return f"I was told: {answer.read().decode()}"


@app.errorhandler(URLError)
def no_echo_server(problem: URLError) -> tuple[str, int]:
    return f"no echo server: {problem.reason}\n", 503
