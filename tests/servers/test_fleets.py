"""A fleet behind PgBouncer's transaction mode, and over TLS, where each process connects itself."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import psycopg2

from tests.harness.environment import ROOT
from tests.harness.processes import children_of, connections_of
from tests.harness.program import HEADSTART, Run, run_program, start_headstart, until
from tests.harness.result import Event, Result
from tests.servers.databases import ON_ONE_SERVER, Database, bouncer
from tests.servers.other_clients import clients_at_work

NAMES = ("acme", "globex corp", "initech")
EXAMPLE = ROOT / "examples" / "tenants"
SECONDS = 120
"""For a fleet, on a machine that has other things to do."""
HEAD = "0003"


def settings(url: str, **environ: str) -> dict[str, str]:
    """Those of examples/tenants; `url` is that of the database."""
    return {
        "DATABASE_URL": url,
        "HEADSTART_TARGET_X": "'tenant={target}'",
        "HEADSTART_TARGET_VERSION_TABLE": "{target}.alembic_version",
        **environ,
    }


def run_fleet(url: str, *argv: str, names: Sequence[str] = NAMES, **environ: str) -> Result:
    """Run a fleet to its end; the names come from stdin."""
    command = (*HEADSTART, "fleet", "run", "--targets", "-", *argv)
    env, stdin = settings(url, **environ), "\n".join(names)
    return run_program(*command, env=env, cwd=EXAMPLE, stdin=stdin, timeout=SECONDS)


def finished(ended: Result) -> dict[str, Event]:
    """The verdicts of the targets."""
    return {each["target"]: each for each in ended.events if each["event"] == "target_finished"}


def assert_all_end(ended: Result, outcome: str, *, gate: bool) -> None:
    """Fail where a target has ended in another way."""
    told = finished(ended)
    assert {name: each["outcome"] for name, each in told.items()} == dict.fromkeys(NAMES, outcome)
    assert {each.get("gate", False) for each in told.values()} == {gate}
    assert (ended.exit_code, ended.outcome) == (0, "fleet_ready")


@ON_ONE_SERVER
def test_behind_a_pooler_each_target_is_upgraded_and_then_proven(official: Database) -> None:
    database = official.create()
    with (
        bouncer(database, default_pool_size=7) as pool,
        clients_at_work(database.url(pool)) as others,
    ):
        first = run_fleet(database.url(pool), "--jobs", "2")
        again = run_fleet(database.url(pool))
    assert_all_end(first, "upgraded", gate=False)
    assert_all_end(again, "nothing_to_do", gate=True)
    assert others.leftovers == set()
    rows = database.through().version_rows()
    assert rows == {f"{name}.alembic_version": [HEAD] for name in NAMES}


def test_over_tls_no_process_shares_a_connection_with_another(
    debian: Database, tmp_path: Path
) -> None:
    database = debian.create()
    certificate = tmp_path / "root.crt"
    certificate.write_text(f"{debian.container.run('cat', CERTIFICATE)}\n")
    required = database.url(sslmode="require")
    assert_all_end(run_fleet(required, HEADSTART_TARGET="0002"), "upgraded", gate=False)
    url = database.url(sslmode="verify-full", sslrootcert=str(certificate))
    names = tmp_path / "names"
    names.write_text("\n".join(NAMES))

    holder = psycopg2.connect(database.url())
    holder.cursor().execute("LOCK TABLE acme.customers, initech.customers IN ACCESS SHARE MODE")
    command = ("fleet", "run", "--targets", str(names), "--jobs", "3")
    with start_headstart(*command, env=settings(url), cwd=EXAMPLE) as run:
        held = until(
            lambda: at_work(run, database), "two targets that wait for their tables", SECONDS
        )
        assert database.query(UNENCRYPTED) == []
        holder.close()
        ended = run.end(SECONDS)
    assert all(held.values())
    assert not any(one & other for one, other in combinations(held.values(), 2))
    assert_all_end(ended, "upgraded", gate=False)
    assert {each["tls"] for each in finished(ended).values()} == {True}
    assert_all_end(run_fleet(url), "nothing_to_do", gate=True)


def at_work(run: Run, database: Database) -> dict[int, set[str]]:
    """The connections of each target's process, once two are left, and both are at work."""
    processes = [child for each in children_of(run.process.pid) for child in children_of(each)]
    held = {each: connections_of(each, database.container.port) for each in processes}
    return held if len(finished_so_far(run)) == 1 and len(held) == 2 and all(held.values()) else {}


def finished_so_far(run: Run) -> list[Event]:
    """The verdicts of the targets up to now."""
    return [each for each in run.events() if each["event"] == "target_finished"]


CERTIFICATE = "/var/lib/postgresql/tests/server.crt"
"""The server's own, which is its root too."""
UNENCRYPTED = (
    "SELECT application_name FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)"
    " WHERE application_name LIKE 'headstart%' AND NOT ssl"
)
