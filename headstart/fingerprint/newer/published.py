"""Whether a publication makes the server refuse UPDATE and DELETE. Pure.

It does where it publishes them, and the table has nothing by which a replica finds the row.
"""

from headstart.fingerprint.catalog.names import split_name, unescaped
from headstart.fingerprint.newer.ruling import HARMLESS, Ruling, doubtful
from headstart.fingerprint.newer.schema import Fact, Pair, bare

KINDS = frozenset({"publication", "published", "published_schema"})


def of_publication(pair: Pair, fact: Fact) -> Ruling:
    """A new or changed fact about a publication."""
    for table in sorted(each.thing for each in pair.before.of_kind("table")):
        if _covers(pair, fact, table) and _refuses(pair, fact, table):
            return doubtful(
                f"{table} is published ({fact.thing}): UPDATE and DELETE may be refused"
            )
    return HARMLESS


def is_refused(pair: Pair, table: str) -> bool:
    """Whether a row of a table cannot be changed for being published."""
    facts = (each for kind in sorted(KINDS) for each in pair.after.of_kind(kind))
    return any(_covers(pair, each, table) and _refuses(pair, each, table) for each in facts)


def _covers(pair: Pair, fact: Fact, table: str) -> bool:
    publication = pair.after.facts.get(("publication", fact.thing, ""))
    if publication is not None and not {"update", "delete"} & set(publication.detail.split(", ")):
        return False
    schema, name = split_name(table)
    if fact.kind == "publication":
        return ", all tables" in fact.detail
    named = unescaped(fact.name)
    named = bare(named) if named.startswith('"') else named
    if fact.kind == "published_schema":
        return named == schema
    wanted = [table, *(t for t, parts in pair.after.parts.items() if table in parts)]
    return any(named == ".".join(filter(None, split_name(each))) for each in wanted) or (
        named == ".".join(filter(None, (schema, name)))
    )


def _refuses(pair: Pair, fact: Fact, table: str) -> bool:
    if fact.kind == "published" and fact.detail != "all columns":
        return True
    details = [each.detail for each in pair.after.about(table, "table")]
    if any(", replica identity" in each for each in details):
        return any("replica identity nothing" in each for each in details)
    keys = pair.after.about(table, "pk")
    return not keys or any("DEFERRABLE" in each.detail for each in keys)
