"""Every change, by what it is about."""

from tests.newer.change import Change
from tests.newer.changes.columns import COLUMNS
from tests.newer.changes.constraints import CONSTRAINTS
from tests.newer.changes.defaults import DEFAULTS
from tests.newer.changes.foreign_keys import FOREIGN_KEYS
from tests.newer.changes.functions import FUNCTIONS
from tests.newer.changes.given import GIVEN
from tests.newer.changes.names import NAMES
from tests.newer.changes.objects import OBJECTS
from tests.newer.changes.otherwise import OTHERWISE
from tests.newer.changes.partitions import PARTITIONS
from tests.newer.changes.types import TYPES

CHANGES: tuple[Change, ...] = (
    *OBJECTS,
    *COLUMNS,
    *DEFAULTS,
    *CONSTRAINTS,
    *GIVEN,
    *FOREIGN_KEYS,
    *FUNCTIONS,
    *NAMES,
    *OTHERWISE,
    *TYPES,
    *PARTITIONS,
)
