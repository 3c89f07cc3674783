"""Whether env.py does anything that a run with nothing to do needs it for.

The gate leaves env.py out. So a project is fit for it only where env.py does what Alembic's
templates do: it configures once, on a connection whose session is as the server makes it, and
executes nothing beside the revisions. What it reads is the business of process/reads.py.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import field
from importlib.util import find_spec
from types import FrameType, ModuleType
from typing import Any

from alembic.runtime.environment import EnvironmentContext
from sqlalchemy import Connection, Engine, event

from headstart.patterns import pattern
from headstart.revisions import version_rows
from headstart.revisions.configured import Configured
from headstart.revisions.env_pass import Started
from headstart.values import dataclass

_DRIVERS = ("psycopg2", "psycopg", "asyncpg")
_EVENTS = ("connect", "first_connect", "checkout", "checkin", "reset", "begin", "engine_connect")
_ENGINES_OWN = ("before_execute", "before_cursor_execute", "after_cursor_execute", "do_connect")
_CLASSES = ("Connection", "AsyncConnection")
"""Those of a driver by which one can connect, too."""
_OURS = ("sqlalchemy", "headstart", "alembic")
_NAME = r"""("([^"]|"")+"|'[^']+'|\w+)"""
_CHOOSES_PLACE = pattern(
    rf"\s*(SET\s+(SESSION\s+|LOCAL\s+)?search_path\s*(=|TO)\s*{_NAME}(\s*,\s*{_NAME})*"
    rf"|CREATE\s+SCHEMA\s+IF\s+NOT\s+EXISTS\s+{_NAME})\s*;?\s*",
    re.IGNORECASE,
)
"""What does nothing to a schema that is there but to work in it."""


@dataclass
class EnvWork:
    """What env.py does beside its one call of context.configure(); `reasons` in words.

    `migrating` tells whether it is within context.run_migrations(). `about_place` are those of the
    reasons that only say where it works: one of many has a version table that is named.
    """

    migrating: Callable[[], bool] = field(default=lambda: False)
    configured: int = 0
    reasons: list[str] = field(default_factory=list)
    about_place: set[str] = field(default_factory=set)

    def add(self, reason: str) -> None:
        """Say each reason once."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    def add_place(self, reason: str) -> None:
        """Say a reason that is about where it works."""
        self.add(reason)
        self.about_place.add(reason)

    def begin(
        self, now: Started, configured: Configured, path: str, plain: tuple[str, str, str]
    ) -> None:
        """env.py comes to its migrations; `path` is its search_path.

        `plain` are schema, role and search_path of a connection of ours.
        """
        if configured.scope.version_schema:
            self.add_place("env.py configures version_table_schema")
        if (configured.scope.schema, configured.scope.role, path) != plain:
            self.add_place("env.py chooses a search_path or a role")
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

    def executing(_: Connection, __: Any, statement: str, *___: Any) -> None:
        if work.migrating() or _asked_by_us():
            return
        if _CHOOSES_PLACE.fullmatch(statement):
            work.add_place("env.py executes SQL of its own to choose a schema")
        else:
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
        _watch_cursors(work, stack)
        yield work


def _watch_driver(driver: ModuleType, work: EnvWork, stack: ExitStack) -> None:
    """Whoever connects by the driver itself executes what nobody hears."""
    said = f"env.py connects by {driver.__name__} itself"
    for holder in (driver, *(getattr(driver, name, None) for name in _CLASSES)):
        if hasattr(holder, "connect"):
            _watch_call(holder, "connect", lambda: work.add(said), stack)


def _watch_cursors(work: EnvWork, stack: ExitStack) -> None:
    """The driver's own connection, from SQLAlchemy, is a way past its events."""

    def taken() -> None:
        if not work.migrating():
            work.add("env.py takes a cursor of its own")

    _watch_call(Engine, "raw_connection", taken, stack)
    if find_spec("greenlet"):  # without it there is no async engine
        from sqlalchemy.ext.asyncio import AsyncConnection

        _watch_call(AsyncConnection, "get_raw_connection", taken, stack)
    original = Connection.__dict__["connection"]

    def connection(self: Connection) -> Any:
        if not _is_ours(sys._getframe(1)):
            taken()
        return original.fget(self)

    Connection.connection = property(connection)  # type: ignore[assignment, method-assign]
    stack.callback(setattr, Connection, "connection", original)


def _watch_call(holder: Any, name: str, said: Callable[[], None], stack: ExitStack) -> None:
    """Tell of each call of a function that is not SQLAlchemy's, Alembic's or ours."""
    own = vars(holder).get(name)
    original: Callable[..., Any] = getattr(holder, name)

    def called(*arguments: Any, **options: Any) -> Any:
        if not _is_ours(sys._getframe(1)):
            said()
        return original(*arguments, **options)

    # a class method is bound already
    is_bound = isinstance(own, classmethod)
    setattr(holder, name, staticmethod(called) if is_bound else called)
    stack.callback(setattr, holder, name, own)


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] in _OURS


def _is_theirs(listener: Any) -> bool:
    module = str(getattr(listener, "__module__", ""))
    return module.partition(".")[0] not in _OURS


_FOR_OTHERS = ("sqlalchemy", "alembic", "contextlib")


def _asked_by_us() -> bool:
    """Whether the nearest caller that sends nothing for others is of headstart."""
    frame = sys._getframe(2)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        name = module.partition(".")[0]
        if name not in _FOR_OTHERS and module != version_rows.__name__:
            return name == "headstart"
        frame = frame.f_back  # type: ignore[assignment]
    return False  # a greenlet's end: an async env.py awaits it
