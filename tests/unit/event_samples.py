"""One event of each class, or one of each level that it may have."""

from collections.abc import Iterator

from headstart.facts.state import State
from headstart.verdict.errors import Explanation
from headstart.verdict.events.database import (
    AttemptStarted,
    ConnectionFailed,
    DatabaseAccepted,
    DatabaseLocated,
    DatabaseNotReady,
    LockAcquired,
    LockWaited,
    LockWaitMeasured,
    OrphansFound,
    ServerAnswered,
    WaitMeasured,
)
from headstart.verdict.events.event import Event, Level, RecordedEvent
from headstart.verdict.events.execution import (
    ExecutionStarted,
    ExitWorkAbandoned,
    LibraryLogged,
    LogLeftOut,
    OutputPrinted,
    RunFinished,
    SettingsRead,
    SettingsWarned,
    StatementFailed,
    TracebackCaught,
    TraceLeftOut,
    TraceNotSent,
)
from headstart.verdict.events.fleet import (
    CanaryAwaited,
    FleetFinished,
    FleetProgress,
    FleetStarted,
    FleetSummarized,
    ReportNotWritten,
    TargetEvent,
    TargetFinished,
    TargetsAsked,
    TargetsMoved,
    TargetsNotAsked,
    TargetsTryOnce,
)
from headstart.verdict.events.indexes import IndexDropBlocked, IndexDropped, IndexNotRebuilt
from headstart.verdict.events.revisions import (
    AttemptBegun,
    BaselineStamped,
    BlockerEnded,
    EnvConfigured,
    EnvRunning,
    LocksHeldLong,
    PlanMade,
    ProgressSeen,
    RecordNotWritten,
    RevisionApplied,
    RevisionBlocked,
    RevisionPartlyApplied,
    RevisionReplayed,
    RevisionRunning,
    RevisionStarted,
    TransactionLeft,
    WaitsSeen,
)
from headstart.verdict.events.schema import (
    ComparisonStarted,
    Explained,
    ExplanationSuperseded,
    FingerprintsUnusable,
    MarksMisspelt,
    PlaceUncertain,
    ProofEstablished,
    SchemaDrifted,
    SchemaNotCompared,
    StateDetected,
    VersionRowsOutdated,
    VersionRowsRead,
    WorkLeftBehind,
)
from headstart.verdict.held_locks import HeldLocks
from headstart.verdict.progress import Progress
from headstart.verdict.proof import Proof

PLACE = {"host": "db", "port": "5432", "name": "app", "user": "app"}
EXPLANATION = Explanation(("a line",), {"extra": ["+ column x"]})

SAMPLES: tuple[Event, ...] = (
    ExecutionStarted("1a2b3c4d", "0.1.0", "abc123"),
    SettingsRead("/app/alembic.ini", "def456"),
    SettingsWarned("?foo= is not known"),
    AttemptStarted(),
    ConnectionFailed(1, "refused", 0.25),
    DatabaseLocated(PLACE | {"host": "other"}),
    ServerAnswered(PLACE, "18.0", tls=True),
    DatabaseAccepted(2, PLACE, tls=True),
    DatabaseNotReady("pending: 0002", 0.5),
    WaitMeasured(1.5),
    LockWaited("run 9f"),
    OrphansFound(("pid 17",)),
    LockWaitMeasured(0.75),
    LockAcquired(0.75),
    EnvConfigured(
        "atomic", "psycopg2", False, ("lock_timeout",), "public", None, "alembic_version"
    ),
    StateDetected(State.BEHIND, ("0001",)),
    ComparisonStarted(("0002",)),
    VersionRowsRead(("0003",)),
    VersionRowsOutdated(),
    PlanMade(State.UNVERSIONED, "baseline", ("0001",), Proof.FINGERPRINT),
    FingerprintsUnusable("/app/alembic/fingerprints.txt", "0002 is not in it"),
    PlaceUncertain("-x is given"),
    SchemaDrifted("a column more", EXPLANATION),
    SchemaNotCompared("no state for 0003"),
    Explained(EXPLANATION),
    ExplanationSuperseded(),
    ProofEstablished(Proof.VERSION_ROW),
    BaselineStamped(("0001",)),
    RevisionStarted("0002", "1 of 2", "create orders"),
    EnvRunning(30.0, ("pid 7 waits for pid 8",)),
    RevisionRunning("0002", 30.0),
    AttemptBegun("0002", 2),
    RevisionBlocked("0002", 1, 0.5, ("pid 7 waits for pid 8",), ({"pid": 8},)),
    BlockerEnded(8, "pid 7 waits for pid 8"),
    RevisionRunning("0002", 30.0, (), Progress("CREATE INDEX", "building index", 43.1, "t")),
    ProgressSeen(None),
    WaitsSeen(("pid 7 waits for pid 8",)),
    RevisionApplied("0002", 0.125),
    RevisionApplied("0003", 0.25, HeldLocks({"accounts": "AccessExclusive"}, 0.25)),
    LocksHeldLong("0003", HeldLocks({"accounts": "AccessExclusive"}, 1.5), 1.0),
    RecordNotWritten('"public"."alembic_version"', "must be owner of table (42501)"),
    RecordNotWritten('"public"."alembic_version"', "HEADSTART_RECORD=off", ("r2",)),
    MarksMisspelt(("r2.py: headstart_phas says nothing to headstart; headstart_phase would",)),
    IndexDropBlocked(
        "public.ix", "public.accounts", "0002", 1, 0.5, ("pid 1 waits",), ({"pid": 2},)
    ),
    IndexDropped("public.ix", "public.accounts", "0002", "it was INVALID"),
    IndexNotRebuilt("public.ix", "public.accounts", "0002"),
    RevisionReplayed("0002", 0.125),
    RevisionPartlyApplied("0003"),
    RevisionPartlyApplied("0003", certain=False),
    TransactionLeft("0003"),
    WorkLeftBehind("drop it"),
    OutputPrinted("stdout", "hello"),
    LibraryLogged("alembic", "info", "Running upgrade"),
    LibraryLogged("sqlalchemy", "warning", "deprecated"),
    ExitWorkAbandoned(5.0, ("worker",)),
    LogLeftOut(7),
    StatementFailed("SELECT 1/0"),
    TraceLeftOut("the extra otel is not installed"),
    TraceNotSent("Connection refused"),
    TracebackCaught("Traceback"),
    RunFinished({"outcome": "upgraded", "exit_code": 0}),
    RunFinished({"outcome": "blocked", "exit_code": 12}),
    FleetStarted(12, "0/1", 4, 12),
    TargetsAsked(12, 9, 0.1),
    TargetsNotAsked("no such role"),
    TargetsTryOnce("acme", 60.1),
    CanaryAwaited(("acme",), 0.2),
    *(TargetEvent("acme", level, {"text": "hello"}) for level in Level),
    TargetFinished("acme", {"outcome": "upgraded", "exit_code": 0}),
    TargetFinished("acme", {"outcome": "drifted", "exit_code": 25}),
    FleetProgress(12, 3, 1, 4, 5, 0.5, 18.0),
    TargetsMoved(FleetProgress(12, 3, 1, 4, 5, 0.5, 18.0), ("acme", "globex"), False),
    ReportNotWritten("/report", "No space left on device"),
    FleetSummarized({"targets": 12}, ("12 of 12 targets are ready",)),
    FleetFinished({"outcome": "fleet_ready", "exit_code": 0}),
    FleetFinished({"outcome": "fleet_refused", "exit_code": 27}),
)


def event_classes(base: type[Event] = Event) -> Iterator[type[Event]]:
    """Every class of events that may be emitted."""
    for kind in base.__subclasses__():
        yield from event_classes(kind)
        if kind is not RecordedEvent:
            yield kind
