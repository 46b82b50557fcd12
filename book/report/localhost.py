"""Variables that name a service of another container as localhost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set

_HERE = re.compile(r"(?<![\w.-])(?:localhost|127\.0\.0\.1)(?::(\d{2,5}))?(?![\w.])")
_USUAL = {"postgres": 5432, "postgresql": 5432, "redis": 6379, "mysql": 3306, "mongodb": 27017, "amqp": 5672, "http": 80, "https": 443}
_FOR_BROWSERS = re.compile(r"ORIGIN|CORS|ALLOWED|PUBLIC|^VITE_|^REACT_APP_", re.IGNORECASE)
_BY_NAME = {"PG": 5432, "POSTGRES": 5432, "DATABASE": 5432, "DB": 5432, "REDIS": 6379, "MYSQL": 3306, "MONGO": 27017, "RABBIT": 5672}


def named_here(environment: Mapping[str, str], published: Set[str]) -> Iterator[tuple[str, int]]:
    """Variables whose value is a place on this very machine, with the port that is meant; not what a browser there is told.

    Args:
        environment: variable → value.
        published: the ports of the reader's machine that the files publish.
    """
    for variable, value in environment.items():
        if not (found := _HERE.search(value)) or _FOR_BROWSERS.search(variable):
            continue
        scheme = value.partition("://")[0].partition("+")[0] if "://" in value else ""
        stem = re.sub(r"_?(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS)$", "", variable)
        beside = environment.get(f"{stem}_PORT", "")
        usual = next((port for name, port in _BY_NAME.items() if stem.upper().startswith(name) or stem.upper().endswith(name)), 0)
        port = int(found[1] or 0) or (int(beside) if beside.isdigit() else 0) or _USUAL.get(scheme, 0) or usual
        if port and not (str(port) in published and value[: found.start()].endswith(("http://", "https://"))):
            yield variable, port
