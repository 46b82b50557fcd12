"""Print the modules of the standard library that you cannot import here."""

import importlib
import sys

# These two show something when they are imported.
skipped = {"antigravity", "this"}
for name in sorted(sys.stdlib_module_names - skipped):
    try:
        importlib.import_module(name)
    except Exception:
        print(name)
