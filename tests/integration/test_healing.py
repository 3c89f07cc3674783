"""An INVALID index that a pending revision builds is dropped before that runs, and built anew."""

import psycopg2
import pytest

from tests.conftest import ON_ONE_SERVER
from tests.harness.embedded import PostgresServer
from tests.harness.program import until
from tests.harness.project import ProjectCopy
from tests.harness.result import Result
from tests.harness.server import a_role, empty_database
from tests.integration.broken_indexes import TWICE, building, cut_off, fail_to_build, invalid
from tests.integration.known_stage import KnownStage, rebuild
from tests.integration.stage import Stage
from tests.integration.test_cut_builds import CAREFUL, CREATE, index_revision, killed

UNIQUE = CREATE.replace("INDEX", "UNIQUE INDEX")
VALID = """
    SELECT n.nspname, c.relname FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE x.indisvalid AND n.nspname NOT LIKE 'pg\\_%'
"""


def healed(stage: Stage, *names: str, **environ: str) -> Result:
    """Run; see that it needed nobody, and dropped these indexes, which are valid now."""
    done = stage.run(**environ)
    assert (done.exit_code, done.verdict["outcome"]) == (0, "upgraded"), done.verdict
    assert [each["index"] for each in done.verdict.get("dropped_indexes", [])] == list(names)
    assert invalid(stage.database) == []
    valid = {f"{schema}.{name}" for schema, name in stage.database.query(VALID)}
    assert set(names) <= valid
    return done


def in_autocommit(*lines: str) -> str:
    """The body of a revision that works outside a transaction."""
    body = "\n".join(f"    {line}" for line in lines)
    return f"with op.get_context().autocommit_block():\n{body}"


def executing(*statements: str) -> str:
    """The same, of statements."""
    return in_autocommit(*(f"op.execute('''{each}''')" for each in statements))


@pytest.fixture
def behind(stage: Stage) -> Stage:
    """Give a database at 0003, to which a test adds revisions."""
    assert stage.run().exit_code == 0
    return stage


@pytest.mark.parametrize("statement", [CREATE, CAREFUL, UNIQUE])
def test_what_a_killed_run_left_the_next_one_drops_and_builds(stage: Stage, statement: str) -> None:
    index_revision(stage, statement)
    killed(stage)
    done = healed(stage, "public.ix_names")
    (event,) = [each for each in done.events if each["event"] == "index_dropped"]
    assert (event["level"], event["revision"]) == ("warning", "0004")
    assert "left by a build that was cut off or failed" in event["cause"]
    assert ("may have rejected duplicate rows" in event["cause"]) == ("UNIQUE" in statement)
    assert done.verdict["dropped_indexes"] == [
        {"index": "public.ix_names", "table": "public.accounts", "revision": "0004"}
    ]
    assert stage.run("check").exit_code == 0


def test_a_name_that_only_python_computes_is_told_by_the_fingerprints(known: KnownStage) -> None:
    body = in_autocommit(
        "name = '_'.join(['ix', 'names'])",
        "op.create_index(name, 'accounts', ['name'], postgresql_concurrently=True)",
    )
    known.project.add("0004", "0003", body)
    rebuild(known)
    assert known.run(HEADSTART_TARGET="0003").exit_code == 0
    cut_off(known.database, CREATE)
    healed(known, "public.ix_names")


def test_without_fingerprints_nobody_tells_such_a_name_and_a_person_is_needed(
    behind: Stage,
) -> None:
    body = in_autocommit("op.create_index('_'.join(['ix', 'names']), 'accounts', ['name'])")
    behind.project.add("0004", "0003", body)
    cut_off(behind.database, CREATE)
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert "dropped_indexes" not in done.verdict


@pytest.mark.parametrize("with_file", [False, True])
def test_duplicates_fail_each_time_with_their_cause_and_leave_no_invalid_index(
    known: KnownStage, with_file: bool
) -> None:
    index_revision(known, UNIQUE)
    known.file.unlink()
    if with_file:
        rebuild(known)
    assert known.run(HEADSTART_TARGET="0003").exit_code == 0
    known.database.execute(TWICE)
    for _ in range(2):
        done = known.run()
        assert (done.exit_code, done.verdict["error"]["sqlstate"]) == (21, "23505"), done.verdict
        assert "remove the duplicate rows" in done.verdict["next_step"]
        assert "was dropped again" in done.verdict["next_step"]
        assert [each["index"] for each in done.verdict["dropped_indexes"]] == ["public.ix_names"]
        assert invalid(known.database) == []
    known.database.execute("DELETE FROM accounts WHERE id > 1")
    healed(known)


def test_an_index_that_somebody_else_is_building_is_not_hurt(behind: Stage) -> None:
    index_revision(behind, CAREFUL)
    with building(behind.database, CREATE) as pid:
        done = behind.run()
        assert (done.exit_code, done.verdict["outcome"]) == (12, "blocked"), done.verdict
        assert f"pid {pid}" in done.verdict["error"]["message"]
        assert "it was left alone" in done.verdict["error"]["message"]
        assert behind.rows() == ["0003"]
        assert invalid(behind.database) == ["ix_names"]
    assert invalid(behind.database) == []
    healed(behind)


def test_another_index_that_is_being_built_on_the_table_is_not_hurt_either(behind: Stage) -> None:
    """Its build holds the lock that the DROP needs; the run ends, and says for whom."""
    index_revision(behind, CREATE)
    cut_off(behind.database, CREATE)
    other = "CREATE INDEX CONCURRENTLY ix_other ON accounts (name, id)"
    with building(behind.database, other) as pid:
        done = behind.run(HEADSTART_DDL_LOCK_TIMEOUT_SECONDS="0.5")
        assert (done.exit_code, done.verdict["outcome"]) == (12, "blocked"), done.verdict
        assert f"pid {pid}" in done.verdict["error"]["message"]
    assert invalid(behind.database) == ["ix_names"]
    healed(behind, "public.ix_names")


def test_a_transaction_that_only_reads_is_waited_for_and_named(behind: Stage) -> None:
    index_revision(behind, CREATE)
    cut_off(behind.database, CREATE)
    reader = psycopg2.connect(behind.database.url)
    reader.cursor().execute("SELECT count(*) FROM accounts")
    done = behind.run(HEADSTART_DDL_LOCK_TIMEOUT_SECONDS="1")
    assert (done.exit_code, done.verdict["outcome"]) == (12, "blocked"), done.verdict
    assert f"pid {reader.info.backend_pid}" in done.verdict["error"]["message"]
    assert behind.rows() == ["0003"]
    reader.close()
    healed(behind, "public.ix_names")


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


def test_each_of_several_revisions_gets_its_indexes_out_of_the_way(behind: Stage) -> None:
    first = [f"CREATE INDEX CONCURRENTLY ix_{n} ON accounts (name)" for n in "ab"]
    second = [f"CREATE INDEX CONCURRENTLY ix_{n} ON orders (account_id)" for n in "cd"]
    behind.project.add("0004", "0003", executing(*first))
    behind.project.add("0005", "0004", executing(*second))
    for statement in (first[0], *second):
        cut_off(behind.database, statement)
    healed(behind, "public.ix_a", "public.ix_c", "public.ix_d")


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


def test_with_refuse_a_person_drops_it_before_anything_is_done(behind: Stage) -> None:
    index_revision(behind, CAREFUL, 'op.execute("ALTER TABLE accounts ADD note text")')
    cut_off(behind.database, CREATE)
    done = behind.run(HEADSTART_INVALID_INDEXES="refuse")
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert done.verdict["repair"] == ['DROP INDEX CONCURRENTLY "public"."ix_names"']
    assert "HEADSTART_INVALID_INDEXES=refuse" in done.verdict["error"]["message"]
    assert (behind.rows(), invalid(behind.database)) == (["0003"], ["ix_names"])
    behind.database.execute(done.verdict["repair"][0])
    healed(behind, HEADSTART_INVALID_INDEXES="refuse")


def test_with_refuse_what_a_failed_build_left_stays(behind: Stage) -> None:
    index_revision(behind, UNIQUE)
    behind.database.execute(TWICE)
    done = behind.run(HEADSTART_INVALID_INDEXES="refuse")
    assert (done.exit_code, done.verdict["error"]["sqlstate"]) == (21, "23505"), done.verdict
    assert "remove duplicate rows" in done.verdict["next_step"]
    assert invalid(behind.database) == ["ix_names"]


def test_an_index_of_another_owner_is_named_with_the_statement_for_a_person(
    behind: Stage,
) -> None:
    index_revision(behind, CAREFUL)
    cut_off(behind.database, CREATE)
    with behind.login() as role:
        behind.database.execute(
            f"GRANT ALL ON alembic_version, accounts TO {role};"
            f" GRANT CREATE ON SCHEMA public TO {role}"
        )
        done = behind.run(DATABASE_URL=behind.url_of(role))
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert done.verdict["repair"] == ['DROP INDEX CONCURRENTLY "public"."ix_names"']
    assert "must be owner" in done.verdict["error"]["message"]
    assert (behind.rows(), invalid(behind.database)) == (["0003"], ["ix_names"])


BEGIN = ("with connectable.connect() as connection:", "with connectable.begin() as connection:")


@ON_ONE_SERVER
def test_where_one_transaction_holds_all_it_is_dropped_before_the_first(behind: Stage) -> None:
    behind.project.edit_env(*BEGIN)
    plain = CREATE.replace("CONCURRENTLY ", "")
    behind.project.add("0004", "0003", 'op.execute("ALTER TABLE accounts ADD note text")')
    behind.project.add("0005", "0004", f'op.execute("{plain}")')
    cut_off(behind.database, CREATE)
    healed(behind, "public.ix_names")


@ON_ONE_SERVER
def test_there_an_index_that_an_earlier_revision_drops_is_left_to_it(behind: Stage) -> None:
    behind.project.edit_env(*BEGIN)
    plain = CREATE.replace("CONCURRENTLY ", "")
    behind.project.add("0004", "0003", 'op.drop_index("ix_names")')
    behind.project.add("0005", "0004", f'op.execute("{plain}")')
    cut_off(behind.database, CREATE)
    healed(behind)


def test_it_is_dropped_as_the_role_that_env_py_works_as(behind: Stage) -> None:
    with behind.login() as role:
        behind.database.execute(
            f"GRANT ALL ON alembic_version TO {role}; GRANT CREATE, USAGE ON SCHEMA public TO"
            f" {role}; ALTER TABLE accounts OWNER TO {role}"
        )
        behind.project.edit_env(
            "        context.configure(",
            f"        connection.exec_driver_sql('SET ROLE {role}')\n"
            "        connection.commit()\n        context.configure(",
        )
        cut_off(behind.database, CREATE)
        index_revision(behind, CREATE)
        healed(behind, "public.ix_names")


def test_where_no_third_connection_is_to_be_had_a_person_drops_it(behind: Stage) -> None:
    index_revision(behind, CAREFUL)
    cut_off(behind.database, CREATE)
    with a_role(behind.database, "narrow", "CONNECTION LIMIT 2") as role:
        behind.database.execute(f"GRANT postgres TO {role}")
        done = behind.run(DATABASE_URL=behind.url_of(role))
        assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
        assert "a connection beside those of the run lock" in done.verdict["error"]["message"]
        assert done.verdict["repair"] == ['DROP INDEX CONCURRENTLY "public"."ix_names"']
        assert (behind.rows(), invalid(behind.database)) == (["0003"], ["ix_names"])
        behind.database.execute(done.verdict["repair"][0])
        healed(behind, DATABASE_URL=behind.url_of(role))


ADD = "ALTER TABLE accounts ADD note text"


def test_what_was_done_before_the_index_is_said_though_that_is_dropped(behind: Stage) -> None:
    behind.project.add("0004", "0003", executing(ADD, CREATE))
    behind.database.execute(ADD)
    cut_off(behind.database, CREATE)
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert "an earlier attempt was cut off" in done.verdict["error"]["message"]
    assert "undo by hand what revision 0004 did before" in done.verdict["next_step"]
    assert invalid(behind.database) == []
    behind.database.execute("ALTER TABLE accounts DROP note")
    healed(behind)


def test_with_fingerprints_what_is_done_and_what_is_left_is_said_each_time(
    known: KnownStage,
) -> None:
    """Of two indexes one was built; the version row is there, and says nothing of that."""
    other = "CREATE INDEX CONCURRENTLY ix_first ON accounts (name, id)"
    known.project.add("0004", "0003", executing(other, CREATE))
    rebuild(known)
    assert known.run(HEADSTART_TARGET="0003").exit_code == 0
    known.database.execute(other)
    cut_off(known.database, CREATE)
    for _ in range(2):
        done = known.run()
        assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
        (done_before,), (todo,) = done.verdict["done"], done.verdict["todo"]
        assert "ix_first" in done_before
        assert "ix_names" in todo
        assert "undo by hand what it has done" in done.verdict["next_step"]
        assert known.rows() == ["0003"]
    known.database.execute("DROP INDEX ix_first")
    healed(known)


def test_so_it_is_where_the_revision_dropped_something_first(known: KnownStage) -> None:
    """Run again it fails at what is gone, which tells of the earlier attempt as well."""
    known.project.add("0004", "0003", executing(CREATE))
    other = "CREATE INDEX CONCURRENTLY ix_later ON accounts (name, id)"
    known.project.add("0005", "0004", executing("DROP INDEX CONCURRENTLY ix_names", other))
    rebuild(known)
    assert known.run(HEADSTART_TARGET="0004").exit_code == 0
    known.database.execute("DROP INDEX ix_names")
    cut_off(known.database, other)
    for _ in range(2):
        done = known.run()
        assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
        (done_before,), (todo,) = done.verdict["done"], done.verdict["todo"]
        assert done_before.startswith("- index")
        assert "ix_later" in todo
        assert known.rows() == ["0004"]


def test_an_index_that_no_pending_revision_builds_is_as_before(behind: Stage) -> None:
    fail_to_build(behind.database, "ix_theirs")
    index_revision(behind, CREATE)
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (26, "interrupted"), done.verdict
    assert behind.rows() == ["0004"]
    assert invalid(behind.database) == ["ix_theirs"]
    assert "dropped_indexes" not in done.verdict


MANY = """
    ALTER TABLE accounts SET (autovacuum_enabled = false);
    INSERT INTO accounts (name) SELECT md5(n::text) FROM generate_series(1, 2000000) AS n
"""
PROGRESS = "SELECT 1 FROM pg_stat_progress_create_index WHERE phase LIKE 'building index%'"


@ON_ONE_SERVER
def test_a_run_that_is_killed_at_two_million_rows_needs_nobody(behind: Stage) -> None:
    """No trick slows the build: the server notices a second later that its client is gone."""
    behind.database.execute(MANY)
    index_revision(behind, CREATE)
    with behind.start() as run:
        until(lambda: behind.database.query(PROGRESS), "a build", 60)
        run.kill()
    until(lambda: not behind.database.query(PROGRESS), "the end of the build", 60)
    assert invalid(behind.database) == ["ix_names"]
    healed(behind, "public.ix_names")


SLOW = """
    CREATE TABLE slow (id int, name text) WITH (autovacuum_enabled = false, fillfactor = 10);
    INSERT INTO slow SELECT n, repeat('x', 300) FROM generate_series(1, 20000) AS n;
    DELETE FROM slow WHERE id % 2 = 0;
    ALTER TABLE slow SET (autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)
"""
VACUUMED = "SELECT 1 FROM pg_stat_progress_vacuum"


def test_autovacuum_gives_way(project: ProjectCopy) -> None:
    """It would hold the table's lock for an hour here."""
    conf = ["autovacuum_naptime = 1s", "autovacuum_vacuum_threshold = 1"]
    with PostgresServer(18, conf=conf) as server, empty_database(server) as database:
        stage = Stage(project, database)
        stage.project.add("0004", "0003", f'op.execute("""{SLOW}""")')
        assert stage.run().exit_code == 0
        build = "CREATE INDEX CONCURRENTLY ix_slow ON slow (id)"
        cut_off(database, build)
        stage.project.add("0005", "0004", executing(build))
        database.execute("ALTER TABLE slow SET (autovacuum_enabled = true)")
        until(lambda: database.query(VACUUMED), "an autovacuum", 60)
        done = stage.run(HEADSTART_DDL_LOCK_TIMEOUT_SECONDS="2")
        assert (done.exit_code, done.verdict["outcome"]) == (0, "upgraded"), done.verdict
        assert [each["index"] for each in done.verdict["dropped_indexes"]] == ["public.ix_slow"]


@ON_ONE_SERVER
def test_where_an_event_trigger_forbids_changes_the_run_says_that(behind: Stage) -> None:
    index_revision(behind, CAREFUL)
    cut_off(behind.database, CREATE)
    behind.database.execute(
        "CREATE FUNCTION closed() RETURNS event_trigger LANGUAGE plpgsql"
        " AS $$BEGIN RAISE 'no changes until Monday'; END$$;"
        " CREATE EVENT TRIGGER closed ON ddl_command_start EXECUTE FUNCTION closed()"
    )
    done = behind.run()
    assert (done.exit_code, done.verdict["outcome"]) == (13, "server_failed"), done.verdict
    assert invalid(behind.database) == ["ix_names"]
    behind.database.execute("DROP EVENT TRIGGER closed")
    healed(behind, "public.ix_names")


@ON_ONE_SERVER
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
