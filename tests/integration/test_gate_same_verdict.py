"""What the gate says is what the flow would have said, but for `gate` and how long it took."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.program import run_headstart
from tests.harness.project import copied
from tests.harness.server import a_role
from tests.integration.fingerprinting import ASYNC
from tests.integration.gate_stage import VERBS, build, compared, is_answered, opened, told
from tests.integration.known_stage import KnownStage

OFF = {"HEADSTART_GATE": "off"}


def same(stage: KnownStage, verb: str, **environ: str) -> None:
    """Both ways end alike: verdict, answer, termination message."""
    log = stage.project.path / "termination"
    environ = {"HEADSTART_TERMINATION_LOG": str(log)} | environ
    ends: list[tuple[object, ...]] = []
    for off in ({}, OFF):
        log.write_text("")
        done = stage.run(verb, **(environ | off))
        assert is_answered(done) is (off == {}), done.stderr
        orders = [[name for name in each if name != "gate"] for each in (done.verdict, done.told)]
        ends.append((*told(done), compared(done.told), orders))
    assert ends[0] == ends[1]


def same_for_each(stage: KnownStage, **environ: str) -> None:
    """For every verb."""
    for verb in VERBS:
        same(stage, verb, **environ)


def test_at_head(known: KnownStage) -> None:
    same_for_each(opened(known))


SETTINGS: list[dict[str, str]] = [
    {"HEADSTART_IMAGE_REVISION": "v1.4-abc", "HEADSTART_POD_NAME": "app-7f9"},
    {"HEADSTART_LOG_FORMAT": "json", "HEADSTART_LOG_LEVEL": "error"},
    {"HEADSTART_LOG_LEVEL": "warning", "HEADSTART_IMAGE_REVISION": ""},
    {"HEADSTART_WAIT_SECONDS": "5", "HEADSTART_LOCK_SECONDS": "5", "HEADSTART_AHEAD": "refuse"},
    {"HEADSTART_HOLD": "contract", "HEADSTART_TARGET": "heads", "HEADSTART_AHEAD": "auto"},
    {"HEADSTART_VERSION_TABLE": "alembic_version", "HEADSTART_BASELINE": "proof"},
    {"HEADSTART_DEADLINE_SECONDS": "60", "HEADSTART_STATEMENT_TIMEOUT_SECONDS": "0"},
]


@ON_ONE_SERVER
@pytest.mark.parametrize("environ", SETTINGS, ids=min)
def test_with_settings(known: KnownStage, environ: dict[str, str]) -> None:
    opened(known)
    for verb in ("run", "check"):
        same(known, verb, **environ)


OTHERS = {
    "one": "CREATE TABLE theirs (id int)",
    "twelve": ";".join(f"CREATE TABLE theirs_{number} (id int)" for number in range(12)),
    "in another schema": "CREATE SCHEMA s; CREATE TABLE s.a (); CREATE VIEW b AS SELECT 1",
    "a partitioned one": "CREATE TABLE log (at date) PARTITION BY RANGE (at);"
    "CREATE TABLE log_2025 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
    "a sequence and types": "CREATE SEQUENCE s; CREATE TYPE t AS ENUM (); CREATE TYPE p AS (x int)",
    "a child of ours": "CREATE TABLE kid () INHERITS (accounts)",
    "an extension's": "CREATE EXTENSION vector",
    "a version table of its own": "CREATE SCHEMA other; CREATE TABLE other.alembic_version"
    " (version_num varchar(32) PRIMARY KEY); INSERT INTO other.alembic_version VALUES ('77')",
    "a materialized view": "CREATE MATERIALIZED VIEW m AS SELECT 1 AS one",
}


@ON_ONE_SERVER
@pytest.mark.parametrize("others", list(OTHERS))
def test_with_tables_of_others(known: KnownStage, others: str) -> None:
    assert known.run().exit_code == 0
    known.database.execute(OTHERS[others])
    assert known.run().exit_code == 0
    for verb in ("run", "check"):
        same(known, verb)


@ON_ONE_SERVER
@pytest.mark.parametrize(
    "name", ["Order", "user", "order", "1st", "a b", "ünder", "a$b", "_a", "table"]
)
def test_names_that_sql_quotes(known: KnownStage, name: str) -> None:
    """By the gate in the same words, or by the flow."""
    known.database.execute(f'CREATE TABLE "{name}" (id int)')
    known.run()
    own, flow = known.run("check"), known.run("check", **OFF)
    assert told(own) == told(flow)


def _ways(stage: KnownStage, folder: Path) -> dict[str, Mapping[str, str]]:
    given = stage.database.parameters
    login, place = f"{given['user']}:{quote(given['password'], safe='')}", given["host"]
    at = f"{place}:{given['port']}/{stage.database.name}"
    url_file, password_file = folder / "url", folder / "password"
    url_file.write_text(f"{stage.database.url}\n")
    password_file.write_text(f"{given['password']}\n")
    parts = {"PGHOST": place, "PGPORT": given["port"], "PGUSER": given["user"]}
    parts["PGDATABASE"] = stage.database.name
    return {
        "asyncpg": {"DATABASE_URL": f"postgresql+asyncpg://{login}@{at}"},
        "postgres": {"DATABASE_URL": f"postgres://{login}@{at}"},
        "sslmode": {"DATABASE_URL": f"postgresql://{login}@{at}?sslmode=disable"},
        "a file": {"DATABASE_URL_FILE": str(url_file)},
        "a password's file": {
            "DATABASE_URL": f"postgresql://{given['user']}@{at}",
            "PGPASSWORD_FILE": str(password_file),
        },
        "PGPASSWORD": {
            "DATABASE_URL": f"postgresql://{given['user']}@{at}",
            "PGPASSWORD": given["password"],
        },
        "PG*": parts | {"PGPASSWORD": given["password"], "PGSSLMODE": "prefer"},
        "PG* and a file": parts | {"PGPASSWORD_FILE": str(password_file), "PGAPPNAME": "mine"},
    }


WAYS = ["asyncpg", "postgres", "sslmode", "a file", "a password's file", "PGPASSWORD", "PG*",
        "PG* and a file"]  # fmt: skip


@ON_ONE_SERVER
@pytest.mark.parametrize("way", WAYS)
def test_however_the_database_is_named(known: KnownStage, tmp_path: Path, way: str) -> None:
    opened(known)
    environ = {"HEADSTART_ALEMBIC_INI": known.project.ini, **_ways(known, tmp_path)[way]}
    for verb in ("run", "check"):
        own = run_headstart(verb, env=environ)
        flow = run_headstart(verb, env=environ | OFF)
        assert is_answered(own)
        assert told(own) == told(flow)


@ON_ONE_SERVER
def test_two_heads(known: KnownStage) -> None:
    known.project.add("0003b", "0002", 'op.execute("CREATE TABLE b (id int)")')
    build(known)
    opened(known, HEADSTART_TARGET="heads")
    same_for_each(known, HEADSTART_TARGET="heads")
    assert not is_answered(known.run("check"))


@ON_ONE_SERVER
def test_an_async_env(known: KnownStage) -> None:
    stage = build(replace(known, project=copied(ASYNC, known.project.path)))
    same_for_each(opened(stage))


@ON_ONE_SERVER
def test_a_role_that_only_reads(known: KnownStage) -> None:
    opened(known)
    with a_role(known.database, "app") as role:
        known.database.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
        for verb in ("check", "wait"):
            same(known, verb, DATABASE_URL=known.url_of(role))


@ON_ONE_SERVER
@pytest.mark.parametrize(
    "path",
    [
        "public",
        "pg_catalog, public",
        '"$user"',
        "pg_temp, public",
        "missing, public",
        "public, pg_catalog",
    ],
)
def test_each_search_path_ends_alike(known: KnownStage, path: str) -> None:
    """Answered by the gate or not: never otherwise than by the flow."""
    opened(known)
    known.database.execute(f"ALTER DATABASE {known.database.name} SET search_path = {path}")
    for verb in ("check", "run"):
        own, flow = known.run(verb), known.run(verb, **OFF)
        if is_answered(own):
            assert told(own) == told(flow)
