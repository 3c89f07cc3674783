"""Follow where an unqualified name is looked for, through the statements of revisions. Pure."""

from headstart.facts.live_tables import LiveTables
from headstart.fingerprint.statements.session import Searched, Session

TEMPORARY = "pg_temp"
"""The schema of the session's own tables, searched first unless the path says where."""
_ROLE = "$user"


class SearchPaths:
    """The search_path in force: of the session, or until its end of the transaction.

    A ROLLBACK takes back what its transaction has set for the session.
    """

    def __init__(self, live: LiveTables) -> None:
        self._live = live
        self._schemas = {*live.schemas, *live.path, TEMPORARY}
        self._session = self._committed = Searched(live.path, original=True)
        self._local: Searched | None = None

    def follow(self, change: Session) -> None:
        """Note what a statement has changed."""
        if change.makes_schema is not None:
            self._schemas.add(change.makes_schema)
        if change.searches is not None:
            self._set(change.searches)
        if change.ends:
            if change.rolls_back:
                self._session = self._committed
            self._committed, self._local = self._session, None

    def rename_schema(self, old: str, new: str) -> None:
        """Note a schema's new name, by which a path may name it."""
        self._schemas.discard(old)
        self._schemas.add(new)

    def _set(self, searched: Searched) -> None:
        if searched.original:
            searched = Searched(self._live.path, searched.local, original=True)
        if searched.local:
            self._local = searched
        else:
            self._session, self._local = searched, None

    @property
    def _current(self) -> Searched:
        return self._local or self._session

    @property
    def is_set(self) -> bool:
        """Whether a revision has said where to look."""
        return not self._current.original

    @property
    def path(self) -> tuple[str, ...] | None:
        """The schemas that are there, in order; None where they are not known."""
        schemas = self._current.schemas
        if schemas is None:
            return None
        named = (self._live.user if each == _ROLE else each for each in schemas)
        return tuple(each for each in named if each in self._schemas)

    @property
    def searched(self) -> tuple[str, ...]:
        """Where a table is looked for: among the temporary ones, too."""
        path = self.path or ()
        return path if TEMPORARY in path else (TEMPORARY, *path)
