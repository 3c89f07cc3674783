"""Put a database in place, judge it as `headstart check` does, and run the app on it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session

from headstart.facts.state import History, Scope
from headstart.fingerprint.catalog.query import Reading
from headstart.fingerprint.file.states import Delta, Fingerprints, RecordedState, root_of
from headstart.fingerprint.newer.ruling import Judgement
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import connect
from headstart.verbs.compare import judge_newer
from tests.harness.server import ROLE_PASSWORD, Database
from tests.newer.change import Answer, Change
from tests.newer.statements import STATEMENTS, Statement

BASE = Path(__file__).parent / "base.sql"
ROLE = "newer_app"
GRANTS = f"""
    GRANT USAGE ON SCHEMA public TO {ROLE};
    GRANT ALL ON ALL TABLES IN SCHEMA public TO {ROLE};
    GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {ROLE};
    ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {ROLE};
    ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO {ROLE};
"""
HEAD = "n"
SCOPE = Scope("alembic_version", version_schema="public", schema="public")
Answers = Mapping[str, str]
"""What each statement gave, by its name; of one that failed, why."""
FAILED = "failed: "


@dataclass(frozen=True)
class Proof:
    """What was said of a change, and which statements fail or answer otherwise, by the driver."""

    answer: Answer
    sentences: tuple[str, ...]
    failures: Mapping[str, Mapping[str, str]]

    @property
    def failed(self) -> tuple[str, ...]:
        """The statements that fail with either driver, in the app's order."""
        return tuple(dict.fromkeys(name for each in self.failures.values() for name in each))


def put_in_place(database: Database) -> None:
    """Make the schema of version N, and the role that the app logs in with."""
    made = f"CREATE ROLE {ROLE} LOGIN PASSWORD '{ROLE_PASSWORD}'"
    database.execute(
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}') THEN"
        f" {made}; END IF; END $$"
    )
    database.execute(BASE.read_text())
    database.execute(GRANTS)


def prove(database: Database, change: Change) -> Proof:
    """Play a change on a database of version N."""
    if change.given:
        database.execute(change.given)
    fingerprints = fingerprints_of(database)
    before = run_app(database, change)
    broken = {n: a for each in before.values() for n, a in each.items() if a.startswith(FAILED)}
    assert not broken, broken
    for sql in filter(None, (change.sql, change.rows)):
        database.execute(sql)
    judgement = judged(database, fingerprints)
    after = run_app(database, change)
    failures = {driver: _failures(before[driver], after[driver]) for driver in after}
    return Proof(answer_of(judgement), (*judgement.breaks, *judgement.doubts), failures)


def fingerprints_of(database: Database) -> Fingerprints:
    """Of a history with one revision, whose schema is this one."""
    with connect(database.parameters, "proof") as connection, Catalog(connection) as catalog:
        lines = catalog.read(Reading("public", "alembic_version")).lines
    state = RecordedState(HEAD, None, frozenset({HEAD}), Delta(lines), root_of(lines))
    return Fingerprints((state,))


def judged(database: Database, fingerprints: Fingerprints) -> Judgement:
    """As `headstart check` judges it, with the app's own role."""
    history = History({HEAD: frozenset()}, frozenset({HEAD}))
    login = {**database.parameters, "user": ROLE, "password": ROLE_PASSWORD}
    with connect(login, "proof") as connection, Catalog(connection) as catalog:
        judgement = judge_newer(catalog, fingerprints, history, SCOPE)
    assert judgement is not None
    return judgement


def answer_of(judgement: Judgement) -> Answer:
    """In a word."""
    if judgement.breaks:
        return Answer.NO
    return Answer.DOUBT if judgement.doubts else Answer.YES


def run_app(database: Database, change: Change) -> Mapping[str, Answers]:
    """Execute everything that the app does, by each driver."""
    statements = {**STATEMENTS, **{sql: _raw(sql) for sql in change.also}}
    url = database.url_of(ROLE)
    return {
        "psycopg2": _by_psycopg2(url.replace(":", "+psycopg2:", 1), statements),
        "asyncpg": asyncio.run(_by_asyncpg(url.replace(":", "+asyncpg:", 1), statements)),
    }


def _raw(sql: str) -> Statement:
    def execute(session: Session) -> object:
        result = session.execute(text(sql))
        return [tuple(row) for row in result] if result.returns_rows else None  # type: ignore[attr-defined]

    return execute


def _by_psycopg2(url: str, statements: Mapping[str, Statement]) -> Answers:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return {name: _answer(connection, each) for name, each in statements.items()}


async def _by_asyncpg(url: str, statements: Mapping[str, Statement]) -> Answers:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        return {name: await connection.run_sync(_answer, e) for name, e in statements.items()}


def _answer(connection: Connection, statement: Statement) -> str:
    """What it gives, also to what waits for the end of the transaction; nothing of it stays."""
    try:
        with Session(connection) as session:
            answer = repr(statement(session))
            session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            return answer
    except Exception as error:  # noqa: BLE001  whatever it is, it is no answer
        cause = (
            error.orig if isinstance(error, SQLAlchemyError) and hasattr(error, "orig") else error
        )
        return FAILED + str(cause).split("\n", 1)[0]
    finally:
        connection.rollback()


def _failures(before: Answers, after: Answers) -> Mapping[str, str]:
    return {
        name: answer if answer.startswith(FAILED) else f"{before[name]} became {answer}"
        for name, answer in after.items()
        if answer != before[name]
    }
