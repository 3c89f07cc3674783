"""Follow the names of tables through the statements of pending revisions. Pure.

What a statement is about is a live table, under the name that it has by then: one that an earlier
statement has renamed is still the live one, and one that it made has nobody who waits for it.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from headstart.decision.search_paths import TEMPORARY, SearchPaths
from headstart.facts.live_tables import LiveTable, LiveTables
from headstart.facts.state import TableName
from headstart.fingerprint.catalog.names import qualified
from headstart.fingerprint.statements.placed import Placed
from headstart.fingerprint.statements.session import COMMIT
from headstart.fingerprint.statements.sql_tables import is_known_function
from headstart.fingerprint.statements.subject import Subject
from headstart.values import dataclass


class LeftOut(StrEnum):
    """Why a finding does not count."""

    NEW = "new"
    """A pending revision makes the table."""
    EMPTY = "empty"
    """The table is there, and holds nothing."""


@dataclass(frozen=True)
class About:
    """The table that a statement is about: the one of several that matters most."""

    name: str | None = None
    table: LiveTable | None = None
    left_out: LeftOut | None = None


class Tracker:
    """Follows what the statements make, rename and drop, one after the other.

    `_made` are tables of pending revisions, `_passing` those that a COMMIT drops, `_written` the
    names by which they were made in this transaction: by these squawk knows a new table. `_was`
    leads from a new name to the live one. `_filled` are live tables that have got rows,
    `_parts` what was attached to a table as a partition, by the names that these have now.
    """

    def __init__(self, live: LiveTables) -> None:
        self._live = live
        self._made: set[TableName] = set()
        self._was: dict[TableName, TableName] = {}
        self._gone: set[TableName] = set()
        self._indexes = dict(live.indexes)
        self._paths = SearchPaths(live)
        self._passing: set[TableName] = set()
        self._written: set[TableName] = set()
        self._filled: set[TableName] = set()
        self._parts: dict[TableName, list[TableName]] = {}

    def about(self, statement: Placed) -> About:
        """What the statement is about; it counts if any of its tables does."""
        subject = statement.subject
        tables = [self._resolve(each) for each in subject.tables]
        indexes = [self._index(each) for each in subject.indexes]
        if subject.makes is not None and not self.finds(statement):
            return About(_shown(self._place(subject)), left_out=LeftOut.NEW)
        if None in indexes:
            return About()
        every = [self._about(each) for each in (*tables, *filter(None, indexes))]
        return max(every, key=_weight, default=About())

    def _about(self, name: TableName) -> About:
        """The table, or what was attached to it: a new one may have a live partition."""
        return max(map(self._itself, self._with_parts(name)), key=_weight)

    def _with_parts(self, name: TableName) -> Iterator[TableName]:
        todo, seen = [name], set[TableName]()
        while todo:
            each = todo.pop()
            if each not in seen:
                seen.add(each)
                yield each
                todo += self._parts.get(each, ())

    def _itself(self, name: TableName) -> About:
        if name in self._made:
            return About(_shown(name), left_out=LeftOut.NEW)
        table = self._live.tables.get(self._was.get(name, name))
        if table is None:
            return About(_shown(name))
        live = (table.schema, table.name)
        is_empty = not table.pages and live not in self._filled
        return About(_shown(live), table, LeftOut.EMPTY if is_empty else None)

    def follow(self, statement: Placed) -> None:
        """Note what is there once the statement has run."""
        subject, session = statement.subject, statement.session
        self._paths.follow(session)
        if session.ends:
            self._end_transaction()
        for each in subject.fills:
            parts = self._with_parts(self._resolve(each))
            self._filled.update(self._was.get(part, part) for part in parts)
        if subject.makes is not None:
            if not self.finds(statement):
                self._make(subject, subject.makes)
            return
        if subject.renames_schema is not None:
            self._rename_schema(*subject.renames_schema)
        self._divide(subject)
        if subject.moves_to is not None:
            self._move(subject.tables[0], subject.moves_to)
        if subject.builds is not None:
            table = self._resolve(subject.tables[0])
            self._indexes[table[0], subject.builds[1]] = self._was.get(table, table)
        if subject.drops:
            self._drop(map(self._resolve, subject.tables))

    def finds(self, statement: Placed) -> bool:
        """Whether CREATE TABLE IF NOT EXISTS finds its table there, with its rows."""
        name = statement.subject.makes
        if name is None or not statement.subject.unless_there:
            return False
        own = statement.subject.temporary or self._paths.is_set
        return self._is_there(self._place(statement.subject) if own else self._resolve(name))

    def is_taken_for_new(self, statement: Placed) -> bool:
        """Whether squawk takes a table that is there for one that was made under its name."""
        subject = statement.subject
        known = [each for each in subject.tables if each in self._written]
        return subject.makes is None and any(
            self._about(self._resolve(each)).left_out is not LeftOut.NEW for each in known
        )

    def is_unplaced(self, statement: Placed) -> bool:
        """Whether it cannot be told in which schema its table is."""
        subject = statement.subject
        if self._paths.path is not None or subject.makes is not None:
            return False
        tables = [each for each in map(self._resolve, subject.tables) if each not in self._made]
        return any(schema is None for schema, _ in (*tables, *subject.indexes))

    def foreign_calls(self, statement: Placed) -> tuple[str, ...]:
        """The functions that it calls and that are not Postgres' own: they may do anything."""
        return tuple(
            sorted(_shown(each) for each in statement.subject.calls if self._is_foreign(each))
        )

    def _is_foreign(self, function: TableName) -> bool:
        schema, name = function
        if schema is not None:
            return schema != "pg_catalog"
        return name not in self._live.functions and not is_known_function(name)

    def end_revision(self) -> None:
        """Note the end of a revision, which is committed."""
        self._paths.follow(COMMIT)
        self._end_transaction()

    def _end_transaction(self) -> None:
        self._made -= self._passing
        self._passing.clear()
        self._written.clear()

    def _make(self, subject: Subject, name: TableName) -> None:
        place = self._place(subject)
        self._made.add(place)
        self._written.add(name)
        if subject.until_commit:
            self._passing.add(place)

    def _place(self, subject: Subject) -> TableName:
        """Where it makes its table."""
        assert subject.makes is not None
        name = subject.makes
        return (TEMPORARY, name[1]) if subject.temporary else self._new(name)

    def _divide(self, subject: Subject) -> None:
        """Note which table is a partition of which now."""
        if subject.attaches is not None:
            parts = self._parts.setdefault(self._resolve(subject.tables[0]), [])
            parts.append(self._resolve(subject.attaches))
        if subject.detaches is not None:
            self._take_off(self._resolve(subject.detaches))

    def _take_off(self, table: TableName) -> None:
        """It is nobody's partition any more."""
        for parts in self._parts.values():
            parts[:] = [each for each in parts if each != table]

    def _rename_schema(self, old: str, new: str) -> None:
        self._paths.rename_schema(old, new)
        known = {*self._live.tables, *self._was, *self._made}
        for each in [each for each in known if each[0] == old and self._is_there(each)]:
            self._move(each, (new, each[1]))
        self._indexes = {
            (new if schema == old else schema, name): table
            for (schema, name), table in self._indexes.items()
        }

    def _move(self, old: TableName, new: TableName) -> None:
        before = self._resolve(old)
        after = (new[0] or before[0], new[1])
        self._parts = {
            after if table == before else table: [after if e == before else e for e in parts]
            for table, parts in self._parts.items()
        }
        if before in self._made:
            self._made.discard(before)
            self._made.add(after)
            self._indexes = {
                index: after if table == before else table for index, table in self._indexes.items()
            }
            return
        self._was[after] = self._was.pop(before, before)
        self._gone.add(before)
        self._gone.discard(after)

    def _drop(self, tables: Iterable[TableName]) -> None:
        for each in tables:
            self._made.discard(each)
            self._was.pop(each, None)
            self._gone.add(each)
            self._parts.pop(each, None)
            self._take_off(each)

    def _is_there(self, name: TableName) -> bool:
        if name in self._made or name in self._was:
            return True
        return name in self._live.tables and name not in self._gone

    def _resolve(self, name: TableName) -> TableName:
        """The name with its schema: the first that is searched and has it.

        Else the only one, unless the script has said where to search: env.py may have set a path.
        """
        schema, bare = name
        if schema is not None:
            return name
        for each in self._paths.searched:
            if self._is_there((each, bare)):
                return each, bare
        if self._paths.is_set:
            return self._new(name)
        others = [each for each in self._live.tables if each[1] == bare and self._is_there(each)]
        return others[0] if len(others) == 1 else self._new(name)

    def _new(self, name: TableName) -> TableName:
        """Where a table of this name is made."""
        return name[0] or next(iter(self._paths.path or ()), None), name[1]

    def _index(self, name: TableName) -> TableName | None:
        """The table of an index; None where there is no such index, or several."""
        schemas = (name[0],) if name[0] is not None else self._paths.searched
        for schema in schemas:
            if (schema, name[1]) in self._indexes:
                table = self._indexes[schema, name[1]]
                return next((new for new, old in self._was.items() if old == table), table)
        if name[0] is not None or self._paths.is_set:
            return None
        others = [each for each in self._indexes if each[1] == name[1]]
        return self._indexes[others[0]] if len(others) == 1 else None


def _weight(about: About) -> tuple[bool, int, int]:
    table = about.table
    return about.left_out is None, table.rows if table else 0, table.bytes if table else 0


def _shown(name: TableName) -> str:
    return qualified(name[0] or "", name[1])
