"""What a reader sees: listings, tables, figures. Everything here takes measurements and never talks to Docker.

Each function has the name of its module, and a notebook calls it as `show.sizes(image)`. Inside the package, import a function from its
module (`from ..show.sizes import sizes`): the name `book.show.sizes` is the function.
"""

from .choice import choice as choice
from .connectivity import connectivity as connectivity
from .durations import durations as durations
from .layers import layers as layers
from .listing import listing as listing
from .packages import packages as packages
from .packages import presence as presence
from .provenance import provenance as provenance
from .race import race as race
from .seconds import seconds as seconds
from .services import services as services
from .sizes import sizes as sizes
from .timeline import timeline as timeline
from .topology import topology as topology
