"""Which findings of a lint count, decided on data alone."""

import pytest

from headstart.decision.lint import Lint, RevisionSql, judged
from headstart.facts.live_tables import LiveTable, LiveTables
from headstart.facts.remark import Remark

BIG = LiveTable("public", "big", rows=10, bytes=8192, scans=3, writes=10)
BIGGER = LiveTable("s", "bigger", rows=99, bytes=8192, scans=3, writes=10)
EMPTY = LiveTable("public", "empty", rows=0, bytes=0, scans=0, writes=0, pages=False)
LIVE = LiveTables(
    ("public",),
    {(each.schema, each.name): each for each in (BIG, BIGGER, EMPTY)},
    {("public", "i"): ("public", "big")},
)


def lint(*scripts: str) -> Lint:
    """Judge one remark a statement; a statement is what ends with a semicolon."""
    remarks = {
        str(number): [
            Remark("rule", "a message", at, sql.count("\n", 0, at) + 1)
            for at, letter in enumerate(sql)
            if letter == ";"
        ]
        for number, sql in enumerate(scripts)
    }
    revisions = [RevisionSql(str(number), sql) for number, sql in enumerate(scripts)]
    return judged(revisions, remarks, LIVE)


def said(*scripts: str) -> list[str]:
    """Say for each remark its table, or why it does not count."""
    found = lint(*scripts)
    return [each.name or "none" for each in found.findings] + [
        f"{each.name}: {each.left_out}" for each in found.left_out
    ]


def test_a_finding_is_about_the_table_of_its_statement() -> None:
    assert said("ALTER TABLE big ADD x int; ALTER TABLE empty ADD x int;") == [
        "public.big",
        "public.empty: empty",
    ]
    assert said("ALTER TYPE t ADD VALUE 'x';") == ["none"]
    assert said("DROP INDEX i;") == ["public.big"]
    assert said("DROP INDEX nobodys;") == ["none"]
    assert said("ALTER TABLE nobodys ADD x int;") == ["public.nobodys"]


def test_of_several_tables_the_largest_is_named_and_one_that_counts_is_enough() -> None:
    assert said("DROP TABLE empty, big, s.bigger;") == ["s.bigger"]
    assert said("CREATE TABLE new (id int);DROP TABLE empty, new;")[-1].endswith(
        (": new", ": empty")
    )


def test_a_table_of_a_pending_revision_is_new_whatever_becomes_of_it() -> None:
    assert said("CREATE TABLE new (id int)", "ALTER TABLE public.new ADD x int;") == [
        "public.new: new"
    ]
    assert (
        said(
            "CREATE TABLE new (id int)",
            "ALTER TABLE new RENAME TO newer; ALTER TABLE newer SET SCHEMA s",
            "ALTER TABLE s.newer ADD x int;",
        )[-1]
        == "s.newer: new"
    )
    assert said("CREATE TABLE new (id int); CREATE INDEX j ON new (id)", "DROP INDEX j;")[-1] == (
        "public.new: new"
    )


def test_a_table_of_that_name_in_another_schema_is_another_one() -> None:
    assert said("CREATE TABLE bigger (id int)", "ALTER TABLE s.bigger ADD x int;") == ["s.bigger"]
    assert said("ALTER TABLE bigger ADD x int;") == ["s.bigger"]  # the only one of that name


def test_a_live_table_stays_one_under_its_new_name() -> None:
    assert said("ALTER TABLE big RENAME TO huge", "ALTER TABLE huge ADD x int;") == ["public.big"]
    assert said("ALTER TABLE big RENAME TO huge", "DROP INDEX i;") == ["public.big"]


def test_a_table_that_is_dropped_and_made_again_is_new() -> None:
    assert said("DROP TABLE big", "CREATE TABLE IF NOT EXISTS big (id int)", "TRUNCATE big;") == [
        "public.big: new"
    ]


@pytest.mark.parametrize(
    "filling",
    [
        "INSERT INTO empty SELECT 1 FROM big",
        "WITH x AS (INSERT INTO empty VALUES (1) RETURNING *) SELECT * FROM x",
        "COPY empty FROM STDIN",
        "MERGE INTO empty USING big ON true WHEN NOT MATCHED THEN INSERT VALUES (1)",
        "ALTER TABLE empty RENAME TO e; INSERT INTO e VALUES (1); ALTER TABLE e RENAME TO empty",
    ],
)
def test_a_table_that_a_pending_revision_fills_is_not_empty(filling: str) -> None:
    index = "CREATE INDEX j ON empty (id);"
    assert lint(f"{filling}; {index}").findings[-1].name == "public.empty"
    assert said(filling, index)[0] == "public.empty"
    assert said("DELETE FROM empty; INSERT INTO big SELECT 1 FROM empty", index)[-1] == (
        "public.empty: empty"
    )


ATTACHED = (
    "CREATE TABLE pp (id int) PARTITION BY RANGE (id);"
    "ALTER TABLE pp ATTACH PARTITION big FOR VALUES FROM (1) TO (2);"
)
INDEX = "CREATE INDEX j ON pp (id);"


def test_a_new_table_is_as_the_live_one_that_was_attached_to_it() -> None:
    found = lint(ATTACHED + INDEX)
    assert found.findings[-1].table == BIG
    (unread,) = found.unread
    assert "is about public.big, which squawk takes for a table that the revision" in unread.why
    assert said(ATTACHED, INDEX)[0] == "public.big"
    renamed = "ALTER TABLE pp RENAME TO p; ALTER TABLE big RENAME TO p1"
    assert lint(ATTACHED, renamed, INDEX.replace("pp", "p")).findings[-1].table == BIG
    for off in ("ALTER TABLE pp DETACH PARTITION big CONCURRENTLY", "DROP TABLE big"):
        assert lint(ATTACHED, off, INDEX).left_out[-1].name == "public.pp"
    round_about = "ALTER TABLE big ATTACH PARTITION pp FOR VALUES FROM (1) TO (2)"
    assert lint(ATTACHED, round_about, INDEX).findings[-1].table == BIG


def test_a_table_is_the_same_one_after_its_schema_was_renamed() -> None:
    renamed = "ALTER SCHEMA s RENAME TO t"
    assert said(renamed, "ALTER TABLE t.bigger ADD x int;") == ["s.bigger"]
    assert said(renamed, "SET search_path TO t; TRUNCATE bigger;")[-1] == "s.bigger"
    swapped = "ALTER SCHEMA public RENAME TO old; ALTER SCHEMA s RENAME TO public"
    assert said(swapped, "TRUNCATE bigger, old.big;")[-1] == "s.bigger"
    assert said(swapped, "DROP INDEX old.i;")[-1] == "public.big"
    made = "CREATE TABLE s.new (id int); CREATE INDEX k ON s.new (id)"
    assert said(made, renamed, "DROP INDEX t.k;")[-1] == "t.new: new"


def test_a_table_that_is_there_already_is_not_made() -> None:
    found = lint("CREATE TABLE IF NOT EXISTS big (id int)", "TRUNCATE big;")
    assert [each.table for each in found.findings] == [BIG]
    assert [each.revision for each in found.unread] == ["0"]


def test_a_remark_behind_the_last_statement_counts() -> None:
    revisions = [RevisionSql("0", "SELECT 1;")]
    found = judged(revisions, {"0": [Remark("rule", "a message", 50, 2)]}, LIVE)
    assert [(each.rule, each.statement) for each in found.findings] == [("rule", "")]


def test_what_is_not_seen_is_told_for_each_revision() -> None:
    revisions = [
        RevisionSql("1", ""),
        RevisionSql("2", "SELECT 1", "it asks"),
        RevisionSql("3", "SELECT 1;\n\nDO $$ $$"),
        RevisionSql("4", "SELEC", None),
        RevisionSql("5", "SELECT 1"),
    ]
    found = judged(revisions, {"4": [Remark("syntax-error", "expected command", 0, 1)]}, LIVE)
    assert found.findings == ()
    assert [(each.revision, each.why.split(",")[0]) for each in found.unread] == [
        ("1", "it renders no SQL"),
        ("2", "it asks"),
        ("3", "line 3 of its SQL executes code that squawk does not look into"),
        ("4", "squawk cannot read line 1 of its SQL (expected command)"),
    ]
