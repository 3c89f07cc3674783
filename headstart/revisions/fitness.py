"""Whether env.py does anything that a run with nothing to do needs it for.

The gate leaves env.py out. So a project is fit for it only where env.py does what Alembic's
templates do: it configures once, on a connection whose session is as the server makes it, and
executes nothing beside the revisions. What it reads is the business of process/reads.py.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import field
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection, Engine, event

from headstart.revisions.configured import Configured
from headstart.revisions.env_pass import Started
from headstart.values import dataclass

_DRIVERS = ("psycopg2", "psycopg", "asyncpg")
_EVENTS = ("connect", "first_connect", "checkout", "checkin", "reset", "begin", "engine_connect")
_ENGINES_OWN = ("before_execute", "before_cursor_execute", "after_cursor_execute", "do_connect")
_OURS = ("sqlalchemy", "headstart", "alembic")


@dataclass
class EnvWork:
    """What env.py does beside its one call of context.configure(); `reasons` in words.

    `migrating` tells whether it is within context.run_migrations().
    """

    migrating: Callable[[], bool] = field(default=lambda: False)
    configured: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(self, reason: str) -> None:
        """Say each reason once."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    def begin(self, now: Started, configured: Configured, plain: tuple[str, str]) -> None:
        """env.py comes to its migrations; `plain` are schema and role of a connection of ours."""
        if configured.scope.version_schema:
            self.add("env.py configures version_table_schema")
        if (configured.scope.schema, configured.scope.role) != plain:
            self.add("env.py chooses a search_path or a role")
        if now.connection.get_execution_options().get("schema_translate_map"):
            self.add("env.py translates schemas")
        engine = now.connection.engine
        for dispatch in (engine.pool.dispatch, engine.dispatch):
            for name in (*_EVENTS, *_ENGINES_OWN):
                if any(map(_is_theirs, getattr(dispatch, name, ()))):
                    self.add(f"env.py listens to {name}")


@contextmanager
def watched_env() -> Iterator[EnvWork]:
    """Watch one pass over env.py."""
    work = EnvWork()

    def executing(_: Connection, __: Any, ___: str, *____: Any) -> None:
        if not work.migrating() and not _asked_by_us():
            work.add("env.py executes SQL of its own")

    original = EnvironmentContext.configure

    def configure(self: EnvironmentContext, *arguments: Any, **options: Any) -> None:
        work.configured += 1
        if work.configured > 1:
            work.add("env.py configures more than once")
        original(self, *arguments, **options)

    with ExitStack() as stack:
        event.listen(Engine, "before_cursor_execute", executing)
        stack.callback(event.remove, Engine, "before_cursor_execute", executing)
        EnvironmentContext.configure = configure  # type: ignore[method-assign]
        stack.callback(setattr, EnvironmentContext, "configure", original)
        for name in filter(find_spec, _DRIVERS):
            _watch_driver(__import__(name), work, stack)
        yield work


def _watch_driver(driver: ModuleType, work: EnvWork, stack: ExitStack) -> None:
    """Whoever connects by the driver itself executes what nobody hears."""
    original: Callable[..., Any] = driver.connect

    def connect(*arguments: Any, **options: Any) -> Any:
        caller = str(sys._getframe(1).f_globals.get("__name__", "")).partition(".")[0]
        if caller not in _OURS:
            work.add(f"env.py connects by {driver.__name__} itself")
        return original(*arguments, **options)

    driver.connect = connect  # type: ignore[attr-defined]
    stack.callback(setattr, driver, "connect", original)


def _is_theirs(listener: Any) -> bool:
    module = str(getattr(listener, "__module__", ""))
    return module.partition(".")[0] not in _OURS


def _asked_by_us() -> bool:
    """Whether the nearest caller that is no part of SQLAlchemy, or a driver, is of headstart."""
    frame = sys._getframe(2)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if name == "headstart":
            return True
        if name not in ("sqlalchemy", "alembic", "contextlib"):
            return False
        frame = frame.f_back  # type: ignore[assignment]
    return False  # a greenlet's end: an async env.py awaits it
