"""Every change, by what it is about."""

from tests.newer.change import Change
from tests.newer.changes.columns import COLUMNS
from tests.newer.changes.constraints import CONSTRAINTS
from tests.newer.changes.defaults import DEFAULTS
from tests.newer.changes.foreign_keys import FOREIGN_KEYS
from tests.newer.changes.functions import FUNCTIONS
from tests.newer.changes.names import NAMES
from tests.newer.changes.objects import OBJECTS
from tests.newer.changes.otherwise import OTHERWISE

CHANGES: tuple[Change, ...] = (
    *OBJECTS,
    *COLUMNS,
    *DEFAULTS,
    *CONSTRAINTS,
    *FOREIGN_KEYS,
    *FUNCTIONS,
    *NAMES,
    *OTHERWISE,
)
