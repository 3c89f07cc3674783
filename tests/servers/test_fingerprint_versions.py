"""The same history has the same fingerprints on PostgreSQL 13 to 18, and after dump and restore."""

from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path

import pytest

from headstart.fingerprint.catalog.rare_rows import RARE, SINCE
from tests.harness.environment import ROOT
from tests.harness.project import ProjectCopy, copy_plain
from tests.harness.slow import run
from tests.servers.databases import Database
from tests.servers.fingerprints import (
    VERSIONS,
    as_history,
    fingerprint,
    own_ini,
    read,
    restore,
    scripts,
)

Servers = Mapping[int, Database]
BUILT_ON = 15
"""Neither the oldest nor the newest, so that both directions are seen."""
OTHERS = [version for version in VERSIONS if version != BUILT_ON]
OWN_FILE = ROOT / "alembic" / "fingerprints.txt"
KINDS = {
    "check", "column", "composite", "domain", "enum", "exclude", "extension", "fk", "function",
    "index", "matview", "pk", "policy", "range", "rule", "schema", "sequence", "statistics",
    "table", "trigger", "unique", "view", *RARE.keys() - SINCE.keys() - {"language"},
}  # fmt: skip
GENERATED = """\
new = op.get_bind().dialect.server_version_info >= (18,)
op.execute(f"CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) {'' if new else 'STORED'})")
"""
"""Without STORED it is VIRTUAL on 18 and a mistake before."""


@pytest.fixture(scope="module")
def servers(official_servers: Callable[[int], Database]) -> Servers:
    """A server of each version."""
    return {version: official_servers(version) for version in VERSIONS}


@pytest.fixture(scope="module")
def built(servers: Servers) -> Mapping[int, Database]:
    """On each server a database with every kind of object that it can have."""
    made = {version: server.create() for version, server in servers.items()}
    for version, database in made.items():
        for script in scripts(version):
            database.query(script.read_text())
    return made


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    """A project to put a history into."""
    return copy_plain(tmp_path / "project")


@pytest.fixture(scope="module")
def of_every_kind(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ProjectCopy, Path]:
    """A history of every kind of object, and its file, which one server has built."""
    folder = tmp_path_factory.mktemp("of_every_kind")
    history = as_history(copy_plain(folder / "project"), scripts(13))
    file = folder / "fingerprints.txt"
    build = fingerprint("build", servers[BUILT_ON].create().url(), history.ini, file)
    assert build.exit_code == 0, build
    return history, file


@pytest.fixture(scope="module")
def of_two_servers(
    servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ProjectCopy, Path]:
    """A history that builds another schema on 18, and the file with both."""
    folder = tmp_path_factory.mktemp("of_two_servers")
    history = as_history(copy_plain(folder / "project"), [])
    history.add("0001", None, GENERATED)
    file = folder / "fingerprints.txt"
    for version in (16, 18):
        build = fingerprint("build", servers[version].create().url(), history.ini, file)
        assert build.exit_code == 0, build
    return history, file


def lines_since(built: Mapping[int, Database], first: int, version: int) -> frozenset[str]:
    """What the scripts up to that of version `first` have built on a server."""
    begun = {v for v in VERSIONS if v <= first}
    objects = {line.split("\t")[1] for v in begun for line in read(built[v]).lines}
    return frozenset(each for each in read(built[version]).lines if each.split("\t")[1] in objects)


def test_the_script_has_every_kind_of_line(built: Mapping[int, Database]) -> None:
    assert {line.split("\t")[0] for line in read(built[13]).lines} == KINDS


@pytest.mark.parametrize(("first", "version"), list(combinations(VERSIONS, 2)))
def test_what_a_version_builds_looks_the_same_on_each_later_one(
    built: Mapping[int, Database], first: int, version: int
) -> None:
    expected = read(built[first]).lines
    found = lines_since(built, first, version)
    assert (sorted(expected - found), sorted(found - expected)) == ([], [])


@pytest.mark.parametrize("version", VERSIONS)
def test_dump_and_restore_keep_every_line(
    servers: Servers, built: Mapping[int, Database], version: int
) -> None:
    source, target = built[version], servers[version].create()
    restore(source, target)
    assert read(target).lines ^ read(source).lines == frozenset()


@pytest.mark.parametrize("version", [16, 17])
def test_a_restore_on_a_newer_server_keeps_every_line(
    servers: Servers, built: Mapping[int, Database], version: int
) -> None:
    """From 16 on: what an older server prints means another thing where "system_user" is a name."""
    source, target = built[version], servers[18].create()
    restore(source, target)
    assert read(target).lines ^ read(source).lines == frozenset()


def test_a_view_that_selects_extract_is_the_same_on_each_server(servers: Servers) -> None:
    """Its column is numeric from 14 on; what the view says is the same."""
    made = {version: server.create() for version, server in servers.items()}
    for database in made.values():
        database.query("CREATE TABLE t (d date)")
        database.query("CREATE VIEW v AS SELECT extract(year FROM d) AS y FROM t")
    found = {version: read(database).lines for version, database in made.items()}
    assert [v for v in VERSIONS if found[v] != found[18]] == []


@pytest.mark.parametrize("version", OTHERS)
def test_a_file_that_is_built_on_one_server_holds_on_each_other(
    servers: Servers, of_every_kind: tuple[ProjectCopy, Path], version: int
) -> None:
    """As the commands show it; that check can fail here is shown below."""
    history, file = of_every_kind
    checked = fingerprint("check", servers[version].create().url(), history.ini, file)
    assert checked.exit_code == 0, checked


@pytest.mark.parametrize("version", VERSIONS)
def test_this_repositorys_own_file_holds_on_each_server(servers: Servers, version: int) -> None:
    checked = fingerprint("check", servers[version].create().url(), own_ini(), OWN_FILE)
    assert checked.exit_code == 0, checked


def test_what_another_server_builds_otherwise_is_stale_until_it_is_recorded(
    servers: Servers, project: ProjectCopy, tmp_path: Path
) -> None:
    """It is recorded as a variant, upgrade@pg18, and what is on file for the older one stays."""
    as_history(project, [])
    project.add("0001", None, GENERATED)
    file = tmp_path / "fingerprints.txt"

    def on(version: int, word: str) -> int:
        return fingerprint(word, servers[version].create().url(), project.ini, file).exit_code

    assert on(16, "build") == 0
    assert (on(16, "check"), on(18, "check")) == (0, 24)
    assert on(18, "build") == 0
    assert "state 0001~upgrade@pg18 parent=0001" in file.read_text()
    assert "+column\tt\tb\tinteger generated (a * 2) stored" in file.read_text()
    assert "+column\tt\tb\tinteger generated (a * 2) virtual" in file.read_text()
    assert (on(16, "check"), on(18, "check")) == (0, 0)


@pytest.mark.parametrize("version", [16, 18])
def test_a_variant_of_a_server_is_adopted_and_no_drift_there(
    servers: Servers, of_two_servers: tuple[ProjectCopy, Path], version: int
) -> None:
    project, file = of_two_servers
    database = servers[version].create()
    names = {"HEADSTART_ALEMBIC_INI": project.ini, "HEADSTART_FINGERPRINTS": str(file)}
    assert run(database.url(), **names).outcome == "upgraded"
    database.query("DROP TABLE alembic_version")
    adopted = run(database.url(), **names)
    assert (adopted.outcome, adopted.verdict["to"]) == ("baselined", ["0001"])
    assert run(database.url(), "check", **names).exit_code == 0
