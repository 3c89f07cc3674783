"""What to do about a state: the plan, as data. choice.py makes it."""

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar

from headstart.facts.state import State
from headstart.fingerprint.match.finding import (
    Proven,
)
from headstart.fingerprint.newer.ruling import Judgement
from headstart.values import dataclass
from headstart.verdict.errors import (
    HeadstartError,
)
from headstart.verdict.proof import Proof

if TYPE_CHECKING:  # a run needs no lint
    from headstart.decision.lint import Lint


@dataclass(frozen=True)
class NothingToDo:
    """The database is ready as it is; `newer` when it is newer than this image.

    Then it holds what is known of the differences. `held` is pending, and held back.
    """

    slug: ClassVar[str] = "nothing_to_do"
    proof: Proof = Proof.VERSION_ROW
    newer: Judgement | None = None
    held: tuple[str, ...] = ()

    @property
    def ahead(self) -> bool:
        """Whether the database is newer than this image."""
        return self.newer is not None


@dataclass(frozen=True)
class Upgrade:
    """Run `pending`, ancestors first; `held` is held back."""

    slug: ClassVar[str] = "upgrade"
    proof: ClassVar[Proof] = Proof.VERSION_ROW
    pending: tuple[str, ...]
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class Baseline:
    """Accept the existing tables as `revisions`: stamp these, if any, then run `pending`.

    `proven` is what the schema says; None where an operator said it. `instead_of` are the version
    rows that these take the place of.
    """

    slug: ClassVar[str] = "baseline"
    revisions: tuple[str, ...]
    pending: tuple[str, ...]
    proven: Proven | None = None
    held: tuple[str, ...] = ()
    instead_of: tuple[str, ...] = ()

    @property
    def proof(self) -> Proof:
        """What it rests on."""
        return Proof.OPERATOR if self.proven is None else Proof.FINGERPRINT


@dataclass(frozen=True)
class Refuse:
    """Do nothing; a person is needed, and `error` says what for."""

    slug: ClassVar[str] = "refuse"
    proof: ClassVar[Proof] = Proof.NONE
    error: HeadstartError


Plan = NothingToDo | Upgrade | Baseline | Refuse


@dataclass(frozen=True)
class Step:
    """A pending revision for people: its title, its file, what it does by what is on file of it."""

    title: str
    file: str
    does: str = ""


@dataclass(frozen=True)
class Preview:
    """What a run would do now, as data; `sql` and `lint` where they were asked for.

    `scripts` are the digests of the pending revisions, `schema_digest` that of the schema now; both
    are for `run --plan`. The latter is None where nobody asked, or it could not be read. `steps`
    are the pending revisions for people, by revision.
    """

    state: State
    plan: str
    version_rows: tuple[str, ...]
    target: tuple[str, ...]
    baseline: tuple[str, ...]
    pending: tuple[str, ...]
    run_in_progress: bool
    sql: str | None = None
    proof: Proof = Proof.NONE
    held: tuple[str, ...] = ()
    explanation: tuple[str, ...] = ()
    lint: "Lint | None" = None
    scripts: Mapping[str, str] = field(default_factory=dict)
    schema_digest: str | None = None
    steps: Mapping[str, Step] = field(default_factory=dict)
