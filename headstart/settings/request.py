"""What somebody asked for: a verb, and what belongs to it. Pure; arguments.py reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verb(StrEnum):
    """What to do."""

    RUN = "run"
    CHECK = "check"
    WAIT = "wait"
    PLAN = "plan"
    DIFF = "diff"
    FINGERPRINT = "fingerprint"


class FingerprintVerb(StrEnum):
    """What to do with the file of fingerprints."""

    BUILD = "build"
    CHECK = "check"
    RECORD = "record"


class Output(StrEnum):
    """How a verb prints its answer."""

    TEXT = "text"
    JSON = "json"


VERB_HELP = {
    Verb.RUN: "the job (default): wait, lock, tell the state, upgrade or stamp, verify",
    Verb.CHECK: "is the database ready for this image? changes nothing, takes no lock",
    Verb.WAIT: "check, repeated until ready or HEADSTART_WAIT_SECONDS",
    Verb.PLAN: "what a run would do now; changes nothing",
    Verb.DIFF: "how the schema differs from what its revision, or --revision, builds",
    Verb.FINGERPRINT: "build, check or record: the file that says what each revision builds",
}


@dataclass(frozen=True)
class FingerprintOptions:
    """What `headstart fingerprint` was asked for.

    `go_on`: the database of --url may be at a revision on file, and the later ones are run there.
    """

    verb: FingerprintVerb
    revision: str | None = None
    create_all: bool = False
    replace: bool = False
    go_on: bool = False


@dataclass(frozen=True)
class Invocation:
    """A parsed command line; `values` holds the settings given as options, by setting name."""

    verb: Verb = Verb.RUN
    output: Output = Output.TEXT
    sql: bool = False
    revision: str | None = None
    fingerprint: FingerprintOptions | None = None
    values: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
