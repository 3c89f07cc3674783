"""What a proof costs: round trips, CPU of a process, time against SQLAlchemy's Inspector, sizes."""

import gzip
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from fingerprint_histories import READING, Replayable
from sqlalchemy import Inspector, NullPool, create_engine, inspect

from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.catalog.normal_form import NORMAL_FORM
from headstart.fingerprint.file.states import Delta, Fingerprints, RecordedState
from headstart.fingerprint.file.text import file_text, read_file
from headstart.fingerprint.match.equal_schemas import Answers
from headstart.fingerprint.match.find import find
from headstart.fingerprint.match.finding import Finding, HalfApplied, Proven, Unlike
from headstart.fingerprint.match.recording import Recording
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import connect
from headstart.settings.driver_url import sqlalchemy_url
from tests.harness.embedded import PostgresServer
from tests.harness.environment import clean_environ
from tests.harness.proxy import MessageCounter

COLUMNS = (
    "id bigint PRIMARY KEY, name varchar(200) NOT NULL, parent bigint, amount numeric(12,2),"
    " state text NOT NULL DEFAULT 'new', note text, detail jsonb, score integer DEFAULT 0,"
    " created_at timestamptz NOT NULL DEFAULT now(), done boolean NOT NULL"
)
"""Ten, one of them the key."""
BARE = "import json, sys, psycopg2; psycopg2.connect(**json.loads(sys.argv[1])).close()"
PROOF = """
import json, sys
from pathlib import Path
from headstart.postgres.catalog import Catalog
from headstart.postgres.connection import connect
from headstart.fingerprint.file.text import read_file
from headstart.fingerprint.catalog.query import Reading
from headstart.fingerprint.match.scope import live_schema
from headstart.fingerprint.match.search import search
from headstart.facts.state import History

known = read_file(Path(sys.argv[2]).read_text(encoding="utf-8"))
edges = {each.name: frozenset(filter(None, [each.parent])) for each in known.states}
with connect(json.loads(sys.argv[1]), "bench") as connection:
    reading = Reading(None, "alembic_version", None, known.objects)
    live = live_schema(Catalog(connection).read(reading), known)
found = search(live.lines, known, History(edges, edges, frozenset()))
assert found.exact[0].name == known.states[-1].name, found
"""
"""What a check does beside reading the scripts: load, connect, read, search."""


def make_tables(server: PostgresServer, name: str, count: int) -> list[str]:
    """A database of tables with 10 columns and 4 indexes or constraints each; gives their SQL."""
    tables = []
    for number in range(count):
        table = f"table_{number:04}"
        parent = f"table_{max(0, number - 1):04}"
        tables.append(
            f"CREATE TABLE {table} ({COLUMNS}, CONSTRAINT {table}_parent FOREIGN KEY (parent)"
            f" REFERENCES {parent} (id), CONSTRAINT {table}_ck CHECK (state IN ('new', 'old')));"
            f" CREATE INDEX {table}_name ON {table} (name, created_at)"
        )
    server.execute(f"CREATE DATABASE {name}")
    for start in range(0, count, 50):
        server.execute("; ".join(tables[start : start + 50]), dbname=name)
    return tables


def fingerprints_of(server: PostgresServer, name: str) -> Fingerprints:
    """A state for each table of a database, as if each had a revision."""
    with connect(server.parameters(dbname=name), "bench") as connection:
        lines = Catalog(connection).read(READING).lines
    recording = Recording(Fingerprints((), {"normal_form": NORMAL_FORM}), {})
    done: frozenset[str] = frozenset()
    for table in sorted({line.split("\t")[1] for line in lines}):
        done |= {line for line in lines if line.split("\t")[1] == table}
        recording.see(
            RecordedState(f"at_{table}", None, frozenset([f"at_{table}"]), Delta(), ""), done
        )
    return recording.done()


def messages_of_a_read(server: PostgresServer, name: str) -> Counter[str]:
    """The messages that a client sends for one Catalog.read, by their type byte."""
    given = server.parameters(dbname=name, sslmode="disable", gssencmode="disable")
    with MessageCounter("127.0.0.1", server.port) as proxy:
        given |= {"host": "127.0.0.1", "port": str(proxy.port)}
        with connect(given, "bench") as connection:
            before = proxy.sent.copy()
            Catalog(connection).read(READING)
            return proxy.sent - before


def process_pairs(server: PostgresServer, name: str, file: Path, pairs: int) -> list[float]:
    """CPU milliseconds of a proof's process above those of a bare one, pair by pair."""
    given = json.dumps(server.parameters(dbname=name))
    commands = [[sys.executable, "-c", code, given, str(file)] for code in (PROOF, BARE)]
    found = []
    for number in range(pairs + 1):
        order = commands if number % 2 else commands[::-1]
        took = {command[2]: _cpu_seconds(command) for command in order}
        found.append(1000 * (took[PROOF] - took[BARE]))
    return found[1:]  # the first one warms up


def _cpu_seconds(command: list[str]) -> float:
    root = Path(__file__).parents[1]
    process = subprocess.Popen(command, cwd=root, env=clean_environ())
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"a proof's process ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


@dataclass(frozen=True)
class Ratio:
    """Medians of pairs, in wall seconds."""

    theirs: float
    ours: float
    ratio: float


BY_TABLE = "by table"
"""The way in which most programs use Inspector: get_columns() of a table, and so on."""


def inspector_ratios(server: PostgresServer, name: str, pairs: int) -> Mapping[str, Ratio]:
    """SQLAlchemy's Inspector against Catalog.read: all tables at once, and one after another."""
    given = server.parameters(dbname=name)
    engine = create_engine(sqlalchemy_url(given), poolclass=NullPool)
    found = {}
    for way, work in (("all at once", _inspect_at_once), (BY_TABLE, _inspect_each)):
        took = []
        for _ in range(pairs):
            with engine.connect() as connection:
                theirs = _seconds(partial(work, inspect(connection)))
            with connect(given, "bench") as own:
                took.append((theirs, _seconds(partial(Catalog(own).read, READING))))
        ratio = statistics.median(theirs / ours for theirs, ours in took)
        theirs, ours = (statistics.median(column) for column in zip(*took, strict=True))
        found[way] = Ratio(theirs, ours, ratio)
    return found


def _inspect_at_once(inspector: Inspector) -> None:
    inspector.get_multi_columns()
    inspector.get_multi_pk_constraint()
    inspector.get_multi_foreign_keys()
    inspector.get_multi_indexes()
    inspector.get_multi_unique_constraints()
    inspector.get_multi_check_constraints()


def _inspect_each(inspector: Inspector) -> None:
    for table in inspector.get_table_names():
        inspector.get_columns(table)
        inspector.get_pk_constraint(table)
        inspector.get_foreign_keys(table)
        inspector.get_indexes(table)
        inspector.get_unique_constraints(table)
        inspector.get_check_constraints(table)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sizes(one: Replayable) -> tuple[float, float]:
    """Bytes a revision, as it is and gzipped."""
    data, revisions = one.file.encode(), len(one.history.requirements)
    return len(data) / revisions, len(gzip.compress(data, mtime=0)) / revisions


def search_times(one: Replayable, random: Random, rounds: int) -> dict[str, float]:
    """CPU milliseconds of loading a file and searching it, by what is found: medians."""
    known = one.known
    names = [state.name for state in known.states if len(state.delta) > 1]
    lives: dict[type[Finding], frozenset[str]] = {Proven: known.lines(_unique(known))}
    half = known.by_name[names[-1]]
    part = sorted(half.delta.added | half.delta.removed)[:1]
    lives[HalfApplied] = known.lines(str(half.parent)) ^ frozenset(part)
    middle = known.lines(names[len(names) // 2])
    odd = {f"column\tnobody\tknows_{number}\ttext" for number in range(5)}
    lives[Unlike] = middle - frozenset(random.sample(sorted(middle), 5)) | odd
    found = {}
    for kind, live in lives.items():
        took = [_search_seconds(one, live, kind) for _ in range(rounds)]
        found[kind.__name__] = 1000 * statistics.median(took)
    return found


def _search_seconds(one: Replayable, live: frozenset[str], kind: type[Finding]) -> float:
    start = time.process_time()
    found = find(Live(live), read_file(one.file), one.history, lambda _: Answers({}, {}))
    took = time.process_time() - start
    if not isinstance(found, kind):
        raise SystemExit(f"what should be {kind.__name__} is {found}")
    return took


def _unique(known: Fingerprints) -> str:
    """The newest state whose schema no other has."""
    roots = Counter(state.root for state in known.states)
    return [state.name for state in known.states if roots[state.root] == 1][-1]


def write_file(known: Fingerprints, path: Path) -> Path:
    """Write fingerprints to a file."""
    path.write_text(file_text(known), encoding="utf-8")
    return path
