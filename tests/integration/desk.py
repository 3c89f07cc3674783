"""Where an operator sits: what is typed for one situation, kept as a reader would type it."""

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.harness.program import Run, until
from tests.harness.result import Result
from tests.integration.stage import Stage

SLEEP = 'op.execute("SELECT pg_sleep(60)")'
WORKER = """
    SELECT pid FROM pg_stat_activity
    WHERE application_name LIKE 'headstart:work:%' AND wait_event = 'PgSleep'
"""


@dataclass
class Desk:
    """Where an operator sits: a stage, and the commands typed so far with what they printed."""

    stage: Stage
    typed: list[str] = field(default_factory=list)

    def sql(self, statement: str) -> None:
        """Execute a statement as superuser."""
        self.typed.append(f"$ psql -c {json.dumps(statement)}")
        self.stage.database.execute(statement)

    def before(self, **environ: str) -> None:
        """Run headstart to get where the situation begins."""
        self.typed.append(f"$ {command_line((), environ)}")
        assert self.stage.run(**environ).exit_code == 0

    def revision(self, revision: str, body: str, *, after: str = "0003", top: str = "") -> None:
        """Add a revision after the last one, and say what it does."""
        self.typed.append(
            f"# revision {revision} of the image: {'; '.join(filter(None, (top, body)))}"
        )
        self.stage.project.add(revision, after, body, top=top)

    def fingerprints(self, *more: str) -> Result:
        """Make the file of fingerprints, in an empty database beside this one."""
        self.typed.append(f"$ {' '.join(('headstart fingerprint build', *more))}")
        return self._replaying("build", *more)

    def plan(self) -> str:
        """Keep the plan that a run is to keep to; give the path of its file."""
        file = self.stage.project.path / "plan.json"
        self.typed.append(f"$ headstart plan --output json > {file}")
        file.write_text(self.stage.run("plan", "--output", "json").stdout)
        return str(file)

    def check_fingerprints(self) -> Result:
        """Check the file of fingerprints, in an empty database beside this one."""
        self.typed.append("$ headstart fingerprint check")
        return self._replaying("check")

    def _replaying(self, *argv: str) -> Result:
        """Run the verb; a reader has the embedded Postgres, which takes seconds to make."""
        server, name = self.stage.database.server, f"{self.stage.database.name}_scratch"
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            url, secret = server.url(dbname=name, password=""), server.parameters().get("password")
            given = {"PGPASSWORD": secret} if secret else {}
            ended = self.stage.run("fingerprint", *argv, "--url", url, **given)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        return ended

    def note(self, text: str) -> None:
        """Say what a command cannot show."""
        self.typed.append(f"# {text}")

    def run(self, *argv: str, shown: str = "", **environ: str) -> Result:
        """Run headstart, the command that the situation is about."""
        self.typed.append(f"$ {shown or command_line(argv, environ)}")
        return self.stage.run(*argv, **environ)

    def ask(self, *argv: str, **environ: str) -> Result:
        """Run headstart, and keep the answer that it prints."""
        ended = self.run(*argv, **environ)
        self.typed += ended.stdout.splitlines()
        return ended

    def documented_names(self) -> dict[str, str]:
        """Return what the document calls the things of this test."""
        database = self.stage.database
        return {
            str(self.stage.project.path): "/app",
            database.name: "app",
            f'"{database.parameters["user"]}"': '"app"',
        }

    @contextmanager
    def running(self) -> Iterator[Run]:
        """Give a run that is in the middle of a long revision."""
        self.revision("0004", SLEEP)
        self.typed.append("$ headstart &")
        with self.stage.start() as run:
            until(lambda: self.stage.database.query(WORKER), "a worker in its statement")
            yield run


def command_line(argv: tuple[str, ...], environ: dict[str, str]) -> str:
    """Write a command as a shell takes it."""
    settings = (f"{name}={shlex.quote(value)}" for name, value in environ.items())
    return " ".join((*settings, "headstart", *argv))
