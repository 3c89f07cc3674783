"""Were the version rows looked for in the right place? check, wait and plan run no env.py. Pure."""

from collections.abc import Iterable

from headstart.decision.plan import Plan, Refuse
from headstart.facts.state import VersionTable, written
from headstart.patterns import pattern
from headstart.verdict.errors import HeadstartError, NotReady, Unproven

_NAMEABLE = pattern(r"[^.\s]+\.[^.\s]+")
_MOST_NAMES = 5

UNCERTAIN = (
    "HEADSTART_X is set, HEADSTART_VERSION_TABLE is not: if env.py chooses its schema or its"
    " version table by -x, this answer is about the wrong place; set HEADSTART_VERSION_TABLE to"
    " [schema.]name of the table that env.py configures"
)
"""What an answer is worth where only env.py knows what -x means."""


def elsewhere(looked: str, others: tuple[VersionTable, ...], plan: Plan) -> HeadstartError | None:
    """The error where the version rows of this image are in another table than the one looked at.

    `looked` is the table without rows. What a run would do is unknown then, so no plan is told.
    """
    if not others:
        return None
    kind = Unproven if isinstance(plan, Refuse) else NotReady
    return kind(f"{looked} has no version row here, but {_found(others)}", next_step=_cure(others))


def note_of(looked: str, others: tuple[VersionTable, ...]) -> tuple[str, ...]:
    """A line where an operator has said which table it is, and another one has the rows."""
    return (f"{looked} has no version row here, but {_found(others)}",) if others else ()


def _found(others: tuple[VersionTable, ...]) -> str:
    return "; ".join(
        _some(
            f"{each.place} looks like env.py's version table"
            + (f", at {written(each.rows)}" if each.rows else " (the fingerprints file names it)")
            for each in others
        )
    )


def _cure(others: tuple[VersionTable, ...]) -> str:
    names = [f"{each.schema}.{each.name}" for each in others]
    nameable = [name for name in names if _NAMEABLE.fullmatch(name)]
    none_yet = (
        "if the version table of this image does not exist yet, say so with its schema, for example"
        " HEADSTART_VERSION_TABLE=public.alembic_version"
    )
    if not nameable:
        return (
            "give the version table in env.py a name without dots and blanks, as"
            f" HEADSTART_VERSION_TABLE takes [schema.]name; {none_yet}"
        )
    if len(nameable) == 1:
        return f"set HEADSTART_VERSION_TABLE={nameable[0]}; {none_yet}"
    every = " or ".join(f"HEADSTART_VERSION_TABLE={name}" for name in nameable[:_MOST_NAMES])
    more = len(nameable) - _MOST_NAMES
    rest = f", or one of {more} more" if more > 0 else ""
    return f"set the one that env.py configures: {every}{rest}; {none_yet}"


def _some(names: Iterable[str]) -> list[str]:
    every = list(names)
    more = len(every) - _MOST_NAMES
    return every if more <= 0 else [*every[:_MOST_NAMES], f"and {more} more"]
