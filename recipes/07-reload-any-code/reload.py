"""Run a command, and again whenever a Python file here or below is saved."""

import logging
import shlex
import sys

from watchfiles import PythonFilter, run_process

command = shlex.join(sys.argv[1:])
line = "[%(asctime)s] %(message)s"
logging.basicConfig(level=logging.INFO, format=line, datefmt="%X")
logging.info("Watching for saves, and running: %s", command)
run_process(
    ".",
    target=command,
    target_type="command",
    watch_filter=PythonFilter(),
    step=10,  # milliseconds without a save, before it starts again
)
