"""Run a command, and again whenever a Python file in this folder, or below it, is saved: python /reload.py COMMAND"""

import logging
import shlex
import sys

from watchfiles import PythonFilter, run_process

command = shlex.join(sys.argv[1:])
logging.basicConfig(level=logging.INFO, format="[%(asctime)s] %(message)s", datefmt="%X")
logging.info("Watching for saves, and running: %s", command)
# step: after a save, wait until nothing more was saved for so many milliseconds. If you say nothing, 50.
run_process(".", target=command, target_type="command", watch_filter=PythonFilter(), step=10)
