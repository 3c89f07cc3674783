"""What a run has learned and done so far."""

from collections.abc import Mapping
from dataclasses import field
from typing import Self

from headstart.facts.state import State
from headstart.values import dataclass, replace
from headstart.verdict.errors import Explanation
from headstart.verdict.held_locks import HeldLocks
from headstart.verdict.proof import Proof
from headstart.verdict.steps import Steps


@dataclass(frozen=True)
class Applied:
    """One revision that was committed, how long it took in seconds, and what it held."""

    revision: str
    seconds: float
    held: HeldLocks | None = None


@dataclass(frozen=True)
class DroppedIndex:
    """An INVALID index that was dropped, its table, and the revision that builds it.

    `rebuilt` is False once that revision was applied, and the index is not there.
    """

    index: str
    table: str
    revision: str
    rebuilt: bool = True


@dataclass(frozen=True)
class Record:
    """What a run has learned and done so far: the events until now, folded.

    `partly_applied` is a revision that failed after it had committed some of its work, or may have
    (not `partly_applied_surely`), and `left_transaction` the last one that worked outside its
    transaction, so that some may be. `left_behind` is what to say of what a failure left, beside
    the next step. `waits` says for whose sessions the work was last seen waiting. `lock_attempts`
    is how often each revision was tried whose locks others held.
    `database` holds host, port, name and user, never a password; `tls` is whether our connections
    were encrypted. `explanation` is what the proof found, in lines for a terminal, and `fields` the
    same for the verdict.
    """

    run_id: str = ""
    headstart_version: str = ""
    image_revision: str | None = None
    alembic_ini: str | None = None
    state: State | None = None
    from_revisions: tuple[str, ...] | None = None
    to_revisions: tuple[str, ...] | None = None
    applied: Steps[Applied] = field(default_factory=Steps)
    dropped_indexes: tuple[DroppedIndex, ...] = ()
    partly_applied: str | None = None
    partly_applied_surely: bool = True
    left_transaction: str | None = None
    left_behind: str | None = None
    waits: tuple[str, ...] = ()
    lock_attempts: Mapping[str, int] = field(default_factory=dict)
    proof: Proof = Proof.NONE
    wait_attempts: int = 0
    wait_seconds: float = 0.0
    lock_wait_seconds: float = 0.0
    database: Mapping[str, str] = field(default_factory=dict)
    server_version: str | None = None
    tls: bool | None = None
    explanation: tuple[str, ...] = ()
    fields: Mapping[str, object] = field(default_factory=dict)

    def explained_by(self, explanation: Explanation) -> Self:
        """The record with what a proof found, each line once."""
        new = (line for line in explanation.lines if line not in self.explanation)
        return replace(
            self,
            explanation=(*self.explanation, *new),
            fields={**self.fields, **explanation.fields},
        )
