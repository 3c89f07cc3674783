"""The one way to determine the state of a database: for run, check, wait, plan and diff."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from headstart.decision.choice import decide
from headstart.decision.drift import requires_comparison
from headstart.decision.hold import hold_back
from headstart.decision.index_repair import InvalidIndex, not_as_built
from headstart.decision.pending_detach import PendingDetach
from headstart.decision.plan import Plan
from headstart.decision.version_width import has_long_id
from headstart.facts.applied_record import record_in
from headstart.facts.lineage import lineage_of
from headstart.facts.state import (
    DatabaseFacts,
    History,
    OurTables,
    Scope,
    State,
    TableName,
    detect,
)
from headstart.fingerprint.catalog.names import split_name
from headstart.fingerprint.file.states import Fingerprints
from headstart.fingerprint.match.finding import Finding, Unknowable
from headstart.fingerprint.newer.ruling import Judgement
from headstart.postgres.connection import Connection
from headstart.postgres.detaches import read_pending_detaches
from headstart.postgres.identity import Purpose
from headstart.postgres.indexes import read_invalid_indexes
from headstart.postgres.inspection import inspect_database
from headstart.postgres.reader import Reader
from headstart.revisions.history import read_history
from headstart.revisions.known_states import KnownStates, read_known_states
from headstart.revisions.project import Project, load_project
from headstart.revisions.script_marks import misspelt_in, refuse_unclear
from headstart.revisions.script_source import made_tables
from headstart.revisions.version_column import as_scripts_make_it
from headstart.settings.kinds import Ahead, Hold
from headstart.values import dataclass
from headstart.verbs.app_environment import app_environment
from headstart.verbs.compare import (
    AnyCatalog,
    Comparison,
    Promised,
    compare,
    judge_held,
    judge_newer,
    prove,
    surroundings,
)
from headstart.verbs.target_place import scope_without_env
from headstart.verbs.task import Task
from headstart.verdict.errors import StaleFingerprints
from headstart.verdict.events.database import DatabaseLocated
from headstart.verdict.events.schema import FingerprintsUnusable, MarksMisspelt

if TYPE_CHECKING:
    from headstart.fingerprint.newer.schema import Surroundings


@dataclass(frozen=True)
class Image:
    """What the image holds: its Alembic project, the revisions, and what the file says of them."""

    project: Project
    history: History
    fingerprints: KnownStates

    @cached_property
    def our_tables(self) -> OurTables:
        """Read once, and only where it is asked: a thousand scripts take seconds."""
        usable = self.fingerprints.usable
        return made_tables(self.project) if usable is None else _tables_on_file(usable)


@dataclass(frozen=True)
class Inspection:
    """What one look at the database found; `finding` only where the version rows do not say it.

    `around` is what stands around our objects, where something may be held back.
    """

    facts: DatabaseFacts
    state: State
    finding: Finding | Judgement | None
    invalid: tuple[InvalidIndex, ...]
    around: "Surroundings | None" = None
    pending: tuple[PendingDetach, ...] = ()


@dataclass(frozen=True)
class Inspector:
    """Looks at a database for an image; `tables` are ours too, where the file does not say it.

    `found_empty`: it had no table when the run lock was taken. `ahead` is what a database that is
    newer has to show, and `hold` what is held back.
    """

    image: Image
    scope: Scope
    tables: frozenset[TableName] = frozenset()
    found_empty: bool = False
    ahead: Ahead = Ahead.PROVE
    hold: Hold = Hold.NONE

    def inspect(
        self, connection: Reader, catalog: AbstractContextManager[AnyCatalog]
    ) -> Inspection:
        """Read the facts, determine the state, and prove the schema where nothing else tells it.

        `catalog` is that of the same connection.
        """
        facts = self.read_facts(connection)
        state = detect(facts, self.image.history)
        invalid = self.read_invalid(connection, facts)
        finding: Finding | Judgement | None = None
        if state is State.UNVERSIONED and self.image.history.baseline is None:
            with catalog as opened:
                finding = self.prove(opened)
        if state is State.UNKNOWN_REVISION and self._is_succeeded(facts):
            with catalog as opened:
                finding = self.prove(opened) or Unknowable("there is no file of fingerprints")
        elif state is State.UNKNOWN_REVISION and self.ahead in {Ahead.PROVE, Ahead.AUTO}:
            with catalog as opened:
                finding = self._judge_newer(opened)
            if (finding is not None and not finding.breaks) or self._leads_back(facts):
                state = State.AHEAD
        around = None
        if self.hold is Hold.CONTRACT and state in {State.BEHIND, State.UNVERSIONED}:
            with catalog as opened:
                around = self._surroundings(opened)
        return Inspection(facts, state, finding, invalid, around, self.read_pending(connection))

    def plan(self, inspection: Inspection) -> Plan:
        """What to do about what was found."""
        history, usable = self.image.history, self.image.fingerprints.usable
        facts, finding, around = inspection.facts, inspection.finding, inspection.around
        plan = decide(inspection.state, facts, history, self.ahead, finding)
        if self.hold is Hold.NONE:
            return plan
        from headstart.revisions.image_scripts import phases_of

        def judge(rows: frozenset[str]) -> Judgement | None:
            if usable is None or around is None:
                return None
            return judge_held(usable, history, rows, around)

        return hold_back(plan, facts, history, phases_of(self.image.project), judge)

    def _surroundings(self, catalog: AnyCatalog) -> "Surroundings | None":
        usable = self.image.fingerprints.usable
        return None if usable is None else surroundings(catalog, usable, self.scope)

    def _is_succeeded(self, facts: DatabaseFacts) -> bool:
        """Whether the base of a squashed history replaces what the version row names."""
        return self.image.history.successor_of(facts.version_rows) is not None

    def _leads_back(self, facts: DatabaseFacts) -> bool:
        """Whether the record tells how all revisions that are newer build on our head."""
        record = record_in(facts.version_column.comment)
        lineage = lineage_of(record, facts.version_rows, self.image.history)
        return lineage is not None and lineage.is_whole and not lineage.lacking

    def _judge_newer(self, catalog: AnyCatalog) -> Judgement | None:
        """Whether this image can run on a schema that it did not build; None without a file."""
        usable = self.image.fingerprints.usable
        if usable is None:
            return None
        return judge_newer(catalog, usable, self.image.history, self.scope)

    def read_facts(self, connection: Reader) -> DatabaseFacts:
        """Read the version rows, and where there are none, which of our tables are there."""
        facts = inspect_database(connection, self.scope, self.our_tables)
        facts = replace(facts, found_empty=self.found_empty)
        column = facts.version_column
        if not has_long_id(self.image.history.requirements, column):
            return facts  # nearly always; else a thousand scripts are read
        return replace(facts, version_column=as_scripts_make_it(self.image.project, column))

    def read_invalid(self, connection: Reader, facts: DatabaseFacts) -> tuple[InvalidIndex, ...]:
        """The INVALID indexes of our tables, but for those that the revisions themselves leave."""
        indexes = read_invalid_indexes(connection, self.scope, self.our_tables)
        usable = self.image.fingerprints.usable
        if not indexes or usable is None:
            return not_as_built(indexes, ())
        built = (usable.lines(row) for row in facts.version_rows if row in usable.by_name)
        return not_as_built(indexes, chain.from_iterable(built))

    def read_pending(self, connection: Reader) -> tuple[PendingDetach, ...]:
        """The partitions of our tables that are half detached."""
        return read_pending_detaches(connection, self.scope, self.our_tables)

    def prove(self, catalog: AnyCatalog) -> Finding | None:
        """What the file says of tables without a version row; None where there is no file."""
        fingerprints = self.image.fingerprints
        if fingerprints.usable is None:
            return Unknowable(fingerprints.why_not) if fingerprints.why_not else None
        return prove(catalog, fingerprints.usable, self.image.history, self.scope)

    def compare(
        self, catalog: AnyCatalog, rows: tuple[str, ...], applied: tuple[str, ...] = ()
    ) -> Comparison | None:
        """The schema against what the version rows promise; None where no file says that.

        `applied` are the revisions that have run just now.
        """
        usable = self.image.fingerprints.usable
        if usable is None:
            return None
        promised = Promised(rows, applied)
        return compare(catalog, usable, self.image.history, self.scope, promised)

    def our_tables(self) -> OurTables:
        ours = self.image.our_tables
        if self.image.fingerprints.usable is not None or not self.tables:
            return ours
        return replace(ours, names=ours.names | self.tables)


def read_image(task: Task) -> Image:
    """Read the Alembic project from the text of its scripts, as all verbs do that run no env.py.

    Only scripts whose text does not tell what they are get imported. Raises BrokenHistory,
    StaleFingerprints, and InvalidSettings for its files.
    """
    project = read_project(task)
    if project.untold:
        # scripts may import the app and its settings
        with app_environment(task, connected=False):
            project = project.imported_without_env()
    return image_of(task, project)


def read_project(task: Task) -> Project:
    """Read the configuration and the text of the scripts. Raises as read_image does."""
    settings = task.settings
    with app_environment(task, connected=False):  # script_location may be in the app's package
        return load_project(settings.alembic_ini, settings.target, settings.x)


def image_of(task: Task, project: Project) -> Image:
    """The image whose scripts are known by now. Raises as read_image does."""
    settings = task.settings
    history = read_history(project, settings.target, settings.baseline)
    refuse_unclear(project.scripts, history)
    if misspelt := tuple(each.cause for each in misspelt_in(project.scripts)):
        task.emit(MarksMisspelt(misspelt))
    return Image(project, history, _read_fingerprints(task, project, history))


def inspector_of(task: Task, image: Image) -> Inspector:
    """Without env.py: the version table is what HEADSTART_VERSION_TABLE says."""
    settings = task.settings
    return Inspector(image, scope_without_env(task), ahead=settings.ahead, hold=settings.hold)


@contextmanager
def connected(task: Task, attempt: int = 1) -> Iterator[Connection]:
    """Connect once; `attempt` counts them. Raises the error that the failure leads to."""
    with task.connect(Purpose.READ, attempt) as connection:
        task.emit(DatabaseLocated(connection.place))
        yield connection


def _read_fingerprints(task: Task, project: Project, history: History) -> KnownStates:
    """Read the fingerprints file, and tell where it is of no use. Raises StaleFingerprints."""
    fingerprints = read_known_states(project, history, task.settings.fingerprints)
    required = requires_comparison(task.settings.verify)
    if required and fingerprints.usable is None and fingerprints.why_not is None:
        raise missing_fingerprints(fingerprints)
    if fingerprints.why_not is None:
        return fingerprints
    if required:
        raise StaleFingerprints(f"{fingerprints.path} proves nothing: {fingerprints.why_not}")
    task.emit(FingerprintsUnusable(str(fingerprints.path), fingerprints.why_not))
    return fingerprints


def missing_fingerprints(fingerprints: KnownStates) -> StaleFingerprints:
    """The refusal where there is no file, and somebody relies on one."""
    return StaleFingerprints(
        f"{fingerprints.path} does not exist, and HEADSTART_VERIFY=strict needs it"
    )


def _tables_on_file(fingerprints: Fingerprints) -> OurTables:
    """The tables that any revision makes, and its materialized views."""
    tables, views = (
        frozenset((schema or None, name) for schema, name in map(split_name, each))
        for each in (fingerprints.tables, fingerprints.views)
    )
    return OurTables(tables, views=views)
