"""Of many schemas with one history, each is answered for by itself, in a few messages for all.

One database has sixty of them, each proven by a run of its own; then somebody changes some.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from headstart.decision.fleet_overview import overview_of
from headstart.decision.target_state import Behind, Proven, TargetAnswer
from headstart.postgres.target_question import number_question
from headstart.verbs.inspection import read_image
from tests.harness.project import copy_plain
from tests.harness.server import Server, a_role, empty_database
from tests.integration.gate_stage import holding
from tests.integration.known_stage import KnownStage
from tests.integration.tenant_stage import HEAD, TABLE, Tenants, task_of, tenants_of, word

NAMES = [f"t{number:02}" for number in range(56)] + ["Upper", "per%cent", 'quo"te', "apo'strophe"]
OTHER = "another_owner"


@pytest.fixture(scope="module")
def fleet(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenants]:
    """Sixty tenants, each proven by a run of its own."""
    folder: Path = tmp_path_factory.mktemp("fleet")
    with empty_database(server, "template1") as database:
        fleet = tenants_of(KnownStage(copy_plain(folder / "project"), database))
        fleet.prove(*NAMES)
        fleet.counts.clear()
        yield fleet


def test_after_their_runs_all_are_proven(fleet: Tenants) -> None:
    assert {answer.standing for answer in fleet.look(NAMES).values()} == {Proven()}


@pytest.mark.parametrize(("targets", "messages"), [(50, 1), (51, 2), (200, 4), (300, 6)])
def test_the_messages_are_one_in_fifty_targets(fleet: Tenants, targets: int, messages: int) -> None:
    """And the catalog is asked once on each connection, of which two hundred have one."""
    fleet.counts.clear()
    asked = [fleet.place(NAMES[at % len(NAMES)], name=f"{at}") for at in range(targets)]
    assert {answer.standing for answer in fleet.look(asked).values()} == {Proven()}
    connections = -(-targets // 200)
    assert fleet.counts == {
        "connections": connections, "catalog": connections, "rows": messages, "number": messages,
    }  # fmt: skip


def test_the_number_is_read_by_indexes(fleet: Tenants) -> None:
    """However many other schemas there are: what is read of each target does not grow with them."""
    tables = fleet.database.query(
        "SELECT oid, relname FROM pg_class WHERE relname = 'alembic_version'"
    )
    sql = number_question([(oid, name) for oid, name in tables[:50]], [("", "accounts")])
    question = sql[sql.index("WITH member") :]
    plan = fleet.database.query(f"SET enable_seqscan = off; EXPLAIN {question}")
    scanned = "Seq Scan on pg_(namespace|class|attribute|index|constraint|depend)"
    assert [line for (line,) in plan if re.search(scanned, line)] == []


def test_those_that_are_no_tables_are_missing(fleet: Tenants) -> None:
    names = ["nobody", "do.t", "x" * 80, "T00"]
    assert set(fleet.told_of(names).values()) == {"missing"}


def test_settings_that_are_not_those_of_its_run_are_no_proof(fleet: Tenants) -> None:
    """The rows and the schema are the same: who else is told to env.py, nobody knows."""
    places = [
        fleet.place("t40", name="another", x=("tenant=t41",)),
        fleet.place("t40", name="more", x=("tenant=t40", "dry=1")),
        fleet.place("t40", name="none", x=()),
        fleet.place("t41", name="swapped", schema="t40"),
    ]
    assert set(fleet.told_of(places).values()) == {"unproven"}


MORE = {
    "no gate": {"HEADSTART_GATE": "off"},
    "a comparison": {"HEADSTART_VERIFY": "strict"},
    "another variable for the URL": {"HEADSTART_URL_VARIABLES": "DB_URL", "DB_URL": "x"},
}


@pytest.mark.parametrize("what", list(MORE))
def test_who_asks_for_more_than_a_proof_is_told_the_rows_alone(fleet: Tenants, what: str) -> None:
    told = fleet.look(["t40"], runs=True, **MORE[what])
    answer = told["t40"]
    assert (word(answer), answer.rows) == ("unproven", (HEAD,))


def test_a_standby_or_a_read_only_database_proves_nothing(fleet: Tenants) -> None:
    url = f"{fleet.database.url}{'&' if '?' in fleet.database.url else '?'}"
    options = quote("-cdefault_transaction_read_only=on")
    told = fleet.told_of(["t40"], DATABASE_URL=f"{url}options={options}")
    assert told == {"t40": "read_only"}


def test_who_may_not_read_is_told_and_hides_no_other(fleet: Tenants) -> None:
    with a_role(fleet.database, "reader") as role:
        fleet.database.execute(f"GRANT USAGE ON SCHEMA t41, t42 TO {role}")
        fleet.database.execute(f"GRANT SELECT ON t42.alembic_version TO {role}")
        answers = fleet.look(["t40", "t41", "t42"], DATABASE_URL=fleet.database.url_of(role))
        assert [word(each) for each in answers.values()][:2] == ["unreadable", "unreadable"]
        assert word(answers["t42"]) in ("unproven", "untrusted")


CHANGES = {
    "t00": ("UPDATE {t} SET version_num = '0003'", "behind"),
    "t01": ("UPDATE {t} SET version_num = 'ffff'", "unknown_revision"),
    "t02": ("ALTER TABLE t02.accounts DROP name", "changed"),
    "t03": ("DROP INDEX t03.by_name", "changed"),
    "t04": ("ALTER TABLE t04.accounts DISABLE TRIGGER touched", "changed"),
    "t05": (
        "ALTER TABLE {t} RENAME TO kept; CREATE VIEW {t} AS SELECT * FROM t05.kept",
        "no_table",
    ),
    "t06": (f"ALTER TABLE {{t}} OWNER TO {OTHER}", "untrusted"),
    "t07": ("SELECT", "in_progress"),
    "t08": ("DROP TABLE {t}", "missing"),
    "t09": ("SELECT", "unproven"),
    "t11": ("SELECT", "unproven"),
    "t12": ("ALTER TABLE {t} ENABLE ROW LEVEL SECURITY", "hidden"),
    "t13": (
        "CREATE TRIGGER x AFTER INSERT ON {t} EXECUTE FUNCTION t13.touch()",
        "watched",
    ),
    "t14": ("CREATE TABLE t14.child () INHERITS ({t})", "watched"),
    "t15": ("ALTER TABLE {t} ALTER version_num TYPE char(32)", "other_column"),
    "t16": ("INSERT INTO {t} VALUES ('0003')", "diverged"),
    "t17": ("DELETE FROM {t}", "behind"),
    "t18": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't18.by_name'::regclass",
        "unsound",
    ),
    "t19": ("COMMENT ON TABLE {t} IS NULL", "unproven"),
    "t20": ("CREATE TABLE t20.theirs (id int PRIMARY KEY)", "proven"),
    "t21": ("ALTER FUNCTION t21.touch STABLE", "changed"),
    "t22": ("ALTER SCHEMA t22 RENAME TO elsewhere", "missing"),
    "t23": ("ALTER TABLE {t} RENAME TO other", "missing"),
    "t24": ("DROP SCHEMA t24 CASCADE", "missing"),
    "t25": ("CREATE RULE x AS ON UPDATE TO {t} DO ALSO NOTHING", "watched"),
    "t26": ("ALTER TABLE t26.orders RENAME TO ordered", "changed"),
    "t28": ("ALTER TABLE t28.accounts ALTER id TYPE bigint", "changed"),
    "t29": ("TRUNCATE t29.invoices", "proven"),
    "t30": ("INSERT INTO t30.accounts (name) VALUES ('x')", "proven"),
    "t31": ("UPDATE {t} SET version_num = NULL", "unknown_revision"),
    "Upper": ('DROP INDEX "Upper".by_name', "changed"),
    'quo"te': ('DROP INDEX "quo""te".by_name', "changed"),
}
"""What somebody does to a tenant, {t} being its version table, and how it stands then."""


def restore(fleet: Tenants, name: str) -> None:
    """Put a dump in its place."""
    dump = fleet.database.client("pg_dump", f"--schema={name}")
    fleet.database.execute(f"DROP SCHEMA {name} CASCADE")
    fleet.database.client("psql", "--quiet", stdin=dump)


def copy_comment(fleet: Tenants, source: str, to: str) -> None:
    """Write one's comment on another's version table."""
    sql = f"SELECT quote_literal(obj_description('{source}.{TABLE}'::regclass))"
    ((text,),) = fleet.database.query(sql)
    fleet.database.execute(f"COMMENT ON TABLE {to}.{TABLE} IS {text}")


@pytest.fixture(scope="module")
def changed(fleet: Tenants) -> Iterator[dict[str, TargetAnswer]]:
    """How each stands once somebody has changed some of them, and made a new one."""
    fleet.database.execute("ALTER TABLE t31.alembic_version DROP CONSTRAINT alembic_version_pkc")
    fleet.database.execute("ALTER TABLE t31.alembic_version ALTER version_num DROP NOT NULL")
    fleet.database.execute(f"CREATE ROLE {OTHER}")
    try:
        for name, (sql, _) in CHANGES.items():
            table = '"' + name.replace('"', '""') + f'".{TABLE}'
            fleet.database.execute("SET allow_system_table_mods = on; " + sql.format(t=table))
        copy_comment(fleet, "t10", "t09")
        restore(fleet, "t11")
        fleet.prove("new")
        lock = f"BEGIN; LOCK TABLE t07.{TABLE} IN ACCESS EXCLUSIVE MODE"
        with holding(fleet.database, lock):
            yield fleet.look([*NAMES, "new"])
    finally:
        fleet.database.execute(f"DROP OWNED BY {OTHER} CASCADE; DROP ROLE {OTHER}")


def test_each_stands_as_it_was_left_whoever_is_beside(changed: dict[str, TargetAnswer]) -> None:
    expected = {name: CHANGES[name][1] if name in CHANGES else "proven" for name in changed}
    assert {name: word(answer) for name, answer in changed.items()} == expected
    assert len(expected) == len(NAMES) + 1


def test_what_is_known_of_their_rows_is_told(changed: dict[str, TargetAnswer]) -> None:
    assert changed["t00"].standing == Behind(("0003",))
    assert changed["t17"].standing == Behind(())
    assert (changed["t07"].rows, changed["t07"].recorded) == (None, (HEAD,))
    assert changed["t16"].rows == ("0003", HEAD)


def test_the_overview_counts_them_and_names_those_that_are_not_proven(
    changed: dict[str, TargetAnswer], fleet: Tenants
) -> None:
    environ = {"HEADSTART_ALEMBIC_INI": fleet.project.ini, "DATABASE_URL": fleet.database.url}
    history = read_image(task_of(environ)).history
    overview = overview_of(changed.values(), history)
    assert (overview.targets, overview.proven) == (61, 61 - len(NOT_PROVEN))
    assert {name for names in overview.named.values() for name in names} == NOT_PROVEN
    assert overview.named["missing"] == ("t08", "t22", "t23", "t24")
    first, *_, last = overview.revisions
    assert (first.pending, last.rows, last.pending) == (None, (HEAD,), 0)
    assert sum(each.targets for each in overview.revisions) == 61 - 4


NOT_PROVEN = {name for name, (_, how) in CHANGES.items() if how != "proven"}
