"""Replay revisions in a scratch database, with a snapshot of the schema after each of them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import field
from functools import cached_property
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, MetaData, NullPool, create_engine

from headstart.facts.sql import identifier
from headstart.fingerprint.catalog.names import escaped, qualified, split_name
from headstart.fingerprint.catalog.normal_form import Snapshot
from headstart.fingerprint.catalog.query import Reading
from headstart.fingerprint.statements.effect import Effect
from headstart.fingerprint.statements.effects import ANY_TABLE, Work, is_repeatable, work_of
from headstart.fingerprint.statements.inserted import InsertedRow, digest_of, printed
from headstart.patterns import pattern
from headstart.revisions.env_pass import Started
from headstart.revisions.project import Project
from headstart.revisions.reading import Execute, OwnCatalog, OwnConnection
from headstart.revisions.run import Committed, Decided, Listener, Run
from headstart.revisions.script_source import mentions
from headstart.revisions.statements import heard_statements
from headstart.revisions.upgrade import upgrade
from headstart.revisions.upgrade_functions import refuse_without_upgrade
from headstart.revisions.written import Written
from headstart.values import dataclass
from headstart.verdict.errors import BrokenHistory

Values = tuple[tuple[str, str], ...]
"""The columns of a row that have a value, each with that as its type prints it."""

MOST_ROWS = 20
"""More rows of one table say no more about whether a revision ran."""

_GENERATED = (" serial", " identity ", " default ", "generated (")
_TELLING = pattern(r"(character varying|text|integer|smallint|bigint|boolean|numeric)(?![^ (\[])")
"""Types whose values a revision writes down; others (uuid, timestamp) may be new every time."""


@dataclass(frozen=True)
class Replayed:
    """The schema after a revision, what that did, and which rows it inserted."""

    revision: str
    lines: frozenset[str]
    work: Work
    rows: tuple[InsertedRow, ...]


@dataclass(frozen=True)
class Beginning:
    """Where a replay begins: what was decided, what is read, and the lines that are there."""

    decided: Decided
    reading: Reading
    before: frozenset[str]


def never_migrated() -> BrokenHistory:
    """The error of an env.py that has ended, and that has not come to its migrations."""
    return BrokenHistory(
        "env.py never called context.run_migrations()",
        next_step="let env.py call context.configure(connection=...) in online mode, and run its"
        " migrations",
    )


@dataclass
class Replay:
    """The pass through the revisions that are pending in a scratch database.

    `begin` is asked when env.py comes to its migrations, on its connection; `run` makes the run
    that tells a listener, whose `applied` is the one here.
    """

    project: Project
    begin: Callable[[Started], Beginning]
    run: Callable[[Listener], Run]
    seen: Callable[[Replayed], None]
    applied: Callable[[str, float], None]
    _began: Beginning | None = field(default=None, init=False)
    _before: frozenset[str] = field(default=frozenset(), init=False)
    _rows: dict[str, frozenset[Values]] = field(default_factory=dict, init=False)

    def start(self, before_revision: Callable[[], None]) -> None:
        """Run env.py, and in it every revision. Raises what an upgrade raises."""
        sources = {s.revision: Path(s.path) for s in self.project.scripts}
        with heard_statements() as heard:

            def migrated(revision: str, connection: Connection) -> None:
                statements = heard.take(self._beginning.reading.version_table)
                with _in_transaction(connection):
                    self._see(revision, OwnConnection(connection), statements, sources[revision])

            def decide(now: Started) -> Decided:
                refuse_without_upgrade(self.project, sources)
                self._began = self.begin(now)
                self._before = self._began.before
                heard.take(self._began.reading.version_table)  # what env.py itself has executed
                return self._began.decided

            listener = Listener(
                decide,
                before_revision,
                lambda revision, seconds, _: self.applied(revision, seconds),
                partly_applied=lambda _, __: None,
                look_back=lambda _: Committed(),
                migrated=migrated,
            )
            upgrade(self.project, "heads", self.run(listener))
        if self._began is None:
            raise never_migrated()

    @property
    def _beginning(self) -> Beginning:
        assert self._began is not None
        return self._began

    def _see(self, revision: str, own: OwnConnection, statements: list[str], source: Path) -> None:
        snapshot = OwnCatalog(own).read(self._beginning.reading)
        changed = snapshot.lines != self._before
        work = work_of(statements, changes_schema=changed)
        if work.effect is Effect.NOOP and statements:  # it looked at the catalog, and may do more
            work = Work(Effect.READ, frozenset([ANY_TABLE]))
        if not changed and not is_repeatable(statements):
            # what it does is not in the form, or is undone again: who knows what it does to rows
            work = Work(work.effect, work.tables | {ANY_TABLE})
        if _may_go_past(source):
            effect = Effect.SCHEMA_AND_DATA if changed else Effect.DATA
            work = Work(effect, work.tables | {ANY_TABLE})
        tables = frozenset(_relative(table, snapshot.schema) for table in work.tables)
        rows = tuple(self._inserted(own.execute, tables, snapshot, source))
        self._before = snapshot.lines
        self.seen(Replayed(revision, snapshot.lines, Work(work.effect, tables), rows))

    def _inserted(
        self, execute: Execute, tables: Iterable[str], snapshot: Snapshot, source: Path
    ) -> Iterator[InsertedRow]:
        """The rows that are new in these tables, by the values that somebody wrote down."""
        for table in sorted(tables):
            columns = _telling_columns(table, snapshot.lines)
            if not columns:
                continue
            rows = frozenset(_rows(execute, table, snapshot.schema, columns))
            new = rows - self._rows.get(table, frozenset())
            self._rows[table] = rows
            written = (row for row in sorted(new) if self._is_written(row, source))
            yield from sorted(_known_by_digest(table, row) for row in islice(written, MOST_ROWS))

    def _is_written(self, row: Values, source: Path) -> bool:
        return all(self._written.stands_in_code(value, source) for _, value in row)

    @cached_property
    def _written(self) -> Written:
        scripts = Path(self.project.directory.dir).absolute()
        return Written(scripts, (scripts.parent, Path.cwd()))


def create_all(metadata: Iterable[MetaData], url: str) -> None:
    """Make the tables as an app does that knows nothing of revisions."""
    engine = create_engine(url, poolclass=NullPool)
    for each in metadata:
        each.create_all(engine)


@contextmanager
def _in_transaction(connection: Connection) -> Iterator[None]:
    if connection.in_transaction():  # mode ATOMIC: nothing is committed yet
        yield
        return
    with connection.begin():
        yield


_PAST = pattern(
    r"cursor|copy_expert|raw_connection|dbapi_connection|driver_connection|environ|getenv"
    r"|get_x_argument"
)


def _may_go_past(source: Path) -> bool:
    """Whether a script may do elsewhere what is not heard in a replay.

    It talks to the driver itself, or asks its environment what to do.
    """
    return mentions(source, _PAST)


def _relative(table: str, schema: str) -> str:
    try:
        table_schema, name = split_name(table)
    except ValueError:
        return table
    return qualified("" if table_schema == schema else table_schema, name)


def _telling_columns(table: str, lines: frozenset[str]) -> list[str]:
    """The columns whose values a revision writes down, and no default or generator makes."""
    begin = f"column\t{escaped(table)}\t"
    named_details = (line.split("\t")[2:] for line in lines if line.startswith(begin))
    return sorted(
        split_name(name)[1]
        for name, detail in named_details
        if _TELLING.match(detail) and not any(word in detail for word in _GENERATED)
    )


def _rows(execute: Execute, table: str, schema: str, columns: list[str]) -> Iterator[Values]:
    table_schema, name = split_name(table)
    place = f"{identifier(table_schema or schema)}.{identifier(name)}"
    every = ", ".join(
        f"CASE WHEN {identifier(column)} IS NOT NULL THEN {printed(column)} END"
        for column in columns
    )
    for texts in execute(f"SELECT {every} FROM {place} LIMIT 1000"):
        values = tuple((c, str(t)) for c, t in zip(columns, texts, strict=True) if t is not None)
        if values:
            yield values


def _known_by_digest(table: str, row: Values) -> InsertedRow:
    columns = tuple(column for column, _ in row)
    return InsertedRow(table, columns, digest_of(value for _, value in row))
