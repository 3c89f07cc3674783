"""Which constants and defaults a type takes, and which partitions retention may have taken.

tests/newer has the proof: the same defaults on real servers.
"""

from datetime import UTC, datetime

import pytest

from headstart.fingerprint.newer.columns import new_column
from headstart.fingerprint.newer.constants import is_valid
from headstart.fingerprint.newer.retention import not_old, of_retired
from headstart.fingerprint.newer.ruling import Effect
from headstart.fingerprint.newer.schema import Pair, Schema, Surroundings

BEFORE = ("table|t||table", "column|t|a|text not null", "enum|mood||'sad', 'it''s'")
PLAIN = "domain|plain||character varying(3)"

TAKEN = (
    ("32766", "smallint"), ("-1", "bigint"), ("99.99", "numeric(4,2)"), ("1.5", "real"),
    ("'abc'", "character varying(3)"), ("'it''s'", "character varying(4)"), ("'x'", "text"),
    ("'sad'", "mood"), ("'it''s'", "mood"), ("'{}'", "integer[]"), ("'{a,b}'", "text[]"),
    ("'2026-01-31'", "date"), ("'2026-01-31 10:00:00+00'", "timestamp with time zone"),
    ("'{\"a\": [1]}'", "jsonb"), ("'1 day'", "interval"), ("'01:00:00'", "interval"),
    ("'1 year -2 mons 3 days 04:05:06'", "interval"), ("'{a, b c}'", "text[]"),
    ("'2026-01-31T10:00'", "timestamp without time zone"),
    ("'00000000-0000-0000-0000-000000000000'", "uuid"), ("5", "character varying(1)"),
)  # fmt: skip
NOT_TAKEN = (
    ("32768", "smallint"), ("3000000000", "integer"), ("100", "numeric(4,2)"), ("'1'", "integer"),
    ("99.996", "numeric(4,2)"), ("'abcd'", "character varying(3)"), ("'bad'", "mood"),
    ("'{1}'", "integer[]"), ("'{'", "text[]"), ("'2026-02-30'", "date"), ("'2026-W01-1'", "date"),
    ("'20260101'", "date"), ("'{'", "jsonb"), ("'NaN'", "jsonb"), ("'1e999999'", "jsonb"),
    ("'\"\\u0000\"'", "jsonb"), ("'soon'", "interval"), ("'x'", "uuid"), ("'x'", "inet"),
    ("'{a,,b}'", "text[]"), ("'{a, }'", "text[]"), ("'{,}'", "text[]"), ("'{ }'", "text[]"),
    ("'1 day 1 day'", "interval"), ("'1:99'", "interval"), ("'1:00:99'", "interval"),
    ("'1 day 1 year'", "interval"),
    ("'2026-01-31x10:00'", "timestamp without time zone"), ("'" + "[" * 5000 + "'", "json"),
    ("'2026-01-31 10'", "timestamp(3) with time zone"), ("'" + "9" * 5000 + "'", "jsonb"),
    ("'" + "[" * 3000 + "]" * 3000 + "'", "json"), ("9" * 131072, "numeric(5,2)"),
    ("B'11'", "bit(3)"), (r"E'\\'", "text"), ("10", "character varying(1)"), ("'x'", "unknown"),
)  # fmt: skip


def tabbed(*lines: str) -> list[str]:
    return [line.replace("|", "\t") for line in lines]


@pytest.mark.parametrize(("constant", "kind"), TAKEN)
def test_what_a_type_takes(constant: str, kind: str) -> None:
    assert is_valid(constant, kind, Schema.of(tabbed(*BEFORE)))


@pytest.mark.parametrize(("constant", "kind"), NOT_TAKEN)
def test_what_a_type_refuses_or_nobody_knows(constant: str, kind: str) -> None:
    assert not is_valid(constant, kind, Schema.of(tabbed(*BEFORE)))


DEFAULTS = (
    (Effect.HARMLESS, "timestamp without time zone default timezone('utc', now())"),
    (Effect.DOUBTFUL, "timestamp without time zone default timezone('nowhere', now())"),
    (Effect.HARMLESS, "character varying(36) default gen_random_uuid()"),
    (Effect.DOUBTFUL, "character varying(35) default gen_random_uuid()"),
    (Effect.HARMLESS, "timestamp with time zone default CURRENT_TIMESTAMP"),
    (Effect.DOUBTFUL, "character varying(9) default now()"),
    (Effect.HARMLESS, "text[] not null default ARRAY[]"),
    (Effect.HARMLESS, "boolean default false"),
    (Effect.DOUBTFUL, "integer default false"),
    (Effect.BREAKING, "integer not null default NULL::integer"),
    (Effect.HARMLESS, "plain default 'abc'"),
    (Effect.DOUBTFUL, "plain default 'abcd'"),
    (Effect.HARMLESS, "bigint not null identity always (name x)"),
    (Effect.DOUBTFUL, "bigint not null identity always (maxvalue 9)"),
    (Effect.DOUBTFUL, "smallint not null serial"),
    (Effect.DOUBTFUL, "character varying(9) generated (lower(a)) stored"),
    (Effect.HARMLESS, "text not null generated (lower(a)) stored"),
    (Effect.DOUBTFUL, "text generated (lower(b)) stored"),
)


@pytest.mark.parametrize(("effect", "column"), DEFAULTS)
def test_what_a_row_gets_that_leaves_the_column_out(effect: Effect, column: str) -> None:
    after = Schema.of(tabbed(*BEFORE, PLAIN, f"column|t|x|{column}"))
    pair = Pair(Schema.of(tabbed(*BEFORE)), after, Surroundings())
    assert new_column(pair, after.facts["column", "t", "x"]).effect is effect


@pytest.mark.parametrize("name", ["now", "timezone"])
def test_a_function_of_the_databases_own_may_be_the_one_that_is_called(name: str) -> None:
    column = "column|t|x|timestamp without time zone default timezone('utc', now())"
    lines = tabbed(*BEFORE, f"function|{name}|()|() returns x language sql body 0", column)
    pair = Pair(Schema.of(tabbed(*BEFORE)), Schema.of(lines), Surroundings())
    assert new_column(pair, pair.after.facts["column", "t", "x"]).effect is Effect.DOUBTFUL


PART = "table|{}||table, partition of e FOR VALUES FROM {} TO({})"
PARENT = "table|e||partitioned table, by RANGE(at)"
OLD, MIDDLE, NEW = (
    PART.format(f"e{year}", f"'{year}-01-01'", f"'{year + 1}-01-01'") for year in (2024, 2025, 2026)
)
OF_A_LIST = "table|l||table, partition of e FOR VALUES IN('a')"


@pytest.mark.parametrize(
    ("gone", "needed"),
    [
        ((OLD,), False),
        ((OLD, MIDDLE), False),
        ((MIDDLE,), True),
        ((NEW,), True),
        ((OF_A_LIST,), True),
        ((OLD, MIDDLE, NEW), True),
    ],
    ids=str,
)
def test_retention_takes_the_oldest_partitions_of_a_range(
    gone: tuple[str, ...], needed: bool
) -> None:
    every = (PARENT, OLD, MIDDLE, NEW, OF_A_LIST)
    kept = not_old(tabbed(*every), tabbed(*(each for each in every if each not in gone)))
    names = {each.split("|")[1] for each in gone}
    assert bool(names & kept) == needed


NOW = datetime(2026, 11, 30, tzinfo=UTC)
BY_DAY = ("column|e|at|date not null", "column|e|n|integer", "column|e|name|text")
UNTIL = "table|old||table, partition of e FOR VALUES FROM '2024-01-01' TO({})"


@pytest.mark.parametrize(
    ("key", "end", "effect"),
    [
        ("at", "'2025-01-01'", Effect.HARMLESS),
        ("at", "'2026-11-23'", Effect.HARMLESS),
        ("at", "'2026-11-23 00:00:00+00'", Effect.HARMLESS),
        ("at", "'2026-11-24'", Effect.DOUBTFUL),
        ("at", "'2026-11-23 02:00:00-02'", Effect.DOUBTFUL),
        ("at", "'2027-01-01'", Effect.DOUBTFUL),
        ("at", "MAXVALUE", Effect.DOUBTFUL),
        ("at", "'infinity'", Effect.DOUBTFUL),
        ("at", "'0044-03-15 BC'", Effect.DOUBTFUL),
        ("at", "'9999-12-31 23:59:59-15'", Effect.DOUBTFUL),
        ("n", "'2025'", Effect.DOUBTFUL),
        ("name", "'2025-01-01'", Effect.DOUBTFUL),
        ("at, n", "'2025-01-01', '1'", Effect.DOUBTFUL),
        ("date_trunc('day', at)", "'2025-01-01'", Effect.DOUBTFUL),
    ],
    ids=str,
)
@pytest.mark.parametrize("detached", ["", " (detached)"])
def test_a_partition_that_is_gone_is_old_by_the_servers_clock(
    key: str, end: str, effect: Effect, detached: str
) -> None:
    lines = tabbed(f"table|e||partitioned table, by RANGE({key})", *BY_DAY, UNTIL.format(end))
    ((text, ruling),) = of_retired(lines, [f"old{detached}"], NOW)
    assert (text, ruling.effect) == (f"- partition old{detached} of e", effect)
    ((_, unknown),) = of_retired(lines, ["old"], None)
    assert unknown.effect is Effect.DOUBTFUL


def test_a_part_of_a_part_goes_with_it() -> None:
    part = "table|p||table, partition of old FOR VALUES IN('a')"
    lines = tabbed(PARENT, *BY_DAY, UNTIL.format("'2025-01-01'"), part, NEW)
    assert not {"old", "p"} & not_old(lines, tabbed(PARENT, *BY_DAY, NEW))
    assert [text for text, _ in of_retired(lines, ["old", "p"], NOW)] == ["- partition old of e"]


def test_moments_are_older_by_their_time_not_by_their_length() -> None:
    old, new = (
        PART.format(name, f"'{start}+00'", "MAXVALUE")
        for name, start in (("old", "2026-01-01 10:00:00.5"), ("new", "2027-01-01 10:00:00"))
    )
    least = PART.format("least", "MINVALUE", "'2026-01-01 10:00:00.5+00'")
    assert "old" not in not_old(tabbed(PARENT, old, new), tabbed(PARENT, new))
    assert "new" in not_old(tabbed(PARENT, old, new), tabbed(PARENT, old))
    assert "least" not in not_old(tabbed(PARENT, least, new), tabbed(PARENT, new))
    assert "new" in not_old(tabbed(PARENT, least, new), tabbed(PARENT, least))


def test_numbers_are_no_texts() -> None:
    nine, ten = (PART.format(f"e{n}", f"'{n}'", f"'{n + 1}'") for n in (9, 10))
    assert not_old(tabbed(PARENT, nine, ten), tabbed(PARENT, ten)) == frozenset()
    assert "e10" in not_old(tabbed(PARENT, nine, ten), tabbed(PARENT, nine))
