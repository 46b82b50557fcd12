"""Run all chapters of the copy in which this is started, in a process of its own: the system tells what the process used at most.

Called as `python -m book.bench.growth_runner WORKERS`; prints what it measured as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time

from ..chapters.chapter import chapters
from ..chapters.running import run
from ..progress import Step


def main(workers: int) -> None:
    """Run the chapters, and print the seconds, the memory without the kernels in bytes, and why chapters failed."""
    began = time.monotonic()
    failures = run(chapters(), workers, Step("copies"))
    seconds = time.monotonic() - began
    unit = 1 if sys.platform == "darwin" else 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    print(json.dumps({"seconds": seconds, "memory": most, "failed": [failure.message for failure in failures]}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
