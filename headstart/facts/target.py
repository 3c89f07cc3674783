"""One of many with the same history in a database, and what was found of its version table.

Each has a version table of its own, by which it is named. Plain data; decision/target_state.py says
what follows from it.
"""

from collections.abc import Mapping
from dataclasses import field

from headstart.values import dataclass


@dataclass(frozen=True)
class TargetPlace:
    """A target: its name, where its version table is, and what env.py is told to get there.

    `schema` and `table` are names as the server has them, unquoted. `x` are all arguments -x of its
    run, `environment` the variables that its process has beside ours, None for one that it has not.
    `lock_key` is the key of the advisory lock that a run of this target holds, a bigint; None where
    nobody takes one.
    """

    name: str
    schema: str
    table: str
    x: tuple[str, ...] = ()
    environment: Mapping[str, str | None] = field(default_factory=dict)
    lock_key: int | None = None


@dataclass(frozen=True)
class VersionTableSeen:
    """What has the version table's name; `comment` is empty where it is none of ours.

    `trusted`: its owner is one whom we need not fear. `hides`: it has row level security.
    `watched`: it has rules or triggers. `fits`: version_num is a text. `readable`: to us.
    `locked`: somebody holds it, or waits for it, so that it cannot be read. `in_progress`: a run is
    at work on it, or on the whole database.
    """

    oid: int
    kind: str
    trusted: bool
    hides: bool
    watched: bool
    inherited: bool
    fits: bool
    readable: bool
    locked: bool
    in_progress: bool
    comment: str | None

    @property
    def is_plain(self) -> bool:
        """Whether its rows can be read, and reading them executes nothing of anybody's."""
        odd = self.hides or self.watched or self.inherited or self.locked
        return self.kind == "r" and self.trusted and self.fits and self.readable and not odd


@dataclass(frozen=True)
class SchemaSeen:
    """What the schema is at one moment; `written_by` is the xmin of the comment's row.

    `sound`: no index of it is INVALID, no partition half detached, and nothing is hidden. `owned`:
    we may write the comment. `server` and `number` are words of a mark.
    """

    sound: bool
    owned: bool
    comment: str | None
    written_by: int | None
    server: str
    number: str


@dataclass(frozen=True)
class TargetSeen:
    """What was found of a target. `table` is None where there is no version table.

    `rows` are None where they were not read: of a locked table, say. `schema` is read only where
    the rows are at the head. `failure` is what the server said to a read of this one alone.
    `writable`: the database is a primary that is not read-only.
    """

    place: TargetPlace
    table: VersionTableSeen | None = None
    rows: tuple[str, ...] | None = None
    schema: SchemaSeen | None = None
    failure: str | None = None
    writable: bool = True
