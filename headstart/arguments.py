"""The command line, made from the table of settings. Pure but for --help and --version.

It collects texts; what they mean is settings.py's business. No message of ours repeats a value:
people do write URLs with passwords here.
"""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import NoReturn

from headstart import __version__
from headstart.errors import InvalidSettings
from headstart.setting_table import SETTINGS, Setting


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
    Verb.RUN: "the job (default): wait, lock, tell the state, upgrade or stamp, verify",
    Verb.CHECK: "is the database ready for this image? changes nothing, takes no lock",
    Verb.WAIT: "check, repeated until ready or HEADSTART_WAIT_SECONDS",
    Verb.PLAN: "what a run would do now; changes nothing",
}

_DESCRIPTION = f"""\
Prove which state a Postgres database is in, bring it to the state that the app needs, say so in
one verdict, exit.

verbs:
{chr(10).join(f"  {verb:<7}{text}" for verb, text in VERB_HELP.items())}"""

_EPILOG = """\
An option wins over the environment, that over a file (DATABASE_URL_FILE, PGPASSWORD_FILE), that
over sqlalchemy.url in alembic.ini, that over libpq's PGHOST, PGUSER and the rest.

exit codes: 0 ready; 1 a bug; 2 settings; 10 to 14 may be retried; 20 to 26 need a person;
130, 143 signals. docs/runbook.md has a section for each."""


@dataclass(frozen=True)
class Invocation:
    """A parsed command line; `values` holds the settings given as options, by setting name."""

    verb: Verb = Verb.RUN
    output: Output = Output.TEXT
    sql: bool = False
    values: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


def parse_arguments(argv: Sequence[str]) -> Invocation:
    """Parse the arguments. Raises InvalidSettings; --help and --version raise SystemExit(0)."""
    given, rest = _parser().parse_known_args(argv)
    if mistakes := _unknown(rest) or _misused(given):
        raise InvalidSettings(*mistakes)
    values = {setting.name: getattr(given, setting.name) for setting in SETTINGS}
    return Invocation(
        Verb(given.verb),
        Output(given.output or Output.TEXT),
        given.sql,
        {name: _collected(value) for name, value in values.items() if value is not None},
    )


def _unknown(rest: Sequence[str]) -> list[str]:
    """Mistakes for what the parser left over; the values of unknown options are passed over."""
    names = [_name(word) for word in rest if word.startswith("-")]
    if rest and not names:
        return ["there is more than one verb"]
    return [f"unknown option {name}{_nearest(name)}" for name in names]


def _name(word: str) -> str:
    """The option in a word, without a value that is attached to it."""
    return word.partition("=")[0] if word.startswith("--") else word[:2]


def _nearest(name: str) -> str:
    options = [option for setting in SETTINGS for option in setting.options]
    close = get_close_matches(name, ["--output", "--sql", "--version", "--help", *options], n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _misused(given: argparse.Namespace) -> list[str]:
    if given.verb not in [*Verb]:
        named = f" {given.verb}" if re.fullmatch(r"[a-z-]{1,20}", given.verb) else ""
        return [f"there is no verb{named}; there are {', '.join(Verb)}"]
    mistakes = []
    if given.output and given.output not in [*Output]:
        mistakes.append(f"--output is one of {', '.join(Output)}")
    if given.output and given.verb == Verb.RUN:
        mistakes.append(
            "--output belongs to check, wait and plan; a run says its verdict on stderr"
        )
    if given.sql and given.verb != Verb.PLAN:
        mistakes.append("--sql belongs to the verb plan")
    return mistakes


def _collected(value: str | list[str]) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else tuple(value)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidSettings(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="headstart",
        usage="headstart [verb] [options]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    parser.add_argument("verb", nargs="?", default=Verb.RUN.value, help=argparse.SUPPRESS)
    parser.add_argument("--output", metavar="|".join(Output), help="how check, wait, plan answer")
    parser.add_argument("--sql", action="store_true", help="plan: print it as SQL")
    parser.add_argument("--version", action="version", version=f"headstart {__version__}")
    group = parser.add_argument_group("settings, each with its environment variable")
    for setting in SETTINGS:
        _add_option(group, setting)
    return parser


class _Help(argparse.RawDescriptionHelpFormatter):
    """The same in a pipe, in a pod's log and on a terminal of any width."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=8, width=98)


class _Once(argparse.Action):
    """Stores a value that may not repeat: nobody can tell which of two was meant."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"{option_string} is given twice")
        setattr(namespace, self.dest, values)


def _add_option(group: argparse._ArgumentGroup, setting: Setting) -> None:
    text = f"{setting.environment} (default: {setting.default_text}): {setting.help}"
    group.add_argument(
        *setting.options,
        dest=setting.name,
        action="append" if setting.several else _Once,
        metavar=setting.unit,
        help=text.replace("%", "%%"),
    )
