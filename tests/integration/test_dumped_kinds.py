"""Each kind of object that pg_dump writes is a fact, or deliberately none: docs say which."""

import re
from collections.abc import Iterator

import pytest

from tests.harness.environment import ROOT
from tests.harness.server import Database
from tests.integration.dumped_kinds import BEGIN, END, EVERY, Dumped
from tests.integration.schema_reading import read

_ROW = re.compile(r"^\| ([^|]+) \| (fact|none) \| ", re.MULTILINE)
_TYPE = re.compile(r"^-- (?:Data for )?Name: .*; Type: ([^;]+);", re.MULTILINE)


@pytest.fixture
def kinds(database: Database) -> Iterator[list[Dumped]]:
    """The kinds that this server has; what they are made of is there."""
    version = database.query("SELECT current_setting('server_version_num')::int / 10000")[0][0]
    database.execute(BEGIN)
    yield [each for each in EVERY if each.since <= version]
    if database.query("SELECT 1 FROM pg_subscription WHERE subname = 'sub'"):
        database.execute(END)


def test_what_is_called_a_fact_changes_the_schema_and_nothing_else_does(
    database: Database, kinds: list[Dumped]
) -> None:
    before = read(database.parameters).lines
    told, seen = {}, {}
    for each in kinds:
        database.execute(each.make)
        after = read(database.parameters).lines
        told[each.kind], seen[each.kind] = each.fact, after != before
        before = after
    assert seen == told


@pytest.mark.parametrize("beside_others", [False, True])
def test_each_fact_is_found_by_the_names_and_kinds_of_a_file_that_has_it(
    database: Database, kinds: list[Dumped], beside_others: bool
) -> None:
    for each in kinds:
        database.execute(each.make)
    every = read(database.parameters).lines
    names = frozenset(line.split("\t")[1] for line in every)
    rare = frozenset(line.split("\t")[0] for line in every)
    found = read(database.parameters, names=names, kinds=rare, beside_others=beside_others)
    assert found.lines == every


def test_pg_dump_knows_no_kind_that_is_not_named_here(
    database: Database, kinds: list[Dumped]
) -> None:
    for each in kinds:
        database.execute(each.make)
    dumped = database.client("pg_dump", "--no-sync")
    every = {each.dumped for each in kinds if each.dumped}
    assert set(_TYPE.findall(dumped)) - {"DEFAULT", "INDEX ATTACH", "BLOBS"} == every


def test_the_documents_name_each_kind_and_say_the_same() -> None:
    text = (ROOT / "docs" / "fingerprints.md").read_text()
    assert sorted(_ROW.findall(text)) == sorted(
        (each.kind, "fact" if each.fact else "none") for each in EVERY
    )
