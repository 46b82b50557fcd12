"""Docker Recipes for Python: run a recipe on a real Docker engine, measure it, and show what happened."""

from importlib.util import find_spec

# On a bare machine none of these is there yet: `python -m book` comes through here to install them.
if all(find_spec(name) for name in ("docker", "IPython", "psutil")):
    from . import engine as engine
    from . import notebook as _notebook
    from . import show as show
    from .claim import claim as claim
    from .measure import probe as probe
    from .measure import timeline as timeline
    from .measure import tool as tool
    from .recipe import Recipe as Recipe
    from .show.exercise import exercise as exercise
    from .trial import try_it as try_it

    _notebook.install()
