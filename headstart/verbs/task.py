"""What one execution carries along: its settings, who it is, until when, and who listens."""

import socket
import time
from collections.abc import Mapping

from headstart.postgres.connect_failure import error_of
from headstart.postgres.connection import ConnectFailed, Connection, connect
from headstart.postgres.identity import Identity, Purpose
from headstart.postgres.patience import Patience, connect_when_free
from headstart.postgres.target import Target
from headstart.process.deadline import Deadline, deadline_after
from headstart.process.files import read_text
from headstart.process.recorder import Sinks
from headstart.process.redaction import Secrets, password_of
from headstart.process.signals import Signals
from headstart.settings.database import Database
from headstart.settings.database_url import DatabaseUrl
from headstart.settings.read import Settings
from headstart.values import dataclass
from headstart.verdict.events.database import DatabaseLocated


def identity_of(settings: Settings, run_id: str, target: Target | None = None) -> Identity:
    """Who runs: the pod, where Kubernetes told us its name, else this host; for which target."""
    return Identity(run_id, settings.pod_name or socket.gethostname(), target)


@dataclass(frozen=True)
class Task:
    """One execution. Durations in seconds, moments on time.monotonic()."""

    settings: Settings
    identity: Identity
    emit: Sinks
    secrets: Secrets
    signals: Signals
    started: float

    @property
    def target(self) -> Target | None:
        """The one of many in its database that it works on; None for an ordinary execution."""
        return self.identity.target

    @property
    def deadline(self) -> Deadline:
        """The end of the whole execution (HEADSTART_DEADLINE_SECONDS)."""
        return deadline_after(self.settings.deadline_seconds, self.started)

    def within(self, seconds: float) -> Deadline:
        """The end of a phase that may take `seconds` from now."""
        return self.deadline.within(seconds, time.monotonic())

    def database(self) -> Database:
        """Where the database is; the secret files are read anew, and masked from now on."""
        if self.settings.embedded:
            # development only: the image does not have what this imports
            from headstart.dev.embedded import start_embedded

            return Database(DatabaseUrl(parameters=start_embedded(self.settings.embedded_dir)))
        database = self.settings.database.resolve(read_text)
        for secret in password_of(database.parameters):
            self.secrets.add(secret)
        return database

    def resolve(self) -> Mapping[str, str]:
        """libpq's parameters; the secret files are read anew."""
        return self.database().parameters

    def connect(self, purpose: Purpose, attempt: int = 1) -> Connection:
        """One attempt; `attempt` counts them. Raises the error that the failure leads to."""
        try:
            return self.try_connect(purpose)
        except ConnectFailed as error:
            if error.place:  # as in a run: who is refused should read where
                self.emit(DatabaseLocated(error.place))
            raise error_of(error.failure, attempt) from None

    def patience(self) -> Patience:
        """How long a slot is waited for, from now, by a run that has begun."""
        return Patience(self.within(self.settings.wait_seconds), self.emit)

    def connect_when_free(self, purpose: Purpose, patience: Patience) -> Connection:
        """Connect, and wait for a slot while others take them all. Raises ConnectFailed."""
        return connect_when_free(self.resolve, self.identity.name(purpose), patience)

    def try_connect(self, purpose: Purpose) -> Connection:
        """One attempt, for who knows better what its failure means. Raises ConnectFailed."""
        return connect(self.resolve(), self.identity.name(purpose))
