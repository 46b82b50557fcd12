"""The Docker engine: the one that answers, its tools, what it is, and what is ours on it."""

from .client import ChosenEngineMissing as ChosenEngineMissing
from .client import EngineMissing as EngineMissing
from .client import address as address
from .client import cached_bytes as cached_bytes
from .client import connect as connect
from .client import has_buildkit as has_buildkit
from .client import list_images as list_images
from .client import variables as variables
from .plugins import ToolMissing as ToolMissing
from .provenance import STAND_IN_LABEL as STAND_IN_LABEL
from .provenance import Base as Base
from .provenance import Provenance as Provenance
from .provenance import origin as origin
from .provenance import preflight as preflight
from .provenance import provenance as provenance
from .provenance import storage as storage
