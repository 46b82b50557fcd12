"""Print the modules of the standard library that cannot be imported here."""

import importlib
import sys

for name in sorted(sys.stdlib_module_names - {"antigravity", "this"}):  # these two show something when they are imported
    try:
        importlib.import_module(name)
    except Exception:
        print(name)
