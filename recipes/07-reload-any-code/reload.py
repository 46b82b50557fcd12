"""Run a Python program, and again when a Python file here is saved.

Each run is a copy of a process that imported what --preload names.
"""

import argparse
import logging
import multiprocessing
import os
import runpy
import signal
import sys
from contextlib import suppress
from importlib.util import find_spec

PATIENCE = 5  # seconds that a program may take to end by itself


def run(program):
    """Be `python program`; this goes on in the copy."""
    path = os.path.abspath(program)
    sys.argv, sys.path[0] = [program], os.path.dirname(path)
    with suppress(KeyboardInterrupt):
        runpy.run_path(path, run_name="__main__")


def stop(process):
    """End it as Ctrl-C does, or by force where it does not hear."""
    with suppress(ProcessLookupError):  # it has ended by itself
        os.kill(process.pid, signal.SIGINT)
        process.join(PATIENCE)
        process.kill()
    process.join()


def main():
    from watchfiles import PythonFilter, watch  # no copy needs it

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("program")
    options.add_argument("--preload", nargs="*", default=[])
    given = options.parse_args()
    for module in given.preload:
        if not find_spec(module):
            options.error(f"there is no module {module} to preload")
    copies = multiprocessing.get_context("forkserver")
    copies.set_forkserver_preload(given.preload)

    def start():
        process = copies.Process(target=run, args=[given.program])
        process.start()
        return process

    saves = watch(
        ".",
        watch_filter=PythonFilter(),
        raise_interrupt=False,
        step=10,  # milliseconds without a save, before it starts again
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    logging.info("Watching for saves, and running: %s", given.program)
    process = start()
    try:
        for changes in saves:
            names = {os.path.relpath(path) for _, path in changes}
            logging.info("Saved: %s", ", ".join(sorted(names)))
            stop(process)
            process = start()
    finally:
        stop(process)


if __name__ == "__main__":
    line = "[%(asctime)s] %(message)s"
    logging.basicConfig(level=logging.INFO, format=line, datefmt="%X")
    logging.getLogger("watchfiles").setLevel(logging.ERROR)
    main()
