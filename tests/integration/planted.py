"""What a role that may create in `public` plants there, and who calls it, by the server's log.

Every operator and function does what pg_catalog's of the same name does, and says so in the log:
whoever is caught sees nothing of it, and what it says survives a rollback.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.harness.embedded import PostgresServer
from tests.harness.environment import ROOT
from tests.harness.server import Database, Rows

ROLE = "mallory"
HEADSTART = ROOT / "headstart"
COMPARING = ["=", "<>", "<", ">", "<=", ">=", "~~", "!~~", "~", "!~", "@>", "<@", "&&"]
OPERATORS = {**dict.fromkeys(COMPARING, "boolean"), "||": "text", "+": "bigint", "-": "bigint"}
"""With what they give where pg_catalog has none for just these operands."""
TYPES = (
    "oid", "int2", "int4", "int8", "name", "text", "varchar", "char", "bool", "regclass", "xid",
    "timestamptz", "interval", "numeric", "json", "jsonb", "inet", "_oid", "_text", "_name",
    "_char", "int2vector", "oidvector", "anyelement", "anyarray",
)  # fmt: skip
"""Of the operands, in every pair."""
NAMESAKES = ("text", "name", "oid", "regclass", "json", "jsonb", "numeric", "bool", "int4")
"""Types of pg_catalog's that get a namesake, whose check is called by every cast to it."""
LOUD = (
    "RAISE LOG 'PLANTED % IN <%>', {what}, pg_catalog.translate("
    "pg_catalog.substr(pg_catalog.current_query(), 1, 300), E'\\n', ' ')"
)
FUNCTION = (
    "CREATE FUNCTION public.{name}({arguments}) RETURNS {result} LANGUAGE plpgsql AS $trap$"
    " DECLARE found {result}; BEGIN " + LOUD + "; {work} RETURN found; END $trap$"
)


def plant(database: Database) -> None:
    """Plant all of it, as a role that may create in schema public and nothing more."""
    plant_callables(database, TYPES)
    as_mallory(database, *_relations(database))


def plant_callables(database: Database, types: Sequence[str]) -> None:
    """Plant operators for these types, and functions."""
    as_mallory(database, *_operators(database, types), *_functions(database))


def plant_types(database: Database) -> None:
    """Plant domains with the names of types; where they are found first, they are used."""
    never = FUNCTION.format(
        name="never",
        arguments="anyelement",
        result="boolean",
        what="'type'",
        work="found = true;",
    )
    domains = (
        f"CREATE DOMAIN public.{name} AS pg_catalog.{name} CHECK (public.never(VALUE))"
        for name in NAMESAKES
    )
    as_mallory(database, never, *domains)


def loud(name: str, arguments: str, result: str, *, work: str = "") -> str:
    """The statement that makes a function of schema public that tells of each call."""
    return FUNCTION.format(
        name=name, arguments=arguments, result=result, what=f"'{name}'", work=work
    ).replace("LANGUAGE plpgsql", "IMMUTABLE LANGUAGE plpgsql")


def as_mallory(database: Database, *statements: str) -> None:
    """Execute statements as the role that plants."""
    database.execute(f"GRANT CREATE ON SCHEMA public TO {ROLE}")
    told = ";\n".join(statements)
    database.execute(f"SET search_path = public; SET SESSION AUTHORIZATION {ROLE}; {told}")


def _operators(database: Database, types: Sequence[str]) -> Iterator[str]:
    own: Rows = database.query(
        "SELECT o.oprname, l.typname, r.typname, format_type(o.oprresult, NULL) FROM pg_operator o"
        " JOIN pg_type l ON l.oid = o.oprleft JOIN pg_type r ON r.oid = o.oprright"
        " WHERE o.oprnamespace = 'pg_catalog'::regnamespace"
    )
    known = {(name, left, right): result for name, left, right, result in own}
    for left in types:
        for right in types:
            for name, otherwise in OPERATORS.items():
                result = known.get((name, left, right), otherwise)
                operands = f'pg_catalog."{left}", pg_catalog."{right}"'
                function = f'"{left} {name} {right}"'
                yield FUNCTION.format(
                    name=function,
                    arguments=operands,
                    result=result,
                    what=f"'{left} {name} {right}'",
                    work=f"found = $1 OPERATOR(pg_catalog.{name}) $2;",
                )
                a, b = operands.split(", ")
                yield (
                    f"CREATE OPERATOR public.{name}"
                    f" (LEFTARG = {a}, RIGHTARG = {b}, FUNCTION = public.{function})"
                )


def _functions(database: Database) -> Iterator[str]:
    text = "\n".join(file.read_text() for file in HEADSTART.rglob("*.py"))
    names = sorted(set(re.findall(r"pg_catalog\.(\w+)\(", text)))
    rows = database.query(
        "SELECT p.proname, p.pronargs, pg_get_function_identity_arguments(p.oid),"
        " pg_get_function_result(p.oid) FROM pg_proc p WHERE p.prokind = 'f' AND NOT p.proretset"
        f" AND p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (ARRAY{names})"
        " AND p.provariadic = 0 AND NOT p.prorettype = ANY ('{internal,cstring}'::regtype[])"
        " AND NOT 'internal'::regtype = ANY (p.proargtypes)"
        " AND NOT 'cstring'::regtype = ANY (p.proargtypes)"
        " AND NOT '\"any\"'::regtype = ANY (p.proargtypes)"
        " AND p.proallargtypes IS NULL AND p.prorettype <> 'void'::regtype"
    )
    for name, count, arguments, result in rows:
        given = ", ".join(f"${number}" for number in range(1, count + 1))
        yield FUNCTION.format(
            name=name,
            arguments=arguments,
            result=result,
            what=f"'{name}({arguments})'",
            work=f"found = pg_catalog.{name}({given});",
        )


def _relations(database: Database) -> Iterator[str]:
    text = "\n".join(file.read_text() for file in HEADSTART.rglob("*.py"))
    names = set(re.findall(r"(?:FROM|JOIN|,) pg_catalog\.(pg_\w+)", text))
    for name, columns in database.query(
        "SELECT c.relname, string_agg(quote_ident(a.attname), ', ') FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        f" WHERE c.relname = ANY (ARRAY{sorted(names)}) AND a.atttypid <> 'anyarray'::regtype"
        " AND relnamespace = 'pg_catalog'::regnamespace GROUP BY 1"
    ):
        yield FUNCTION.format(
            name=f"in_{name}",
            arguments="",
            result="boolean",
            what=f"'{name}'",
            work="found = true;",
        )
        yield (
            f"CREATE VIEW public.{name} AS SELECT {columns} FROM pg_catalog.{name}"
            f" WHERE public.in_{name}()"
        )


@dataclass(frozen=True)
class Call:
    """One call of something planted, and the statement that made it."""

    what: str
    statement: str


class CallLog:
    """What the server's log says of calls since this was made."""

    def __init__(self, server: PostgresServer) -> None:
        self._log = server.log
        self._seen = server.log.stat().st_size

    def calls(self) -> list[Call]:
        """Every call so far."""
        with self._log.open(errors="replace") as log:
            log.seek(self._seen)
            found = re.findall(r"PLANTED (.*?) IN <(.*)>", log.read())
        return [Call(*each) for each in found]

    def messages(self) -> list[tuple[str, str]]:
        """Every message to a database whose statements are logged, with the backend's process."""
        with self._log.open(errors="replace") as log:
            log.seek(self._seen)
            found = re.findall(
                r"\[(\d+)\] LOG:  (?:statement|execute [^:]*): (.*(?:\n\t.*)*)", log.read()
            )
        return [(process, text.replace("\n\t", "\n")) for process, text in found]
