"""Choose the async driver when env.py makes an async engine, and not before.

The URL that env.py finds names psycopg2, which is no async driver. Only SQLAlchemy knows whether
env.py is async, when it makes the engine: there it asks the dialect for its async form, and gets
the one of the driver that the image has. Nothing of env.py is read for that, and nothing is run
twice.

    create_async_engine("postgresql+psycopg2://..")    asks PGDialect_psycopg2 for the async dialect
    AsyncEngine(engine_from_config(..))                hands a synchronous engine over: made anew

A bare postgresql:// is psycopg2's for SQLAlchemy 2.0, and psycopg's for 2.1, whose own async form
is taken where psycopg is installed.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from sqlalchemy import NullPool, create_engine
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg, PGDialectAsync_psycopg
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.engine import URL, Dialect, make_url

from headstart.verdict.errors import BrokenHistory

_DIALECTS = {"asyncpg": PGDialect_asyncpg, "psycopg": PGDialectAsync_psycopg}

Translate = Callable[[str, str], str]
"""A URL with libpq's options, and a driver, to a URL with that driver's options."""


@contextmanager
def late_driver(drivers: tuple[str, ...], translate: Translate) -> Iterator[None]:
    """In the block, each async engine with a synchronous driver's URL gets one of `drivers`."""

    def dialect(_: type[Dialect], __: URL) -> type[Dialect]:
        return _late(_installed(drivers), translate)

    asked: list[Any] = [PGDialect_psycopg2]
    if find_spec("psycopg") is None:
        asked.append(PGDialect_psycopg)
    with ExitStack() as stack:
        for each in asked:
            stack.enter_context(_replaced(each, "get_async_dialect_cls", classmethod(dialect)))
        stack.enter_context(_after_import(_MODULE, lambda module: _take_over(module, stack)))
        yield


_MODULE = "sqlalchemy.ext.asyncio.engine"


def _take_over(module: Any, stack: ExitStack) -> None:
    """Let AsyncEngine make a synchronous engine anew, as an async one."""
    initialize = module.AsyncEngine.__init__

    def make(engine: Any, sync_engine: Any) -> None:
        if not sync_engine.dialect.is_async and sync_engine.dialect.driver in _SYNCHRONOUS:
            sync_engine = create_engine(sync_engine.url, _is_async=True, poolclass=NullPool)
        initialize(engine, sync_engine)

    stack.enter_context(_replaced(module.AsyncEngine, "__init__", make))


@contextmanager
def _replaced(owner: Any, name: str, value: object) -> Iterator[None]:
    own = vars(owner).get(name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if own is None:
            delattr(owner, name)
        else:
            setattr(owner, name, own)


@contextmanager
def _after_import(name: str, act: Callable[[ModuleType], None]) -> Iterator[None]:
    """Act on a module once it is there: now, or when somebody imports it in the block.

    It takes 20 ms to import, which is nothing for a synchronous env.py to wait for.
    """
    if name in sys.modules:
        act(sys.modules[name])
        yield
        return
    finder = _Finder(name, act)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    """Finds one module as the others do, and acts when it has been executed."""

    def __init__(self, name: str, act: Callable[[ModuleType], None]) -> None:
        self._name, self._act = name, act

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def execute_and_act(module: ModuleType) -> None:
            execute(module)
            self._act(module)

        spec.loader.exec_module = execute_and_act  # type: ignore[method-assign]
        return spec


_SYNCHRONOUS = {"psycopg2", "psycopg"}


def _installed(drivers: tuple[str, ...]) -> str:
    for driver in drivers:
        if find_spec(driver) is not None:
            return driver
    raise BrokenHistory(
        "env.py is async, and this image has no async driver",
        next_step=f"install {' or '.join(drivers)} in the image",
    )


def _late(driver: str, translate: Translate) -> type[Dialect]:
    base: Any = _DIALECTS[driver]

    class Late(base):  # type: ignore[misc]
        """The driver's dialect, for a URL with libpq's options."""

        supports_statement_cache = True

        def create_connect_args(self, url: URL) -> Any:
            text = url.set(drivername="postgresql").render_as_string(hide_password=False)
            return super().create_connect_args(make_url(translate(text, driver)))

    return Late
