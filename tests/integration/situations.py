"""One real situation for each outcome: what leads to it, the command, and what that printed.

docs/runbook.md shows these.
"""

import signal
from collections.abc import Callable
from typing import Any

import psycopg2

from headstart.verdict.outcome import Outcome
from tests.harness.proxy import OneServerPool
from tests.harness.server import Database, refusing_port
from tests.integration.desk import Desk, command_line

BUG = (
    "import headstart.verbs.inspection as at, headstart.command.main; at.decide = None;"
    " headstart.command.main.main()"
)
"""A function taken away: the only way to meet a bug that is not known."""
CONTRACT = 'headstart_phase = "contract"'
NO_MIGRATIONS = ("            context.run_migrations()\n\n\nif", "            pass\n\n\nif")
ROLLS_BACK = (
    "            context.run_migrations()\n\n\nif",
    "            context.run_migrations()\n            connection.rollback()\n\n\nif",
)


Verdict = dict[str, Any]
Situation = Callable[[Desk], Verdict]


def nothing_to_do(desk: Desk) -> Verdict:
    desk.before()
    return desk.run().verdict


def upgraded(desk: Desk) -> Verdict:
    desk.note("the database is empty")
    return desk.run().verdict


def baselined(desk: Desk) -> Verdict:
    desk.fingerprints()
    desk.sql("CREATE TABLE accounts (id serial PRIMARY KEY, name text NOT NULL)")
    return desk.run().verdict


def ahead_compatible(desk: Desk) -> Verdict:
    return _newer(desk, "ALTER TABLE accounts ADD note text")


def ahead_unproven(desk: Desk) -> Verdict:
    return _newer(desk, "CREATE TABLE notes (account_id int REFERENCES accounts)")


def ahead_incompatible(desk: Desk) -> Verdict:
    return _newer(desk, "ALTER TABLE accounts RENAME name TO full_name")


def _newer(desk: Desk, change: str) -> Verdict:
    desk.fingerprints()
    desk.before()
    desk.note("a newer image has migrated")
    desk.sql(change)
    desk.sql("UPDATE alembic_version SET version_num = '0009'")
    return desk.run().verdict


def held(desk: Desk) -> Verdict:
    desk.revision("0004", 'op.execute("CREATE TABLE old_names (id int)")')
    desk.revision("0005", 'op.drop_table("old_names")', after="0004", top=CONTRACT)
    desk.fingerprints()
    desk.before(HEADSTART_TARGET="0003")
    return desk.run(HEADSTART_HOLD="contract").verdict


def planned(desk: Desk) -> Verdict:
    desk.note("the database is empty")
    return desk.ask("plan").verdict


def same(desk: Desk) -> Verdict:
    desk.fingerprints()
    desk.before()
    return desk.ask("diff").verdict


def fingerprinted(desk: Desk) -> Verdict:
    ended = desk.fingerprints()
    desk.typed += ended.stdout.splitlines()
    return ended.verdict


def image_usable(desk: Desk) -> Verdict:
    desk.fingerprints()
    return desk.ask("check", "--image").verdict


def internal_error(desk: Desk) -> Verdict:
    desk.note("no bug is known, so the test provokes one: it takes a function away")
    desk.typed.append(f'$ python -c "{BUG}"')
    return desk.stage.run_python(BUG).verdict


def invalid_settings(desk: Desk) -> Verdict:
    return desk.run(HEADSTART_WAIT_SECOND="90", HEADSTART_LOCK_SECONDS="soon").verdict


def wrong_database(desk: Desk) -> Verdict:
    desk.note("env.py has a URL of its own, of the database `postgres` on the same server")
    other = Database(desk.stage.database.server, "postgres").driver_url().replace("%", "%%")
    line = f"config.set_main_option('sqlalchemy.url', {other!r})"
    desk.stage.project.edit_env("target_metadata = None", f"target_metadata = None\n{line}")
    return desk.run().verdict


def unreachable(desk: Desk) -> Verdict:
    url = f"postgresql://app@127.0.0.1:{refusing_port()}/app"
    return desk.run(DATABASE_URL=url, HEADSTART_WAIT_SECONDS="1").verdict


def pool_exhausted(desk: Desk) -> Verdict:
    given = desk.stage.database.parameters
    desk.note("between headstart and the server: a proxy that serves one connection at a time")
    with OneServerPool(given["host"], desk.stage.database.port) as pool:
        url = desk.stage.database.server.url(
            dbname=desk.stage.database.name, host="127.0.0.1", port=str(pool.port)
        )
        return desk.run(shown="headstart", DATABASE_URL=url).verdict


def lock_unavailable(desk: Desk) -> Verdict:
    with desk.running():
        return desk.run(HEADSTART_LOCK_SECONDS="1").verdict


def blocked(desk: Desk) -> Verdict:
    desk.before(HEADSTART_TARGET="0001")
    desk.typed.append('$ psql -c "BEGIN; LOCK TABLE accounts; SELECT pg_sleep(600)" &')
    with psycopg2.connect(desk.stage.database.url) as holder:
        holder.cursor().execute("LOCK TABLE accounts")
        ended = desk.run(HEADSTART_DDL_RETRY_SECONDS="2")
    holder.close()
    return ended.verdict


def connection_lost(desk: Desk) -> Verdict:
    with desk.running() as run:
        desk.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'headstart:work:%'"
        )
        return run.end().verdict


def server_failed(desk: Desk) -> Verdict:
    desk.note("the database's administrator has forbidden changes over the weekend")
    desk.sql(
        "CREATE FUNCTION closed() RETURNS event_trigger LANGUAGE plpgsql"
        " AS $$BEGIN RAISE 'no changes until Monday'; END$$"
    )
    desk.sql("CREATE EVENT TRIGGER closed ON ddl_command_start EXECUTE FUNCTION closed()")
    return desk.run().verdict


def not_ready(desk: Desk) -> Verdict:
    desk.before(HEADSTART_TARGET="0001")
    return desk.run("check").verdict


def env_skipped(desk: Desk) -> Verdict:
    desk.note("env.py leaves out context.run_migrations()")
    desk.stage.project.edit_env(*NO_MIGRATIONS)
    return desk.run(HEADSTART_LOCK_SECONDS="1").verdict


def access_refused(desk: Desk) -> Verdict:
    database = desk.stage.database
    url = database.server.url(dbname=database.name, password="wrong")
    documented = "postgresql://app:wrong@db:5432/app"
    return desk.run(shown=f"DATABASE_URL={documented} headstart", DATABASE_URL=url).verdict


def revision_failed(desk: Desk) -> Verdict:
    desk.revision("0004", 'op.execute("INSERT INTO orders (account_id) VALUES (4711)")')
    return desk.run().verdict


def not_committed(desk: Desk) -> Verdict:
    desk.note("env.py calls connection.rollback() after context.run_migrations()")
    desk.stage.project.edit_env(*ROLLS_BACK)
    return desk.run().verdict


def unproven(desk: Desk) -> Verdict:
    desk.fingerprints()
    desk.sql("CREATE TABLE accounts (id serial PRIMARY KEY, name varchar(80), balance numeric)")
    return desk.ask("check").verdict


def ambiguous(desk: Desk) -> Verdict:
    desk.revision("0004", 'op.execute("UPDATE accounts SET name = trim(name)")')
    desk.fingerprints()
    desk.before()
    desk.sql("INSERT INTO accounts (name) VALUES ('ada'); DROP TABLE alembic_version")
    return desk.run().verdict


def unknown_revision(desk: Desk) -> Verdict:
    desk.before()
    desk.sql("UPDATE alembic_version SET version_num = '0009'")
    return desk.run().verdict


def diverged(desk: Desk) -> Verdict:
    desk.before()
    desk.sql("INSERT INTO alembic_version VALUES ('0001')")
    return desk.run().verdict


def plan_outdated(desk: Desk) -> Verdict:
    desk.before(HEADSTART_TARGET="0001")
    plan = desk.plan()
    desk.note("somebody reads the plan; meanwhile")
    desk.sql("ALTER TABLE accounts ADD note text")
    return desk.run("run", "--plan", plan).verdict


def broken_history(desk: Desk) -> Verdict:
    desk.note("two branches of development each added a revision after 0003")
    for revision in ("0004_discounts", "0004_refunds"):
        desk.stage.project.add(revision, "0003")
    return desk.run().verdict


def hold_refused(desk: Desk) -> Verdict:
    desk.revision("0004", 'op.drop_column("accounts", "name")', top=CONTRACT)
    desk.fingerprints()
    desk.before(HEADSTART_TARGET="0003")
    return desk.run(HEADSTART_HOLD="contract").verdict


def stale_fingerprints(desk: Desk) -> Verdict:
    desk.fingerprints()
    desk.revision("0004", 'op.execute("ALTER TABLE orders ADD note text")')
    return desk.check_fingerprints().verdict


def drifted(desk: Desk) -> Verdict:
    desk.fingerprints()
    desk.before()
    desk.sql("ALTER TABLE accounts DROP COLUMN name; CREATE INDEX ON orders (account_id)")
    return desk.ask("check").verdict


def interrupted(desk: Desk) -> Verdict:
    body = 'op.execute("ALTER TABLE orders ADD note text; ALTER TABLE invoices ADD note text")'
    desk.revision("0004", body)
    desk.fingerprints()
    desk.before(HEADSTART_TARGET="0003")
    desk.sql("ALTER TABLE orders ADD note text; DROP TABLE alembic_version")
    return desk.run().verdict


def invalid_index(desk: Desk) -> Verdict:
    """Another way to `interrupted`."""
    build = "CREATE UNIQUE INDEX CONCURRENTLY accounts_name ON accounts (name)"
    desk.revision("0004", f'with op.get_context().autocommit_block(): op.execute("{build}")')
    desk.before(HEADSTART_TARGET="0003")
    desk.sql("INSERT INTO accounts (name) VALUES ('ada'), ('ada')")
    desk.run(HEADSTART_INVALID_INDEXES="refuse")
    desk.note("revision_failed, 21: could not create unique index; the pod starts once more")
    return desk.run(HEADSTART_INVALID_INDEXES="refuse").verdict


def sigint(desk: Desk) -> Verdict:
    with desk.running() as run:
        desk.typed.append("$ kill -INT %1")
        run.process.send_signal(signal.SIGINT)
        return run.end().verdict


def sigterm(desk: Desk) -> Verdict:
    with desk.running() as run:
        desk.typed.append("$ kill -TERM %1")
        run.process.send_signal(signal.SIGTERM)
        return run.end().verdict


def fleet_ready(desk: Desk) -> Verdict:
    return _fleet(desk, "app")


def fleet_incomplete(desk: Desk) -> Verdict:
    with desk.running():
        return _fleet(desk, "app", HEADSTART_LOCK_SECONDS="1")


def canary_pending(desk: Desk) -> Verdict:
    file = desk.stage.project.path / "targets"
    file.write_text("acme\nglobex\n")
    desk.note("HEADSTART_TARGET_VERSION_TABLE is {target}.alembic_version, HEADSTART_FIRST is acme")
    settings = {
        "HEADSTART_TARGET_X": "'tenant={target}'",
        "HEADSTART_TARGET_VERSION_TABLE": "{target}.alembic_version",
        "HEADSTART_FIRST": "acme",
    }
    environ = {"HEADSTART_LOCK_SECONDS": "1"}
    options = ("fleet", "run", "--targets", str(file), "--shard", "1/2")
    shown = command_line(options, environ)
    return desk.run(*options, shown=shown, **settings, **environ).verdict


def fleet_refused(desk: Desk) -> Verdict:
    return _fleet(desk, "app", "gone")


def _fleet(desk: Desk, *names: str, **environ: str) -> Verdict:
    """A database for each target, of which the desk's own is called app in the document."""
    database = desk.stage.database
    real = [database.name if name == "app" else name for name in names]
    file = desk.stage.project.path / "targets"
    file.write_text("".join(f"{name}\n" for name in real))
    desk.note("HEADSTART_TARGET_URL is postgresql://app@db/{target}")
    desk.typed += [f"$ cat {file}", *names]
    url = database.server.url(dbname="PLACE").replace("PLACE", "{target}")
    options = ("fleet", "run", "--targets", str(file))
    shown = command_line(options, environ)
    return desk.run(*options, shown=shown, HEADSTART_TARGET_URL=url, **environ).verdict


_ALL: tuple[Situation, ...] = (
    nothing_to_do,
    upgraded,
    baselined,
    ahead_compatible,
    held,
    planned,
    same,
    fingerprinted,
    image_usable,
    fleet_ready,
    internal_error,
    invalid_settings,
    wrong_database,
    unreachable,
    pool_exhausted,
    lock_unavailable,
    blocked,
    connection_lost,
    server_failed,
    not_ready,
    env_skipped,
    fleet_incomplete,
    canary_pending,
    access_refused,
    revision_failed,
    not_committed,
    unproven,
    ambiguous,
    unknown_revision,
    ahead_unproven,
    ahead_incompatible,
    diverged,
    plan_outdated,
    broken_history,
    hold_refused,
    stale_fingerprints,
    drifted,
    interrupted,
    fleet_refused,
    sigint,
    sigterm,
)
OUTCOMES = {outcome.value: outcome for outcome in Outcome}
SITUATIONS = {OUTCOMES[situation.__name__]: situation for situation in _ALL}
"""Each function has the name of its outcome."""
