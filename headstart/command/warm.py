"""How a process of a nursery becomes a run or a check, and what the nursery imports for it.

Names, and not imports: this module is read in the main process of a fleet, which needs few of them.
"""

import importlib
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from headstart.command.arguments import Command
from headstart.command.verb_table import VERBS
from headstart.gate.passing import pass_gate
from headstart.patterns import pattern
from headstart.settings.request import Request

if TYPE_CHECKING:
    from headstart.fleet.nursery import Table

_MODULES = (
    "headstart.command.execution",
    "headstart.verbs.run",
    "headstart.verbs.check",
    "headstart.fingerprint.newer.marks",  # which whatever applies a revision imports
    "headstart.gate.image",
    "headstart.gate.place",
    "headstart.gate.server",
    "headstart.postgres.proof_question",
    "sqlalchemy.dialects.postgresql.psycopg2",
    "psycopg2.extras",
    "logging.config",  # which Alembic's template of an env.py imports
)


def warm_up() -> None:
    """Import what a run imports, and compile the patterns of it: each target would do it again."""
    for each in _MODULES:
        with suppress(Exception):  # what a run cannot import, the run tells
            importlib.import_module(each)
    for name, module in [*sys.modules.items()]:
        if name.startswith("headstart."):
            for value in [*vars(module).values()]:
                if type(value) is pattern:
                    _ = value.pattern  # which compiles it
    with suppress(Exception):
        importlib.import_module("headstart.revisions.library_caches").fill()


def become(verb: str, table: "Table | None") -> NoReturn:
    """Do the verb as it is done, or for one of many targets in a database, by its version table."""
    if table is None and pass_gate((verb,)):
        os._exit(0)
    from headstart.command.main import carry_out
    from headstart.postgres.target import Target

    asked = next(each for each in VERBS if each.name == verb)
    target = Target(*table) if table is not None else None
    carry_out(Command(asked, Request()), target, in_fleet=True)
