"""Run env.py for what it prepares in this process, such as sys.path or a .env file; nothing more.

It is left, by an exception that no `except Exception` there can catch, before it would connect or
configure, whatever it does.
"""

from contextlib import suppress
from typing import Any, NoReturn

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, event

from headstart.revisions.output import captured_output
from headstart.verdict.errors import Cancelled
from headstart.verdict.events.event import NullSink


class LeftOnPurpose(BaseException):
    """Leaves env.py before any revision; no `except Exception` there can catch it."""


def upgrade_arguments(config: Config) -> dict[str, Any]:
    """What `alembic upgrade` gives an EnvironmentContext, which env.py and scripts may ask for."""
    target = getattr(config.cmd_opts, "revision", None)
    return {"as_sql": False, "starting_rev": None, "destination_rev": target, "tag": None}


def run_env_unconnected(config: Config, directory: ScriptDirectory) -> None:
    """Run env.py, in Alembic's offline mode, until it would connect or configure.

    That it fails says nothing yet: its URL may be missing. The run itself will tell.
    """
    environment = EnvironmentContext(
        config, directory, **upgrade_arguments(config) | {"as_sql": True}
    )
    environment.configure = _leave  # type: ignore[method-assign]
    event.listen(Engine, "do_connect", _leave)
    try:
        with (
            suppress(Exception, SystemExit, LeftOnPurpose),
            captured_output(NullSink()),
            environment,
        ):
            try:
                directory.run_env()
            except BaseExceptionGroup as group:  # it may be left within a task of a group
                if group.subgroup(Cancelled) is not None:
                    raise
    finally:
        event.remove(Engine, "do_connect", _leave)


def _leave(*_: Any, **__: Any) -> NoReturn:
    raise LeftOnPurpose
