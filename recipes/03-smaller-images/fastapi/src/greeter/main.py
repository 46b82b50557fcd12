"""A small web service with FastAPI, in a package."""

from fastapi import FastAPI

app = FastAPI()


@app.get("/{word:path}")
def greet(word: str) -> dict[str, str]:
    return {"hello": word or "world"}
