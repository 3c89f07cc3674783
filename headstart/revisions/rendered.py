"""What each revision renders to in Alembic's offline mode, and what it leaves open there.

A revision that asks the database gets no answer in that mode: it raises, or goes on with none.
Neither may look like a revision that was rendered whole.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from io import StringIO
from typing import Any

from headstart.decision.lint import RevisionSql
from headstart.fingerprint.statements.sql_tree import statements_of
from headstart.revisions.causes import cause_of

_ASKS = frozenset({"select", "show", "table", "values", "with", ""})
"""How a question begins; the empty one is a query in parentheses."""


class Watch:
    """Keeps the SQL of each revision, in the order of the steps."""

    def __init__(self) -> None:
        self.revisions: list[RevisionSql] = []
        self.in_transaction = True
        self._asked: str | None = None

    def each(self, steps: Iterable[Any], context: Any, buffer: StringIO) -> Iterator[Any]:
        """Give the steps to Alembic, each with an upgrade() that is watched."""
        self.in_transaction = bool(context.impl.transactional_ddl)
        self._listen(context)
        for step in steps:
            step.migration_fn = self._watched(step, buffer)
            yield step

    def _watched(self, step: Any, buffer: StringIO) -> Callable[..., None]:
        upgrade = step.migration_fn

        @wraps(upgrade)
        def watched(**arguments: Any) -> None:
            begin, why = buffer.tell(), None
            self._asked = None
            try:
                upgrade(**arguments)
            except Exception as error:  # noqa: BLE001 a script may raise anything; it is told
                why = f"it cannot be rendered to SQL any further: {cause_of(error)}"
            if self._asked is not None:
                why = f"it asks the database ({self._asked} ...), which decides what else it does"
            sql = buffer.getvalue()[begin:].strip()
            self.revisions.append(RevisionSql(step.revision.revision, sql, why))

        return watched

    def _listen(self, context: Any) -> None:
        """Hear what op.get_bind() is asked: offline it writes that down, and answers nothing."""
        connection = context.connection
        execute = connection._execute_impl

        def heard(construct: Any, *places: Any, **names: Any) -> Any:
            verb = next(statements_of(str(construct))).word(0)
            if verb in _ASKS:
                self._asked = verb.upper() or "a query"
            return execute(construct, *places, **names)

        connection._execute_impl = heard
