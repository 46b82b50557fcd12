"""The Docker engine: the one that answers, its tools, what it is, and what is ours on it."""

from .client import ChosenEngineMissing as ChosenEngineMissing
from .client import EngineMissing as EngineMissing
from .client import address as address
from .client import connect as connect
from .client import variables as variables
from .plugins import ToolMissing as ToolMissing
from .provenance import STAND_IN_LABEL as STAND_IN_LABEL
from .provenance import Base as Base
from .provenance import Provenance as Provenance
from .provenance import origin as origin
from .provenance import preflight as preflight
from .provenance import provenance as provenance
