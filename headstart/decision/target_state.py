"""What is to be thought of a target of many: proven, behind, odd, without a table, or in use. Pure.

Only what is proven needs no run of its own. Everything else is left to one, which looks closer and
knows what to say: nothing is refused here.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import cache
from typing import Self

from headstart.facts.applied_record import AppliedRecord, record_in
from headstart.facts.state import DatabaseFacts, History, State, detect
from headstart.facts.target import TargetSeen, VersionTableSeen
from headstart.values import dataclass


class Marked(StrEnum):
    """What the mark in a target's comment says of its schema (gate/mark.py)."""

    SAME = "same"
    CHANGED = "changed"
    NONE = "none"


class Oddity(StrEnum):
    """Why a target is not what a run leaves; `meaning` is for people."""

    meaning: str

    def __new__(cls, slug: str, meaning: str) -> Self:
        """Make a member of its two facts."""
        member = str.__new__(cls, slug)
        member._value_ = slug
        member.meaning = meaning
        return member

    UNKNOWN_REVISION = (
        "unknown_revision",
        "a version row names a revision that is not in this image",
    )
    DIVERGED = "diverged", "the version rows are on another branch than the target revision"
    CHANGED = "changed", "the schema has changed since a run has proven it"
    UNPROVEN = "unproven", "at the head, but no run with these settings has proven the schema"
    UNSOUND = "unsound", "an index is INVALID, a partition half detached, or a schema hidden"
    NO_TABLE = "no_table", "what has the version table's name is no ordinary table"
    UNTRUSTED = "untrusted", "the version table's owner is not to be trusted"
    HIDDEN = "hidden", "row level security may hide version rows"
    WATCHED = "watched", "the version table has rules, triggers or children"
    OTHER_COLUMN = "other_column", "version_num is none of Alembic's"
    UNREADABLE = "unreadable", "this role may not read the version table"
    READ_ONLY = "read_only", "the database is a standby, or read-only"
    FAILED = "failed", "the server refused the read"


@dataclass(frozen=True)
class Proven:
    """At the head, with the schema that a run with these settings has proven."""

    slug = "proven"


@dataclass(frozen=True)
class Behind:
    """Every version row is an ancestor of the target revision; none at all in an empty one."""

    rows: tuple[str, ...]
    slug = "behind"


@dataclass(frozen=True)
class Odd:
    """Nothing that a run leaves; `detail` is what the server said, if it refused."""

    why: Oddity
    detail: str = ""
    slug = "odd"


@dataclass(frozen=True)
class Missing:
    """There is no version table: a run makes it, and maybe the schema."""

    slug = "missing"


@dataclass(frozen=True)
class InProgress:
    """A run is at work on it, or somebody has locked its version table."""

    slug = "in_progress"


@dataclass(frozen=True)
class Ready:
    """A check of its own has found it ready, though nothing proves the schema."""

    slug = "ready"


@dataclass(frozen=True)
class Failed:
    """A check of its own has ended so: a run would, too, or a person is needed."""

    slug: str


Standing = Proven | Behind | Odd | Missing | InProgress
"""What the question says of it."""
Found = Standing | Ready | Failed
"""What is known of it, once those that the question could not answer for were checked."""


@dataclass(frozen=True)
class TargetAnswer:
    """How a target stands. `rows` are its version rows, None where they were not read.

    `recorded` are those that the record on the version table was written with: of a locked one,
    all that can be known.
    """

    name: str
    standing: Found
    rows: tuple[str, ...] | None = None
    recorded: tuple[str, ...] | None = None


StateOf = Callable[[tuple[str, ...]], State]
"""The state of a database with these version rows."""


def states_in(history: History) -> StateOf:
    """The states of version rows in a history, each thought of once: most targets have the same."""
    return cache(lambda rows: detect(DatabaseFacts(rows), history))


def answer_of(seen: TargetSeen, state_of: StateOf, marked: Marked) -> TargetAnswer:
    """How a target stands, of what was found of it."""
    standing = _standing(seen, state_of, marked)
    return TargetAnswer(seen.place.name, standing, seen.rows, _recorded(seen))


def _recorded(seen: TargetSeen) -> tuple[str, ...] | None:
    if seen.rows is not None or seen.table is None or not seen.table.trusted:
        return None
    record = record_in(seen.table.comment)
    return tuple(sorted(record.at)) or None if isinstance(record, AppliedRecord) else None


def _standing(seen: TargetSeen, state_of: StateOf, marked: Marked) -> Standing:
    table = seen.table
    if table is None:
        return Missing()
    if (oddity := _oddity(table)) is not None:
        return Odd(oddity)
    if table.locked:
        return InProgress()
    if seen.failure is not None or seen.rows is None:
        return Odd(Oddity.FAILED, seen.failure or "")
    match state_of(seen.rows):
        case State.EMPTY | State.UNVERSIONED | State.BEHIND:
            return Behind(seen.rows)
        case State.UNKNOWN_REVISION | State.AHEAD:
            return Odd(Oddity.UNKNOWN_REVISION)
        case State.DIVERGED:
            return Odd(Oddity.DIVERGED)
        case State.AT_HEAD:
            return InProgress() if table.in_progress else _at_head(seen, marked)


def _oddity(table: VersionTableSeen) -> Oddity | None:
    """Why its rows are not read; what somebody has only locked is none."""
    odd = {
        Oddity.NO_TABLE: table.kind != "r",
        Oddity.UNTRUSTED: not table.trusted,
        Oddity.OTHER_COLUMN: not table.fits,
        Oddity.HIDDEN: table.hides,
        Oddity.WATCHED: table.watched or table.inherited,
        Oddity.UNREADABLE: not table.readable,
    }
    return next((each for each, is_so in odd.items() if is_so), None)


def _at_head(seen: TargetSeen, marked: Marked) -> Standing:
    if not seen.writable:
        return Odd(Oddity.READ_ONLY)
    if seen.schema is not None and not seen.schema.sound:
        return Odd(Oddity.UNSOUND)
    match marked:
        case Marked.SAME:
            return Proven()
        case Marked.CHANGED:
            return Odd(Oddity.CHANGED)
        case Marked.NONE:
            return Odd(Oddity.UNPROVEN)
