"""Which settings make a target of many what it is, and whether a mark in its comment is its own.

A mark is written by a run that is told where its version table is (HEADSTART_VERSION_TABLE with a
schema), and heeded by whoever asks for many targets at once.
"""

import os
from collections.abc import Mapping

from headstart.decision.target_state import Marked
from headstart.facts.state import Scope, scope_named
from headstart.facts.target import TargetPlace, TargetSeen
from headstart.fingerprint.file.header import Header
from headstart.gate.mark import (
    TARGET,
    mark_in,
    mark_text,
    of_any_number,
    of_any_role,
    target_digest,
    target_mark,
)
from headstart.settings.kinds import Gate, words
from headstart.settings.read import Settings
from headstart.settings.setting import PREFIX


def is_fit(header: Header, settings: Settings) -> bool:
    """Whether a proof of a target can stand for what its run would find, without env.py.

    That env.py is told where to work makes no difference: the mark says what it was told.
    """
    if settings.gate is Gate.OFF or header.blind is not None:
        return False
    told_where = header.unfit is None or header.target is not None
    return told_where or settings.gate is Gate.ON


def place_of(
    name: str, environment: Mapping[str, str | None], lock_key: int | None = None
) -> TargetPlace | None:
    """The target whose process has these variables beside ours; None where it names no place.

    A place is a HEADSTART_VERSION_TABLE with its schema. `lock_key` is as TargetPlace has it.
    """
    named = scope_named(_variable(f"{PREFIX}VERSION_TABLE", environment) or "")
    if named.version_schema is None:
        return None
    x = tuple(words(_variable(f"{PREFIX}X", environment) or ""))
    schema, table = named.version_schema, named.version_table
    return TargetPlace(name, schema, table, x, environment, lock_key)


def _variable(name: str, environment: Mapping[str, str | None]) -> str | None:
    """What a process with these variables beside ours has."""
    return environment[name] if name in environment else os.environ.get(name)


def place_named(settings: Settings, scope: Scope) -> TargetPlace | None:
    """The target that this run is for, where env.py works in `scope`.

    None where no version table with its schema is named, and where env.py works elsewhere.
    """
    named = scope_named(settings.version_table)
    schema, where = named.version_schema, scope.version_schema or scope.schema
    if schema is None or (where, scope.version_table) != (schema, named.version_table):
        return None
    return (
        TargetPlace("", schema, named.version_table, settings.x) if scope.schema == where else None
    )


def settings_digest(place: TargetPlace, header: Header) -> str:
    """The digest of what chose the target, in its own process and in that which has many."""
    own = place.environment
    variables = {name: _variable(name, own) for name in header.target or ()}
    return target_digest((place.schema, place.table), place.x, variables)


def marked(seen: TargetSeen, header: Header, *, runs: bool) -> Marked:
    """What the mark says; `runs`: in place of a run, which has an env.py, and it sees the role."""
    schema = seen.schema
    if schema is None or schema.written_by is None:
        return Marked.NONE
    text = mark_text(header.body, schema.server, schema.written_by, schema.number)
    wanted = target_mark(text, settings_digest(seen.place, header))
    found = mark_in(schema.comment or "", TARGET)
    for without, answer in ((str, Marked.SAME), (of_any_number, Marked.CHANGED)):
        pair = without(found), without(wanted)
        if pair[0] == pair[1] or (not runs and of_any_role(pair[0]) == of_any_role(pair[1])):
            return answer
    return Marked.NONE
