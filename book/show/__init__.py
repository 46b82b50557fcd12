"""What a reader sees: listings, tables, figures. Everything here takes measurements and never talks to Docker."""

from .layers import layers as layers
from .listing import listing as listing
from .packages import packages as packages
from .provenance import provenance as provenance
from .sizes import sizes as sizes
