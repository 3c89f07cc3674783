"""New objects that may be found in place of another one. Pure."""

from headstart.fingerprint.newer.ruling import HARMLESS, Ruling, breaking, doubtful, worst
from headstart.fingerprint.newer.schema import NAMED_OBJECTS, Fact, Pair, bare
from headstart.fingerprint.show.difference import fact as shown

_HARMLESS = frozenset(
    {"view", "matview", "sequence", "composite", "language", "collation", "fdw", "server"}
    | {"ts_config", "ts_dict", "ts_parser", "ts_template", "access_method", "opfamily"}
)
"""Objects that nobody meets who does not name them."""
_CALLED = frozenset({"enum", "domain", "range"})
"""Types that a call takes for a cast: `lower('A')` where no function fits exactly."""
_EXTENSIONS = frozenset(
    {"pgcrypto", "uuid-ossp", "citext", "hstore", "pg_trgm", "unaccent", "btree_gin", "btree_gist"}
    | {"vector", "ltree", "postgis", "pg_stat_statements", "fuzzystrmatch", "tablefunc"}
)
"""Those whose functions and operators are for types of their own, or have names of their own.

intarray's `&&` on integer[] comes before the server's own, and refuses arrays with a NULL.
"""
_ONE_ARGUMENT = frozenset(
    {
        "abbrev", "abs", "age", "area", "avg", "bool", "box", "broadcast", "btrim", "casefold",
        "ceil", "ceiling", "center", "char", "char_length", "chr", "cidr", "circle", "concat",
        "count", "currval", "date", "degrees", "diameter", "every", "exp", "family",
        "first_value", "floor", "format", "gamma", "height", "host", "initcap", "interval",
        "isclosed", "isempty", "isfinite", "json_agg", "lag", "last_value", "lead", "length",
        "ln", "log", "lower", "lseg", "ltrim", "masklen", "max", "md5", "min_scale", "mode",
        "money", "multirange", "name", "netmask", "network", "nextval", "normalize", "ntile",
        "numeric", "numnode", "obj_description", "octet_length", "oid", "path", "point",
        "polygon", "quote_ident", "quote_literal", "radians", "radius", "range_agg",
        "range_merge", "rank", "regclass", "reverse", "round", "rtrim", "scale", "sign", "sqrt",
        "stddev", "strip", "sum", "text", "time", "timestamp", "timestamptz", "to_hex", "to_json",
        "to_jsonb", "trunc", "unnest", "upper", "variance", "width", "xml"
    }
)  # fmt: skip
"""Functions of the server's that a type might be called like; live, all of them are looked up."""


def new_object(pair: Pair, fact: Fact) -> Ruling:
    """An object without a rule of its own."""
    if fact.kind in _HARMLESS:
        return HARMLESS
    if fact.kind in _CALLED:
        return _new_type(pair, fact)
    if fact.kind == "extension" and bare(fact.thing) in _EXTENSIONS:
        return _new_extension(pair, fact)
    text = shown(f"{fact.kind}\t{fact.thing}\t{fact.name}\t{fact.detail}")
    return doubtful(f"{text}: new, and may be chosen in place of another one")


def new_function(pair: Pair, fact: Fact) -> Ruling:
    """A function, which may be an overload."""
    name = bare(fact.thing)
    if name in map(bare, pair.before.functions):
        return breaking(f"there is another function {name}: calls of it may be ambiguous")
    if name in map(bare, pair.before.types):
        return doubtful(f"{name}(...) may be a call of the function, no more a cast to the type")
    if name in pair.around.builtins or not pair.around.known:
        return doubtful(f"the function {name} may be called in place of the server's own")
    return HARMLESS


def shadows(pair: Pair, fact: Fact) -> Ruling:
    """An object with the name of one of ours, in another schema of the search_path."""
    if fact.kind not in NAMED_OBJECTS:
        return HARMLESS
    others = pair.before.by_bare_name.get(bare(fact.thing), frozenset()) - {fact.thing}
    return worst(
        doubtful(f"{fact.kind} {fact.thing} may be found in place of {other}")
        for other in sorted(others)
    )


def _new_type(pair: Pair, fact: Fact) -> Ruling:
    name = bare(fact.thing)
    if name in map(bare, pair.before.functions):
        return breaking(f"the {fact.kind} {name} is called as a function of ours, and so are casts")
    if name in pair.around.builtins or (not pair.around.known and name in _ONE_ARGUMENT):
        return doubtful(f"{name}(...) may be a cast to the {fact.kind}, no more the server's own")
    return HARMLESS


def _new_extension(pair: Pair, fact: Fact) -> Ruling:
    if pair.around.overloads:
        name = min(pair.around.overloads)
        return doubtful(f"the extension {fact.thing} may bring another function {name}")
    return HARMLESS
