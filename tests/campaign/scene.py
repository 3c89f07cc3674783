"""One faulted run: a kind of fault at a moment, a project, a way of connecting; and what held."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from subprocess import TimeoutExpired

import psycopg2

from tests.campaign.kinds import KINDS, Kind, Place
from tests.campaign.projects import LEAVING, REVISIONS, UNDO, Project, state_of
from tests.harness.embedded import PASSWORD, PostgresServer
from tests.harness.program import Run, start_headstart
from tests.harness.proxy import FaultyNetwork
from tests.harness.result import Result
from tests.harness.server import Database, a_role, empty_database, refusing_port

GIVES_UP = frozenset({1, 2, *range(20, 27)})
LONGEST_SECONDS = 90
SETTLED_SECONDS = 30
MOMENTS = (
    ("start", ""),
    ("database_accepted", ""),
    ("lock_acquired", ""),
    ("env_configured", ""),
    ("plan_made", ""),
    *(("revision_started", revision) for revision in REVISIONS),
    *(("revision_applied", revision) for revision in REVISIONS),
)
WAYS = ("direct", "through a proxy", "two hosts")
OURS = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name LIKE 'headstart:%'"
)
INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"


@dataclass
class Report:
    """What came of one: its exit codes, those of the runs after it, and what did not hold."""

    number: int
    kind: str
    moment: str
    project: str
    way: str
    exits: list[int] = field(default_factory=list)
    person: bool = False
    violations: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Scene:
    """What the seed and the number say; the same again for the same two."""

    number: int
    kind: Kind
    moment: tuple[str, str]
    pause_seconds: float
    project: Project
    way: str
    dice: Random

    @classmethod
    def drawn(cls, seed: int, number: int, projects: tuple[Project, ...]) -> "Scene":
        """Each kind in its turn; all else by the dice."""
        dice = Random(f"{seed}:{number}")
        kind = KINDS[number % len(KINDS)]
        network = kind.name.startswith(("connections reset", "network"))
        way = "through a proxy" if network else dice.choice(WAYS)
        moment, pause = dice.choice(MOMENTS), dice.choice((0, dice.uniform(0, 0.25)))
        return cls(number, kind, moment, pause, dice.choice(projects), way, dice)

    def play(self, server: PostgresServer) -> Report:
        """Run it, and the runs after it, on a database of its own."""
        moment = " ".join(filter(None, self.moment))
        report = Report(self.number, self.kind.name, moment, self.project.name, self.way)
        with (
            empty_database(server) as database,
            a_role(database, "mig") as role,
            FaultyNetwork(server.port) as network,
        ):
            database.execute(f"ALTER SCHEMA public OWNER TO {role}")
            _Stage(self, report, server, database, role, network).play()
        return report


@dataclass
class _Stage:
    scene: Scene
    report: Report
    server: PostgresServer
    database: Database
    role: str
    network: FaultyNetwork

    def play(self) -> None:
        kind, report = self.scene.kind, self.report
        with self._started(self._url(self.scene.way)) as run:
            place = Place(run, self.database, self.server, self.network, self.role, self.scene.dice)
            self._await_moment(run)
            kind.act(place)
            faulted = self._end(run)
            kind.heal(place)
        if faulted is None:
            return
        report.exits.append(faulted.exit_code)
        self._look_at(faulted)
        gave_up = kind.transient and faulted.exit_code in GIVES_UP - kind.exits
        if gave_up and not self._needs_a_person(faulted):
            report.violations.append(f"gave up with {faulted.exit_code}: {_last(faulted)}")
        self._undisturbed()
        self._settled()

    @contextmanager
    def _started(self, url: str) -> Iterator[Run]:
        with tempfile.TemporaryDirectory() as folder:
            message = Path(folder, "termination")
            message.touch()
            environ = {
                "DATABASE_URL": url,
                "HEADSTART_ALEMBIC_INI": str(self.scene.project.ini),
                "HEADSTART_TERMINATION_LOG": str(message),
                "HEADSTART_WAIT_SECONDS": "6",
                "HEADSTART_LOCK_SECONDS": "15",
                "HEADSTART_DDL_LOCK_TIMEOUT_SECONDS": "1",
                "HEADSTART_HEARTBEAT_SECONDS": "1",
            }
            with start_headstart(env=environ) as run:
                yield run

    def _url(self, way: str) -> str:
        url = self.database.url_of(self.role)
        if way == "through a proxy":
            return self.network.through(url)
        if way == "two hosts":  # the first one refuses
            there = f"127.0.0.1:{self.server.port}"
            return url.replace(there, f"127.0.0.1:{refusing_port()},{there}")
        return url

    def _await_moment(self, run: Run) -> None:
        event, revision = self.scene.moment
        wanted = {"event": event, **({"revision": revision} if revision else {})}
        until = time.monotonic() + LONGEST_SECONDS
        while event != "start" and run.process.poll() is None and time.monotonic() < until:
            if any(wanted.items() <= said.items() for said in run.events()):
                break
            time.sleep(0.005)
        time.sleep(self.scene.pause_seconds)

    def _end(self, run: Run) -> Result | None:
        try:
            return run.end(LONGEST_SECONDS)
        except TimeoutExpired:
            self.report.violations.append(f"no end within {LONGEST_SECONDS} s")
            return None

    def _rows(self) -> list[str]:
        with suppress(psycopg2.errors.UndefinedTable):
            return [str(row[0]) for row in self.database.query("SELECT * FROM alembic_version")]
        return []

    def _look_at(self, ended: Result) -> None:
        """What has to hold after each end of a process, however it came about."""
        report, said = self.report, f"{ended.stdout}{ended.stderr}{ended.termination}"
        if PASSWORD in said or "s3cret" in said:
            report.violations.append("a password is in the output")
        rows = self._rows()
        row = rows[0] if rows else None
        committed = REVISIONS[: REVISIONS.index(row) + 1] if row else ()
        self._look_at_schema(row)
        if ended.exit_code < 0:
            return  # killed: nobody could say anything
        try:
            verdict, told = ended.verdict, ended.told
        except (AssertionError, ValueError) as error:
            report.violations.append(f"no verdict: {error}")
            return
        applied = [step["revision"] for step in verdict["applied"]]
        if not set(applied) <= set(committed):
            report.violations.append(f"applied {applied}, but the row is {row}")
        if "to" in verdict and verdict["to"] != rows:
            report.violations.append(f"`to` is {verdict['to']}, the rows are {rows}")
        if told["outcome"] != verdict["outcome"]:
            report.violations.append("the termination message says something else")
        if ended.exit_code == 0 and row != REVISIONS[-1]:
            report.violations.append(f"0 at {row}")

    def _look_at_schema(self, row: str | None) -> None:
        """No row without its work; but for what has left its transaction, no work without row."""
        states, found = self.scene.project.states, state_of(self.database)
        if found == states[row]:
            return
        following = REVISIONS[REVISIONS.index(row) + 1] if row and row != REVISIONS[-1] else None
        if following != LEAVING or not set(states[row]) <= set(found):
            self.report.violations.append(f"at {row} the schema is {found}")

    def _needs_a_person(self, ended: Result) -> bool:
        """Half of what cannot be repeated is there, and that is told; the cure is done."""
        half = state_of(self.database) != self.scene.project.states.get("0002")
        if self.scene.project.careful or not half or self._rows() != ["0002"]:
            return False
        return ended.exit_code in {21, 26}

    def _undisturbed(self) -> None:
        """The next run ends well, after what it told a person to do, if it had to."""
        for _ in range(3):
            with self._started(self._url("direct")) as run:
                ended = self._end(run)
            if ended is None:
                return
            self.report.exits.append(ended.exit_code)
            self._look_at(ended)
            if ended.exit_code == 0:
                return
            if not self._needs_a_person(ended):
                self.report.violations.append(f"then {ended.exit_code}: {_last(ended)}")
                return
            self.report.person = True
            self.database.execute(UNDO)

    def _settled(self) -> None:
        until = time.monotonic() + SETTLED_SECONDS
        while self.database.query(OURS) != [(0,)]:
            if time.monotonic() > until:
                self.report.violations.append("a connection of ours is still there")
                return
            time.sleep(0.1)
        if self.database.query(INVALID) != [(0,)]:
            self.report.violations.append("an index is INVALID")


def _last(ended: Result) -> str:
    with suppress(Exception):
        error = ended.verdict.get("error", {})
        return f"{ended.outcome}: {error.get('message')}"
    return ended.stderr[-300:]
