"""Many schemas of one history in a database, each with a run of its own; and how they stand."""

import secrets
import shlex
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from headstart.decision.target_state import Odd, TargetAnswer
from headstart.facts.qualified import as_part
from headstart.facts.target import TargetPlace
from headstart.postgres.connection import Connection, connect
from headstart.process.files import read_text
from headstart.process.recorder import Recorder, Sinks
from headstart.process.redaction import Secrets
from headstart.process.signals import Signals
from headstart.settings.read import read_settings
from headstart.verbs.inspection import read_image
from headstart.verbs.target_proof import place_of
from headstart.verbs.targets import look_at_targets
from headstart.verbs.task import Task, identity_of
from headstart.verdict.events.event import NullSink
from tests.harness.project import ProjectCopy
from tests.harness.result import Result
from tests.integration.known_stage import KnownStage, rebuild

CONNECTED = "    with connectable.connect() as connection:\n"
CHOOSING = f"""\
    tenant = context.get_x_argument(as_dictionary=True)["tenant"].replace('"', '""')
{CONNECTED}        from sqlalchemy import text

        connection.execute(text(f'SET search_path = "{{tenant}}"'))
        connection.commit()
"""
OBJECTS = """
CREATE INDEX by_name ON accounts (name);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION touch();
"""
HEAD = "0004"
TABLE = "alembic_version"


def make_for_tenants(project: ProjectCopy) -> None:
    """Let env.py work in the schema that -x tenant=... names; add an index and a trigger."""
    project.edit_env(CONNECTED, CHOOSING)
    project.add(HEAD, "0003", f"op.execute({OBJECTS!r})")


@dataclass
class Counted:
    """A connection that counts its messages, by their first word after the limits."""

    connection: Connection
    counts: Counter[str]

    @property
    def server_version(self) -> int:
        """As the connection has it."""
        return self.connection.server_version

    def execute(
        self, sql: str, *, timeout_seconds: float = 5, pin: bool = True
    ) -> list[tuple[object, ...]]:
        """Execute, and count."""
        self.counts[kind_of(sql)] += 1
        return self.connection.execute(sql, timeout_seconds=timeout_seconds, pin=pin)


def kind_of(sql: str) -> str:
    """Which of the three questions a message is."""
    if "pg_locks" in sql:
        return "catalog"
    return "number" if "LATERAL" in sql else "rows"


@dataclass(frozen=True)
class Tenants(KnownStage):
    """A project whose env.py works for the tenant that it is told, with its fingerprints."""

    counts: Counter[str] = field(default_factory=Counter)

    def make(self, *names: str) -> None:
        """Make their schemas."""
        for name in names:
            quoted = name.replace('"', '""')
            self.database.execute(f'CREATE SCHEMA "{quoted}"')

    def run_for(self, name: str, **environ: str) -> Result:
        """The run of one tenant, as a fleet starts it."""
        return self.run(**(self.told(name) | environ))

    def told(self, name: str) -> dict[str, str]:
        """What makes a run one of this tenant's."""
        x = shlex.join([f"tenant={name}"])
        return {"HEADSTART_X": x, "HEADSTART_VERSION_TABLE": f"{as_part(name)}.{TABLE}"}

    def prove(self, *names: str) -> None:
        """Make their schemas, and run for each: at once, which costs a fifth."""
        self.make(*names)
        targets = self.project.path / "proven"
        targets.write_text("".join(f"{name}\n" for name in names))
        told = {
            "HEADSTART_TARGETS": str(targets),
            "HEADSTART_TARGET_X": "'tenant={target}'",
            "HEADSTART_TARGET_VERSION_TABLE": f"{{target}}.{TABLE}",
        }
        done = self.run("fleet", "run", **told)
        assert done.exit_code == 0, done.stderr

    def place(self, tenant: str, **changes: object) -> TargetPlace:
        """The tenant, as a fleet asks for it."""
        place = place_of(tenant, self.told(tenant))
        assert place is not None
        return replace(place, **changes)  # type: ignore[arg-type]

    def look(
        self, names: Sequence[str | TargetPlace], *, runs: bool = True, **environ: str
    ) -> dict[str, TargetAnswer]:
        """How each of them stands."""
        environment = self._environ() | environ
        task = task_of(environment)
        places = [self.place(each) if isinstance(each, str) else each for each in names]

        @contextmanager
        def connecting() -> Iterator[Connection]:
            self.counts["connections"] += 1
            parameters = task.resolve()
            with connect(parameters, "headstart:test") as connection:
                yield Counted(connection, self.counts)  # type: ignore[misc]

        answers = look_at_targets(task, read_image(task).history, connecting, places, runs=runs)
        return {each.name: each for each in answers}

    def told_of(
        self, names: Sequence[str | TargetPlace], *, runs: bool = True, **environ: str
    ) -> dict[str, str]:
        """The same in a word each."""
        answers = self.look(names, runs=runs, **environ)
        return {name: word(answer) for name, answer in answers.items()}


def word(answer: TargetAnswer) -> str:
    """How it stands, in a word."""
    standing = answer.standing
    return standing.why.value if isinstance(standing, Odd) else standing.slug


def task_of(environ: Mapping[str, str]) -> Task:
    """A task with these settings, whose events nobody reads."""
    settings = read_settings({}, environ, read_text)
    identity = identity_of(settings, secrets.token_hex(4))
    sinks = Sinks(Recorder(), NullSink())
    return Task(settings, identity, sinks, Secrets(), Signals(), time.monotonic())


def tenants_of(stage: KnownStage) -> Tenants:
    """The stage for tenants, with its fingerprints; those of the schema public."""
    make_for_tenants(stage.project)
    rebuild(stage, HEADSTART_X="tenant=public")
    return Tenants(stage.project, stage.database)
