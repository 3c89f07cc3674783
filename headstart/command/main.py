"""The entry of the program: read the arguments, and only then load what a verb needs."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from headstart.command.arguments import Command, parse_arguments
from headstart.command.streams import print_answer
from headstart.verdict.errors import InvalidSettings

if TYPE_CHECKING:
    from headstart.postgres.target import Target


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Execute the command and exit with the documented code."""
    asked: Command | str | Exception
    try:
        asked = parse_arguments(sys.argv[1:] if argv is None else argv)
        if isinstance(asked, str):
            with suppress(InvalidSettings):  # whoever reads may have read enough
                print_answer(asked)
            sys.exit(0)
    except Exception as error:  # noqa: BLE001 each end has a verdict, which needs the log
        asked = error
    carry_out(asked)


def carry_out(
    asked: Command | Exception, target: "Target | None" = None, *, in_fleet: bool = False
) -> NoReturn:
    """Do what was asked, or conclude from a mistake in it, and exit.

    `in_fleet`: for one of many targets (fleet/); `target`: the one that it is in their database.
    """
    try:
        if isinstance(asked, Command):
            asked = asked.prepared()  # which is to come before any thread
        from headstart.command.execution import execute

        code = execute(asked, target, in_fleet=in_fleet)
    except BaseException as error:  # noqa: BLE001 as above
        from headstart.command.last_resort import conclude_without_execution

        code = conclude_without_execution(error)
    # not sys.exit: what else runs at the interpreter's end might speak after the verdict
    os._exit(code)
