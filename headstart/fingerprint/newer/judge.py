"""Judge a newer schema: what does each difference do to code that does not know it? Pure.

An example. The image knows `users`; the database has got a column more, and a table that refers to
it:

    users.note text                          nobody has to know it: harmless
    inv, a table                             nor that
    inv.user_id -> users, ON DELETE CASCADE  a user goes, and so do these: harmless
    inv.user_id -> users                     doubtful: DELETE on users may be refused by inv
    users.age integer not null               breaking: an INSERT that leaves it out fails
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from headstart.fingerprint.newer.columns import changed_column, new_column
from headstart.fingerprint.newer.definitions import items
from headstart.fingerprint.newer.keys import (
    new_check,
    new_exclusion,
    new_foreign_key,
    new_index,
)
from headstart.fingerprint.newer.names import new_function, new_object, shadows
from headstart.fingerprint.newer.published import KINDS as PUBLISHED
from headstart.fingerprint.newer.published import of_publication
from headstart.fingerprint.newer.ruling import (
    HARMLESS,
    Effect,
    Judgement,
    Ruling,
    breaking,
    doubtful,
    worst,
)
from headstart.fingerprint.newer.schema import (
    OF_A_TABLE,
    RELATIONS,
    Fact,
    Pair,
    Schema,
    Surroundings,
    bare,
    written,
)
from headstart.fingerprint.newer.unique import is_kept, new_unique
from headstart.fingerprint.show.difference import fact as shown
from headstart.patterns import pattern

_PART_OF = pattern(r"(?:, partition of (.+?) (?:FOR VALUES|DEFAULT)\b|, inherits (.+))", 16)


def judge(
    before: Iterable[str],
    after: Iterable[str],
    around: Surroundings,
    more: Iterable[tuple[str, Ruling]] = (),
) -> Judgement:
    """What code for the one schema meets in the other; `more` are differences beside the lines."""
    pair = Pair(Schema.of(before), Schema.of(after), around)
    found: dict[Effect, list[str]] = {effect: [] for effect in Effect}
    for text, ruling in (*_rulings(pair), *more):
        found[ruling.effect].append(ruling.reason or text)
    newer, doubts, breaks = (tuple(dict.fromkeys(found[effect])) for effect in Effect)
    agreeing = sum(pair.after.facts.get(key) == each for key, each in pair.before.facts.items())
    return Judgement(newer, doubts, breaks, agreeing, len(pair.before.facts))


def _rulings(pair: Pair) -> Iterator[tuple[str, Ruling]]:
    """Each difference, as a person reads it, and what it does."""
    before, after = pair.before.facts, pair.after.facts
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old is None and new is not None:
            yield f"+ {_shown(new)}", _new(pair, new)
        elif new is None and old is not None:
            yield f"- {_shown(old)}", _gone(pair, old)
        elif old is not None and new is not None and old != new:
            yield f"~ {_shown(new)}", _changed(pair, old, new)
    for place in sorted(pair.around.ending):
        yield place, doubtful(f"the sequence of {place} ends at 32,767, before the column does")
    for view in sorted(pair.around.unpopulated & pair.before.relations):
        yield view, breaking(f"the materialized view {view} holds nothing yet: to read it fails")


def _new(pair: Pair, fact: Fact) -> Ruling:
    if fact.kind in OF_A_TABLE:
        if fact.kind in {"check", "fk"} and _is_there(pair.before, fact):
            return HARMLESS  # by another name
        if fact.kind == "fk":
            return new_foreign_key(pair, fact)
        if fact.thing in pair.before.relations or fact.thing in pair.before.types:
            return _NEW_ON_KNOWN.get(fact.kind, _unknown)(pair, fact)
        return HARMLESS  # a part of what is new itself
    if fact.kind in PUBLISHED:
        return of_publication(pair, fact)
    return worst([shadows(pair, fact), _NEW_OBJECTS.get(fact.kind, new_object)(pair, fact)])


def _unknown(_: Pair, fact: Fact) -> Ruling:
    return breaking(f"{_shown(fact)}: new")


def _new_table(pair: Pair, fact: Fact) -> Ruling:
    part = _PART_OF.search(fact.detail)
    if part is None:
        return HARMLESS
    parents = [part[1]] if part[1] else list(items(part[2].split(", replica identity")[0]))
    for parent in map(written, parents):
        if parent.removesuffix(" (detach pending)") in pair.before.relations:
            return breaking(f"{fact.thing} is a part of {parent}: its rows are there, too")
    return HARMLESS


def _new_schema(pair: Pair, fact: Fact) -> Ruling:
    if bare(fact.thing) in pair.around.role_schemas:
        return doubtful(
            f"the schema {fact.thing} is called as a role is, for which it comes first in the"
            " search_path"
        )
    return HARMLESS


def _harmless(*_: object) -> Ruling:
    return HARMLESS


def _check(pair: Pair, fact: Fact) -> Ruling:
    if fact.thing in pair.before.types:
        return breaking(f"the domain {fact.thing} has a check more: {fact.detail}")
    return new_check(pair, fact)


_New = Callable[[Pair, Fact], Ruling]
_NEW_ON_KNOWN: Mapping[str, _New] = {
    "column": new_column,
    "index": new_index,
    "unique": new_unique,
    "pk": new_unique,
    "exclude": new_exclusion,
    "check": _check,
    "statistics": _harmless,
}
_NEW_OBJECTS: Mapping[str, _New] = {
    "table": _new_table,
    "function": new_function,
    "schema": _new_schema,
}


def _gone(pair: Pair, fact: Fact) -> Ruling:
    whole = {"table", "view", "matview"}
    if fact.thing in pair.before.relations - pair.after.relations and fact.kind in OF_A_TABLE:
        return breaking(_missing_object(pair, fact))  # said once for all that was in it
    if fact.kind in whole:
        return breaking(f"{fact.kind} {fact.thing} is gone")
    if fact.kind in {"statistics", "published", "published_schema"}:
        return HARMLESS
    if fact.kind == "index" and (
        not fact.detail.startswith("unique ") or is_kept(pair.after, fact)
    ):
        return HARMLESS
    if fact.kind in {"check", "fk"} and _is_there(pair.after, fact):
        if "DEFERRABLE" in fact.detail:
            return breaking(f"{_shown(fact)} has another name: SET CONSTRAINTS may use the old one")
        return HARMLESS  # by another name, which no statement of an app's uses
    if fact.kind == "check":
        return doubtful(f"{_shown(fact)} is gone: rows may be there that code does not expect")
    if fact.kind == "fk" and " ON DELETE " not in fact.detail and " ON UPDATE " not in fact.detail:
        return doubtful(f"{_shown(fact)} is gone: rows may refer to nothing")
    return breaking(f"{_shown(fact)} is gone")


def _missing_object(pair: Pair, fact: Fact) -> str:
    kinds = [each.kind for each in pair.before.about(fact.thing, *RELATIONS)]
    return f"{kinds[0]} {fact.thing} is gone"


def _is_there(schema: Schema, fact: Fact) -> bool:
    """Whether a schema has the same constraint, whatever its name."""
    return any(each.detail == fact.detail for each in schema.about(fact.thing, fact.kind))


def _changed(pair: Pair, old: Fact, new: Fact) -> Ruling:
    if old.kind == "column" and old.thing not in _views(pair):
        return changed_column(pair, old, new)
    if old.kind == "index" and not old.detail.startswith("unique "):
        return new_index(pair, new)
    if old.kind == "statistics":
        return HARMLESS
    if old.kind in {"published", "published_schema"}:
        return of_publication(pair, new)
    if old.kind == "enum" and _has_all_labels(old.detail, new.detail):
        return doubtful(
            f"the type {new.thing} has labels that this image does not know: {new.detail}"
        )
    if old.kind in {"fk", "check"} and _without_validity(old.detail) == new.detail:
        return HARMLESS  # it was NOT VALID, and holds for the old rows, too
    if old.kind in {"fk", "check"} and new.detail.lower() == f"{old.detail} not enforced".lower():
        return _gone(pair, old)
    return breaking(f"{_shown(old)} is {new.detail} now")


def _views(pair: Pair) -> frozenset[str]:
    return frozenset(
        each.thing for kind in ("view", "matview") for each in pair.before.of_kind(kind)
    )


def _without_validity(detail: str) -> str:
    return detail.removesuffix(" NOT VALID").removesuffix(" not valid")


def _has_all_labels(old: str, new: str) -> bool:
    """Whether the labels are there as they were, in their order, others among them."""
    labels = iter(new.split(", "))
    return all(label in labels for label in old.split(", "))


def _shown(fact: Fact) -> str:
    return shown(f"{fact.kind}\t{fact.thing}\t{fact.name}\t{fact.detail}")
