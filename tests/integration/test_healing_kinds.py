"""Which INVALID indexes a revision builds: of whatever kind, name and schema; and which stay."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.broken_indexes import cut_off, fail_to_build, invalid
from tests.integration.healed import UNIQUE, executing, healed, in_autocommit
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.stage import Stage
from tests.integration.test_cut_builds import CREATE, index_revision

pytestmark = ON_ONE_SERVER

PARTS = """
    CREATE TABLE events (day int NOT NULL, what text) PARTITION BY RANGE (day);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
    CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (10) TO (20);
"""


def test_a_partitioned_index_is_left_and_only_the_part_that_was_cut_off_is_dropped(
    behind: Stage,
) -> None:
    behind.project.add("0004", "0003", f'op.execute("""{PARTS}""")')
    assert behind.run().exit_code == 0
    parts = [
        f"CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_what_{n} ON events_{n} (what)" for n in "12"
    ]
    attach = [f"ALTER INDEX ix_what ATTACH PARTITION ix_what_{n}" for n in "12"]
    whole = "CREATE INDEX IF NOT EXISTS ix_what ON ONLY events (what)"
    behind.project.add("0005", "0004", executing(whole, *parts, *attach))
    behind.database.execute(f"{whole}; CREATE INDEX ix_what_1 ON events_1 (what)")
    behind.database.execute(attach[0])
    cut_off(behind.database, parts[1])
    oid = behind.database.query("SELECT 'ix_what'::regclass::oid")
    assert invalid(behind.database) == ["ix_what", "ix_what_2"]
    healed(behind, "public.ix_what_2")
    assert behind.database.query("SELECT 'ix_what'::regclass::oid") == oid


def test_the_copy_that_a_reindex_left_is_named_and_stays(behind: Stage) -> None:
    behind.database.execute("CREATE INDEX ix_first ON accounts (name)")
    cut_off(behind.database, "REINDEX INDEX CONCURRENTLY ix_first")
    (copy,) = invalid(behind.database)
    assert copy.startswith("ix_first_cc")
    index_revision(behind, f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {copy} ON accounts (name)")
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert done.verdict["repair"] == [f'DROP INDEX CONCURRENTLY "public"."{copy}"']
    assert invalid(behind.database) == [copy]


AWKWARD = 'Ix "a b'
QUOTED = '"Ix ""a b"'
SHOP = """op.execute('CREATE SCHEMA "Shop" CREATE TABLE accounts ("Name" text)')"""
RAW = f"""CREATE INDEX CONCURRENTLY IF NOT EXISTS {QUOTED} ON "Shop".accounts ("Name")"""


@pytest.mark.parametrize(
    "lines",
    [
        [f"op.create_index({AWKWARD!r}, 'accounts', ['Name'], schema='Shop')"],
        [f"name = op.f({AWKWARD!r})", "op.create_index(name, 'accounts', ['Name'], schema='Shop')"],
        [f"op.execute('{RAW}')"],
        [
            "with op.batch_alter_table('accounts', schema='Shop') as batch:",
            f"    batch.create_index({AWKWARD!r}, ['Name'], postgresql_concurrently=True)",
        ],
    ],
)
def test_whatever_its_name_and_schema_only_that_index_is_dropped(
    behind: Stage, lines: list[str]
) -> None:
    behind.project.add("0004", "0003", SHOP)
    assert behind.run().exit_code == 0
    cut_off(behind.database, f'CREATE INDEX CONCURRENTLY {QUOTED} ON "Shop".accounts ("Name")')
    # one of the same name, which is none of the revision's
    cut_off(behind.database, f"CREATE INDEX CONCURRENTLY {QUOTED} ON accounts (name)")
    behind.project.add("0005", "0004", in_autocommit(*lines))
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert [each["index"] for each in done.verdict["dropped_indexes"]] == [f"Shop.{AWKWARD}"]
    assert behind.rows() == ["0005"]
    left = [each["index"] for each in done.verdict["invalid_indexes"]]
    assert left == [f"public.{AWKWARD}"]


def test_an_index_that_the_revision_drops_itself_is_left_to_it(behind: Stage) -> None:
    """It stood there before: to drop it first would make the revision fail."""
    behind.project.add("0004", "0003", executing(CREATE))
    assert behind.run().exit_code == 0
    behind.database.execute("DROP INDEX ix_names")
    cut_off(behind.database, CREATE)
    again = CREATE.replace("(name)", "(name, id)")
    behind.project.add("0005", "0004", executing("DROP INDEX CONCURRENTLY ix_names", again))
    healed(behind)


def test_so_it_is_where_the_fingerprints_say_that_it_stood_there_before(known: KnownStage) -> None:
    known.project.add("0004", "0003", executing(CREATE))
    again = CREATE.replace("(name)", "(name, id)")
    drop = "op.execute(' '.join(['DROP', 'INDEX', 'ix_names']))"
    known.project.add("0005", "0004", in_autocommit(drop, f"op.execute('{again}')"))
    rebuild(known)
    assert known.run(HEADSTART_TARGET="0004").exit_code == 0
    known.database.execute("DROP INDEX ix_names")
    cut_off(known.database, CREATE)
    healed(known)


def test_an_index_that_becomes_a_constraint_is_healed_while_it_is_none(behind: Stage) -> None:
    attach = "ALTER TABLE accounts ADD CONSTRAINT ix_names UNIQUE USING INDEX ix_names"
    behind.project.add("0004", "0003", executing(UNIQUE, attach))
    cut_off(behind.database, UNIQUE)
    healed(behind, "public.ix_names")


def test_an_index_of_a_materialized_view_is_healed(behind: Stage) -> None:
    view = "CREATE MATERIALIZED VIEW names AS SELECT name FROM accounts"
    behind.project.add("0004", "0003", f"op.execute('{view}')")
    assert behind.run().exit_code == 0
    build = "CREATE INDEX CONCURRENTLY ix_view ON names (name)"
    behind.project.add("0005", "0004", executing(build))
    cut_off(behind.database, build)
    healed(behind, "public.ix_view")


def test_an_index_that_no_pending_revision_builds_is_as_before(behind: Stage) -> None:
    fail_to_build(behind.database, "ix_theirs")
    index_revision(behind, CREATE)
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert behind.rows() == ["0004"]
    assert invalid(behind.database) == ["ix_theirs"]
    assert "dropped_indexes" not in done.verdict


@pytest.mark.parametrize(("made", "dropped"), [("", "public"), ("shop.accounts", "shop")])
def test_a_table_without_a_schema_is_the_one_that_the_search_path_leads_to(
    behind: Stage, made: str, dropped: str
) -> None:
    behind.database.execute("CREATE SCHEMA shop")
    cut_off(behind.database, CREATE)
    if made:
        behind.database.execute(f"CREATE TABLE {made} (name text)")
        cut_off(behind.database, CREATE.replace("accounts", made))
    name = behind.database.query("SELECT current_database()")[0][0]
    behind.database.execute(f"ALTER DATABASE {name} SET search_path = shop, public")
    index_revision(behind, CREATE)
    done = behind.run()
    indexes = [each["index"] for each in done.verdict.get("dropped_indexes", [])]
    assert (behind.rows(), indexes) == (["0004"], [f"{dropped}.ix_names"]), done.verdict
    assert invalid(behind.database) == (["ix_names"] if made else [])
