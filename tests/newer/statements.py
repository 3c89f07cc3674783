"""What version N of the app executes: each on its own, with an answer that has to stay the same.

The contract of docs/rolling-back.md is kept: columns are named, no key is changed. Each is executed
by psycopg2 and by asyncpg; what it changes is rolled back.
"""

from tests.newer import of_users  # isort: skip
from tests.newer import of_others  # isort: skip
from tests.newer.registry import STATEMENTS, Statement

__all__ = ["STATEMENTS", "Statement", "of_others", "of_users"]
