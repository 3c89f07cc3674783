"""The command line, made from the table of settings. Pure but for --help and --version.

It collects texts; what they mean is settings.py's business.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn

from headstart import __version__
from headstart.errors import InvalidSettings
from headstart.settings import SETTINGS, Setting


class Verb(StrEnum):
    """What to do."""

    RUN = "run"
    CHECK = "check"
    WAIT = "wait"
    PLAN = "plan"


class Output(StrEnum):
    """How a verb prints its answer."""

    TEXT = "text"
    JSON = "json"


VERB_HELP = {
    Verb.RUN: "the job: wait, lock, tell the state, upgrade or stamp, verify (default)",
    Verb.CHECK: "is the database ready for this image? changes nothing, takes no lock",
    Verb.WAIT: "check, repeated until ready or HEADSTART_WAIT_SECONDS",
    Verb.PLAN: "what a run would do now; changes nothing",
}


@dataclass(frozen=True)
class Invocation:
    """A parsed command line; `values` holds the settings given as options, by setting name."""

    verb: Verb = Verb.RUN
    output: Output = Output.TEXT
    sql: bool = False
    values: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


def parse_arguments(argv: Sequence[str]) -> Invocation:
    """Parse the arguments. Raises InvalidSettings; --help and --version raise SystemExit(0)."""
    given = _parser().parse_args(argv)
    verb = Verb(given.verb)
    mistakes = []
    if given.sql and verb is not Verb.PLAN:
        mistakes.append("--sql belongs to the verb plan")
    if given.output and verb is Verb.RUN:
        mistakes.append(
            "--output belongs to check, wait and plan; a run says its verdict on stderr"
        )
    if mistakes:
        raise InvalidSettings(*mistakes)
    values = {s.name: getattr(given, s.name) for s in SETTINGS}
    return Invocation(
        verb,
        Output(given.output or Output.TEXT),
        given.sql,
        {name: _collected(value) for name, value in values.items() if value is not None},
    )


def _collected(value: str | list[str]) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else tuple(value)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidSettings(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="headstart",
        description="Prove which state a Postgres database is in, bring it to the state that the"
        " app needs, say so in one verdict, exit.",
        epilog="Exit codes: 0 ready; 1 a bug; 2 settings; 10 to 14 may be retried; 20 to 26 need a"
        " person; 130, 143 signals. docs/runbook.md has a section for each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "verb",
        nargs="?",
        choices=[*Verb],
        default=Verb.RUN,
        metavar="verb",
        help="; ".join(f"{verb}: {text}" for verb, text in VERB_HELP.items()),
    )
    parser.add_argument("--sql", action="store_true", help="plan: print the plan as SQL")
    parser.add_argument("--output", choices=[*Output], help="check, wait, plan: text or json")
    parser.add_argument("--version", action="version", version=f"headstart {__version__}")
    group = parser.add_argument_group("settings (option, environment variable)")
    for setting in SETTINGS:
        _add_option(group, setting)
    return parser


def _add_option(group: argparse._ArgumentGroup, setting: Setting) -> None:
    group.add_argument(
        *setting.options,
        dest=setting.name,
        action="append" if setting.several else "store",
        metavar=setting.unit or "VALUE",
        help=f"{setting.environment}: {setting.help} (default: {setting.default_text})".replace(
            "%", "%%"
        ),
    )
