"""Whether a default gives each row a value. Pure."""

from headstart.fingerprint.catalog.expression_tokens import tokens
from headstart.fingerprint.newer.constants import is_valid
from headstart.fingerprint.newer.expressions import LITERAL
from headstart.fingerprint.newer.schema import Column, Pair, bare
from headstart.patterns import pattern

_MOMENTS = frozenset({"now", "clock_timestamp", "statement_timestamp", "transaction_timestamp"})
_MOMENT = pattern(r"(?:(\w+)\(\)|CURRENT_TIMESTAMP|LOCALTIMESTAMP|CURRENT_DATE)", 2)
_UTC = pattern(r"timezone\('(?:utc|Etc/UTC|gmt)', (.+)\)", 2)
_TAKES_MOMENTS = pattern(
    r"date|text|character varying|time(?:stamp)?(?:\(\d\))? with(?:out)? time zone"
)
UUIDS = frozenset({"gen_random_uuid()", "uuidv4()", "uuidv7()", "uuid_generate_v4()"})
_TAKES_UUIDS = pattern(r"uuid|text|character varying(?:\((?:3[6-9]|[4-9]\d|\d{3,})\))?")
_ROLES = frozenset({"current_user", "session_user"})
_EMPTY_ARRAY = ["ARRAY", "[", "]"]


def is_null(default: str | None) -> bool:
    """Whether it is a NULL, cast to whatever."""
    return default is not None and tokens(default)[:1] == ["NULL"] and len(tokens(default)) <= 2


def base_type(pair: Pair, column: Column) -> str | None:
    """The type of its values: of a domain the one behind it, None where the domain has limits."""
    kind = column.type
    while (domain := pair.domain_of(kind)) is not None:
        if is_limited(pair, kind):
            return None
        kind = type_behind(domain.detail)
    return kind


def is_limited(pair: Pair, kind: str) -> bool:
    """Whether a domain, or one behind it, has a limit or a default of its own."""
    domain = pair.domain_of(kind)
    if domain is None:
        return False
    own = " not null" in domain.detail or " default " in domain.detail
    return (
        own
        or bool(pair.after.about(domain.thing, "check"))
        or is_limited(pair, type_behind(domain.detail))
    )


_BEHIND = pattern(r" (?:collate|not null|default)\b")


def type_behind(detail: str) -> str:
    """The type behind a domain, from its line."""
    return _BEHIND.split(detail, maxsplit=1)[0]


def gives_a_value(pair: Pair, column: Column) -> bool:
    """Whether its default is a constant of its type, or a function of the server's that is one."""
    default, kind = column.default, base_type(pair, column)
    if default is None or is_null(default):
        return True
    if kind is None or pair.after.of_kind("cast"):
        return False
    parts = tokens(default.removeprefix("(").removesuffix(")") if _is_grouped(default) else default)
    if len(parts) == 1 and parts[0] in {"true", "false"}:
        return kind == "boolean"
    if LITERAL.fullmatch(parts[0]) and len(parts) == 1:
        return is_valid(parts[0], kind, pair.after)
    if LITERAL.fullmatch(parts[0]) and len(parts) == 2 and parts[1].startswith("::"):
        cast = parts[1][2:].strip()
        return cast in {kind, "text"} and is_valid(parts[0], kind, pair.after)
    if parts[:3] == _EMPTY_ARRAY:
        return kind.endswith("[]") and len(parts) <= 4
    return _is_of_the_server(pair, default, kind)


def _is_of_the_server(pair: Pair, default: str, kind: str) -> bool:
    own = frozenset(map(bare, pair.after.functions))
    if "timezone" not in own and (in_utc := _UTC.fullmatch(default)):
        default = in_utc[1]
    if default.split("(")[0] in own:
        return False  # which one is called depends on the search_path
    moment = _MOMENT.fullmatch(default)
    if moment is not None and (moment[1] is None or moment[1] in _MOMENTS):
        return _TAKES_MOMENTS.fullmatch(kind) is not None
    if default in UUIDS:
        return _TAKES_UUIDS.fullmatch(kind) is not None
    if default.lower() in _ROLES:
        return kind in {"text", "name", "character varying"}
    return default == "random()" and kind in {"double precision", "real", "numeric"}


def _is_grouped(text: str) -> bool:
    return text.startswith("(") and text.endswith(")") and text.count("(") == 1
