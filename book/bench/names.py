"""The names of the works, in the order of the page that shows them. Standard library only: the command line reads them."""

from __future__ import annotations

NAMES = ("sizes", "rebuild", "cold", "start", "reload", "stop", "helper", "books", "growth")
OF_CHAPTERS = ("books",)  # works that take the starts of chapters' names, and run those only
