"""diff: the live schema beside any revision, and the statements that make it exact."""

import json

from tests.conftest import ON_ONE_SERVER
from tests.harness.server import refusing_port
from tests.integration.known_stage import KnownStage

pytestmark = ON_ONE_SERVER


def test_what_is_equal_is_the_same(known: KnownStage) -> None:
    known.run()
    done = known.run("diff")
    assert (done.exit_code, done.stdout) == (0, "same\n")
    assert done.verdict["proof"] == "fingerprint"


def test_a_difference_is_shown_for_people_and_for_programs(known: KnownStage) -> None:
    known.run()
    known.database.execute(
        "ALTER TABLE accounts ALTER name TYPE varchar(9); ALTER TABLE orders ADD note text;"
        "DROP TABLE invoices"
    )
    before = known.catalog()
    done = known.run("diff")
    assert done.exit_code == 25
    first, *rest = done.stdout.splitlines()
    assert first.startswith("drifted: the schema differs from what 0003 builds: ")
    assert rest[:-1] == [
        "  table accounts",
        "    ~ column name: expected  text not null",
        "                   found     character varying(9) not null",
        "  - missing table invoices (2 columns: id, order_id)",
        "  table orders",
        "    + extra   column note text",
    ]
    answer = json.loads(known.run("diff", "--output", "json").stdout)
    assert (answer["outcome"], answer["exit_code"]) == ("drifted", 25)
    assert answer["extra"] == [
        "column accounts.name character varying(9) not null",
        "column orders.note text",
    ]
    assert "table invoices" in answer["missing"]
    assert answer["facts_missing"] == len(answer["missing"])
    assert known.catalog() == before


def test_diff_makes_one_attempt_to_connect_and_says_so(known: KnownStage) -> None:
    done = known.run("diff", DATABASE_URL=f"postgresql://app@127.0.0.1:{refusing_port()}/app")
    assert done.outcome == "unreachable"
    assert "no connection after 1 attempt;" in done.verdict["error"]["message"]


def test_another_revision_than_the_rows(known: KnownStage) -> None:
    known.run()
    done = known.run("diff", "--revision", "0002")
    assert done.exit_code == 25
    assert "differs from what 0002 builds" in done.stdout
    assert "  + extra table invoices (2 columns: id, order_id)" in done.stdout
    known.run("diff", "--revision", "head")
    assert known.run("diff", "--revision", "head").exit_code == 0


def test_tables_without_a_version_row_are_compared_with_a_revision_that_is_named(
    known: KnownStage,
) -> None:
    known.make_exactly("0002")
    without = known.run("diff")
    assert without.exit_code == 2
    assert "--revision" in without.verdict["next_step"]
    assert known.run("diff", "--revision", "0002").exit_code == 0
    assert known.run("diff", "--revision", "0003").exit_code == 25


def test_a_revision_that_no_script_has_is_a_mistake(known: KnownStage) -> None:
    assert known.run("diff", "--revision", "nowhere").exit_code == 2


def test_the_renames_that_are_printed_make_it_exact(known: KnownStage) -> None:
    known.run()
    known.database.execute(
        "ALTER TABLE accounts RENAME CONSTRAINT accounts_pkey TO orders_pk;"
        'ALTER TABLE orders RENAME CONSTRAINT orders_account_id_fkey TO "Odd name";'
        "ALTER TABLE orders RENAME CONSTRAINT orders_pkey TO accounts_pkey"
    )
    shown = known.run("diff")
    assert shown.exit_code == 25
    _, _, statements = shown.stdout.partition("these statements make it exact:\n")
    sql = [line.strip() for line in statements.splitlines()[:-1]]
    assert len(sql) == 3
    assert all(line.startswith("ALTER ") and line.endswith(";") for line in sql)
    answer = json.loads(known.run("diff", "--output", "json").stdout)
    assert [f"{line};" for line in answer["renames"]] == sql
    known.database.execute("BEGIN; " + " ".join(sql) + " COMMIT")
    assert known.run("diff").exit_code == 0


def test_an_adoption_of_other_names_shows_the_way(known: KnownStage) -> None:
    known.make_exactly("0003", "ALTER TABLE accounts RENAME CONSTRAINT accounts_pkey TO pk")
    refused = known.run()
    assert refused.exit_code == 22
    assert "headstart diff --revision 0003" in refused.verdict["next_step"]
    for statement in refused.verdict["renames"]:
        known.database.execute(statement)
    assert known.run().verdict["outcome"] == "baselined"


def test_where_more_than_names_differ_no_renames_are_shown(known: KnownStage) -> None:
    known.run()
    known.database.execute(
        "ALTER TABLE accounts RENAME CONSTRAINT accounts_pkey TO pk; ALTER TABLE orders ADD x int"
    )
    assert "these statements make it exact" not in known.run("diff").stdout


def test_a_dba_s_index_and_tables_of_others_are_no_difference_and_are_named(
    known: KnownStage,
) -> None:
    known.run()
    known.database.execute("CREATE INDEX dba ON accounts (name); CREATE TABLE others ()")
    done = known.run("diff")
    assert done.exit_code == 0
    assert "tolerated: index accounts.dba btree(name)" in done.stdout
    assert "ignored: 1 relation outside this history: others" in done.stdout


def test_without_a_file_there_is_nothing_to_compare_with(known: KnownStage) -> None:
    known.run()
    known.file.unlink()
    done = known.run("diff")
    assert (done.exit_code, done.verdict["outcome"]) == (24, "stale_fingerprints")
    assert "does not exist" in done.verdict["error"]["message"]


def test_a_stale_file_is_nothing_to_compare_with_either(known: KnownStage) -> None:
    known.run()
    known.project.add("0004", "0003")
    done = known.run("diff")
    assert done.exit_code == 24
    assert "it has no state for 0004" in done.verdict["error"]["message"]


def test_a_row_that_the_image_does_not_know_says_so(known: KnownStage) -> None:
    known.run()
    known.database.execute("UPDATE alembic_version SET version_num = '9999'")
    done = known.run("diff")
    assert done.exit_code in {23, 24}
    assert "9999" in done.verdict["error"]["message"]


def test_names_cannot_confuse_the_terminal_and_the_renames_hold_them_all_the_same(
    known: KnownStage,
) -> None:
    known.run()
    known.database.execute(
        'ALTER TABLE orders RENAME CONSTRAINT orders_account_id_fkey TO "a\x1b[31m\u202e\tb"'
    )
    done = known.run("diff")
    assert done.exit_code == 25
    assert not {"\x1b", "\u202e", "\t"} & set(done.stdout)
    for statement in done.verdict["renames"]:
        known.database.execute(statement)
    assert known.run("diff").exit_code == 0


def test_a_version_row_that_the_image_does_not_contain_is_told_as_by_the_other_verbs(
    known: KnownStage,
) -> None:
    known.run()
    known.database.execute("UPDATE alembic_version SET version_num = 'zz'")
    done = known.run("diff")
    assert (done.exit_code, done.verdict["outcome"]) == (23, "unknown_revision")
    assert known.run("diff", "--revision", "0003").exit_code == 0
