"""Which revisions are applied, when and by whom, as far as rows and record tell. Pure.

Whether a revision is applied, the version rows say, and nothing else: the record adds when, how
long and from which image. What it says of a revision that is not applied now is history.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from headstart.decision.failures import failure_in
from headstart.decision.plan import Baseline, Plan, Refuse, Upgrade
from headstart.facts.applied_record import AppliedEntry, AppliedRecord, Failed, NoRecord, record_in
from headstart.facts.state import DatabaseFacts, History, State
from headstart.values import dataclass
from headstart.verdict.errors import HeadstartError


@dataclass(frozen=True)
class ScriptFacts:
    """What a script's file tells beside the graph: its title, and the digest of its content."""

    title: str
    digest: str


@dataclass(frozen=True)
class Line:
    """One revision. `applied` is None where no version row that this image knows says it.

    `edited`: its script is not the one that was run. `in_image`: this image has it. `held`: it is
    pending, and held back.
    """

    revision: str
    title: str
    applied: bool | None
    pending: bool = False
    entry: AppliedEntry | None = None
    edited: bool = False
    in_image: bool = True
    held: bool = False


@dataclass(frozen=True)
class Overview:
    """The answer of status. `refusal` is what a run would refuse with.

    `digests` are those of this image's scripts.
    """

    state: State
    plan: Plan
    rows: tuple[str, ...]
    target: tuple[str, ...]
    record: AppliedRecord | NoRecord
    lines: tuple[Line, ...]
    run_in_progress: bool
    refusal: HeadstartError | None = None
    notes: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_stale(self) -> bool:
        """Whether there is a record that was written with other version rows."""
        record = self.record
        return isinstance(record, AppliedRecord) and record.is_stale(self.rows)

    @property
    def failed(self) -> Failed | None:
        """What the record says to have failed last, unless it is applied now."""
        return failure_in(self.record, {line.revision for line in self.lines if line.applied})

    @property
    def edited(self) -> tuple[str, ...]:
        """The revisions whose scripts were edited since they were applied."""
        return tuple(line.revision for line in self.lines if line.edited)


def lines_of(
    state: State,
    facts: DatabaseFacts,
    history: History,
    scripts: Mapping[str, ScriptFacts],
    plan: Plan,
) -> tuple[Line, ...]:
    """The image's revisions and those of others that are applied; what is not applied comes last.

    Within these, ancestors come first.
    """
    rows, record = facts.version_rows, record_in(facts.version_column.comment)
    entries = _latest(record)
    current = isinstance(record, AppliedRecord) and record.is_current(rows)
    trail = entries if current else {}
    applied = _applied(rows, history, trail)
    # what a row of another image comes from, its own entry tells, or nobody does
    lost = any(each not in history.requirements and each not in trail for each in applied)
    elsewhere = None if lost or state is State.UNVERSIONED else False
    waiting = plan.pending if isinstance(plan, Upgrade | Baseline) else ()
    back = () if isinstance(plan, Refuse) else plan.held

    def line(revision: str) -> Line:
        script = scripts.get(revision)
        title = script.title if script is not None else ""
        if revision not in applied:
            is_held = revision in back
            return Line(revision, title, elsewhere, revision in waiting, held=is_held)
        entry = entries.get(revision)
        in_image = script is not None
        return Line(revision, title, True, False, entry, _is_edited(script, entry), in_image)

    others = [each for each in applied if each not in history.requirements]
    every = [*map(line, history.requirements), *map(line, reversed(others))]
    return tuple(sorted(every, key=lambda each: each.applied is False))


def _is_edited(script: ScriptFacts | None, entry: AppliedEntry | None) -> bool:
    """Whether both are known, and are not the same; what was stamped has run no script."""
    if script is None or entry is None or not entry.digest:
        return False
    return entry.digest != script.digest


def _latest(record: AppliedRecord | NoRecord) -> Mapping[str, AppliedEntry]:
    """Of a revision that was applied twice, what was last."""
    chain = record.chain if isinstance(record, AppliedRecord) else ()
    return {entry.revision: entry for entry in chain}


def _applied(
    rows: Iterable[str], history: History, entries: Mapping[str, AppliedEntry]
) -> Mapping[str, None]:
    """What is applied, newest first where it is not in the image: there the record leads on."""
    found: dict[str, None] = {}
    waiting = sorted(rows)
    while waiting:
        revision = waiting.pop(0)
        if revision in history.requirements:
            found |= dict.fromkeys(history.applied_with([revision]))
        elif revision not in found:
            found[revision] = None
            waiting += _parents(entries.get(revision))
    return found


def _parents(entry: AppliedEntry | None) -> Iterator[str]:
    yield from entry.parents if entry is not None else ()
