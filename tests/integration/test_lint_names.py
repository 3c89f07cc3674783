"""plan --lint: which table a name means, after what the revisions have said before it."""

import pytest

from tests.conftest import ON_ONE_SERVER
from tests.integration.stage import Stage
from tests.integration.test_lint_unseen import answer

pytestmark = ON_ONE_SERVER

OTHER = (
    "CREATE SCHEMA o; CREATE TABLE o.accounts (id int, name text);"
    " INSERT INTO o.accounts SELECT n FROM generate_series(1, 7) AS n; ANALYZE o.accounts"
)
DROPS = 'op.drop_column("accounts", "name")'


def told(found: dict[str, object], field: str = "lint") -> list[tuple[object, object]]:
    """Give the table and rows of each finding."""
    findings = found[field]
    assert isinstance(findings, list)
    return [(each["table"], each["rows"]) for each in findings]


@pytest.mark.parametrize(
    "sets",
    [
        "SET search_path TO o",
        "SET LOCAL search_path TO o, public",
        "SELECT set_config('search_path', 'o', false)",
        "SET SCHEMA 'o'",
    ],
)
def test_a_search_path_of_the_script_says_which_table_is_meant(stage: Stage, sets: str) -> None:
    stage.database.execute(OTHER)
    found = answer(stage, f'op.execute("{sets}")\n{DROPS}')
    assert told(found) == [("o.accounts", 7)]
    assert found["lint_unread"] == []


def test_a_path_holds_until_it_is_set_anew_and_a_local_one_for_its_transaction(
    stage: Stage,
) -> None:
    stage.database.execute(OTHER)
    found = answer(
        stage,
        'op.execute("SET LOCAL search_path TO o")',
        DROPS,
        'op.execute("SET search_path TO o")',
        DROPS,
        f'op.execute("RESET search_path")\n{DROPS}',
    )
    assert [table for table, _ in told(found)] == [
        "public.accounts",
        "o.accounts",
        "public.accounts",
    ]


@pytest.mark.parametrize("kind", ["ROLE postgres", "DATABASE template1"])
def test_a_path_for_later_sessions_changes_nothing_here(stage: Stage, kind: str) -> None:
    stage.database.execute(OTHER)
    found = answer(stage, f'op.execute("ALTER {kind} SET search_path TO o")\n{DROPS}')
    assert [table for table, _ in told(found)] == ["public.accounts"]


def test_which_path_is_set_may_not_be_known(stage: Stage) -> None:
    """It is said in each revision after it, and no table of another schema is shown."""
    found = answer(
        stage, "op.execute(\"SELECT set_config('search_path', lower('O'), false)\")", DROPS
    )
    assert told(found) == [("accounts", None)]
    assert found["lint_unread"] == [
        {
            "revision": "0005",
            "why": "line 1 of its SQL names no schema, after a search_path that is not known here",
        }
    ]


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TEMP TABLE accounts (id int)",
        "CREATE TEMPORARY TABLE accounts AS SELECT 1 AS id",
        "SELECT 1 AS id INTO TEMP accounts",
        "CREATE TEMP TABLE IF NOT EXISTS accounts (id int)",
    ],
)
def test_a_temporary_table_is_not_the_real_one(stage: Stage, made: str) -> None:
    found = answer(
        stage,
        f'op.execute("{made}")\n'
        'op.create_index("i", "accounts", ["id"], schema="public")\n'
        'op.drop_column("accounts", "id")',
    )
    assert told(found) == [("public.accounts", 100)]
    assert told(found, "lint_left_out") == [("pg_temp.accounts", None)]
    assert found["lint_unread"] == []


def test_one_that_a_commit_drops_is_gone_in_the_next_revision(stage: Stage) -> None:
    found = answer(stage, 'op.execute("CREATE TEMP TABLE accounts (n int) ON COMMIT DROP")', DROPS)
    assert told(found) == [("public.accounts", 100)]


def test_one_whose_name_squawk_takes_for_another_is_named(stage: Stage) -> None:
    """Once it is dropped, the name means the real table again, but not to squawk."""
    found = answer(
        stage,
        'op.execute("CREATE TEMP TABLE accounts (id int); DROP TABLE accounts;'
        ' CREATE INDEX i ON accounts (name)")',
    )
    (unread,) = found["lint_unread"]
    assert unread["why"] == (
        "line 1 of its SQL is about public.accounts, which squawk takes for a table that the"
        " revision makes"
    )


def test_what_postgres_has_itself_is_looked_into(stage: Stage) -> None:
    body = (
        "op.execute(\"SELECT setval('accounts_id_seq', 1000), now(), pg_sleep(0),"
        " set_config('work_mem', '8MB', true)\")\n"
        "op.execute(\"INSERT INTO accounts (id, name) VALUES (upper('7')::int, coalesce('a'))\")"
    )
    assert answer(stage, body)["lint_unread"] == []


def test_a_table_that_a_revision_fills_is_not_left_out_as_empty(stage: Stage) -> None:
    """orders has no rows now; the rows come with the same revision, or with the one before."""
    fills = "op.execute('INSERT INTO orders (account_id) SELECT id FROM accounts')"
    found = answer(stage, f'{fills}\nop.create_index("i", "orders", ["id"])')
    assert [table for table, _ in told(found)] == ["public.orders"]
    assert found["lint_left_out"] == []


def test_so_it_is_where_an_earlier_revision_fills_it(stage: Stage) -> None:
    fills = "op.execute('INSERT INTO orders (account_id) SELECT id FROM accounts')"
    found = answer(stage, fills, 'op.create_index("i", "orders", ["id"])')
    assert [table for table, _ in told(found)] == ["public.orders"]


ATTACHES = """
    op.execute("CREATE TABLE pp (id int NOT NULL, name text NOT NULL) PARTITION BY RANGE (id)")
    op.execute("ALTER TABLE pp ATTACH PARTITION accounts FOR VALUES FROM (0) TO (10000)")
"""


def test_a_live_partition_of_a_new_table_counts(stage: Stage) -> None:
    """squawk takes it for new within that revision, which is said; the next one has a finding."""
    index = 'op.create_index("{}", "pp", ["name"])'
    found = answer(stage, f"{ATTACHES}\n    {index.format('i')}", index.format("j"))
    assert told(found) == [("public.accounts", 100)]
    (unread,) = found["lint_unread"]
    assert "is about public.accounts, which squawk takes for a table that the" in unread["why"]
    assert stage.run().exit_code == 0


def test_a_table_keeps_its_rows_when_its_schema_is_renamed(stage: Stage) -> None:
    stage.database.execute(OTHER)
    found = answer(
        stage,
        'op.execute("ALTER SCHEMA o RENAME TO p")\nop.drop_column("accounts", "name", schema="p")',
    )
    assert told(found)[-1] == ("o.accounts", 7)
    assert stage.run().exit_code == 0
