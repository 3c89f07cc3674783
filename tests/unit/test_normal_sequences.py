"""Sequences in the normal form: a word of the column that makes one, else a fact of its own."""

import pytest

from tests.unit.rows import form

ID = "column||t|id|integer|nextval('t_id_seq'::regclass)|N--"
OWN = "integer 1 1 2147483647 1 1 f"
OWNED = "sequence||t_id_seq|a|t_id_seq|{}|@t@id"
IDENTITY = "column||t|id|integer|~|N{}-"
INTERNAL = "sequence||t_id_seq|i|t_id_seq|{}|@t@id"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([ID, OWNED.format(OWN)], ["column|t|id|integer not null serial"], id="serial"),
        pytest.param(
            [ID.replace("t_id_seq", "t_id_seq1"), OWNED.format(OWN).replace("_seq", "_seq1")],
            ["column|t|id|integer not null serial"],
            id="a name that was taken when the table was made",
        ),
        pytest.param(
            [ID, OWNED.format(OWN).replace("||t_id_seq|", "||ids|")],
            ["column|t|id|integer not null serial (name ids)"],
            id="a name of its own",
        ),
        pytest.param(
            [ID, OWNED.format("bigint 1 1 9223372036854775807 1 1 f")],
            ["column|t|id|integer not null serial"],
            id="the limits of its own type",
        ),
        pytest.param(
            [ID, OWNED.format("integer 2 1 2147483647 100 1 f")],
            ["column|t|id|integer not null serial (increment 2, start 100)"],
            id="parameters",
        ),
        pytest.param(
            [IDENTITY.format("a"), INTERNAL.format(OWN)],
            ["column|t|id|integer not null identity always"],
            id="identity always",
        ),
        pytest.param(
            [IDENTITY.format("d"), INTERNAL.format("integer 1 1 2147483647 9 1 f")],
            ["column|t|id|integer not null identity by default (start 9)"],
            id="identity by default",
        ),
        pytest.param(
            ["column||t|id|integer|~|N--", OWNED.format(OWN)],
            ["column|t|id|integer not null", "sequence|t_id_seq||integer, owned by t.id"],
            id="owned, and not the default",
        ),
        pytest.param(
            [ID, OWNED.format(OWN).replace("|a|", "|~|").replace("@t@id", "~")],
            [
                "column|t|id|integer not null default nextval('t_id_seq'::regclass)",
                "sequence|t_id_seq||integer",
            ],
            id="the default, and not owned",
        ),
        pytest.param(
            [
                "column||T's|Id|integer|nextval('\"T''s_Id_seq\"'::regclass)|N--",
                "sequence||T's_Id_seq|a|\"T's_Id_seq\"|" + OWN + "|@T's@Id",
            ],
            ['column|"T\'s"|"Id"|integer not null serial'],
            id="names to quote",
        ),
    ],
)
def test_a_sequence_that_a_column_makes_is_a_word_of_the_column(
    rows: list[str], expected: list[str]
) -> None:
    assert form(*rows) == expected


LONG = "t" * 40, "c" * 40


def test_a_sequence_of_long_names_is_called_as_postgres_calls_it() -> None:
    name = "t" * 29 + "_" + "c" * 29 + "_seq"
    assert len(name) == 63
    table, column = LONG
    rows = (
        f"column||{table}|{column}|integer|nextval('{name}'::regclass)|N--",
        f"sequence||{name}|a|{name}|{OWN}|@{table}@{column}",
    )
    assert form(*rows) == [f"column|{table}|{column}|integer not null serial"]
