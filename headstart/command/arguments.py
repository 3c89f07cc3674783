"""The command line, made from the table of settings. Pure but for --help and --version.

It collects texts; what they mean is the business of settings/read.py. No message of ours repeats a
value: people do write URLs with passwords here.
"""

import argparse
import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import NoReturn

from headstart import __version__
from headstart.settings.declared import SETTINGS
from headstart.settings.request import (
    VERB_HELP,
    FingerprintOptions,
    FingerprintVerb,
    Invocation,
    Output,
    Verb,
)
from headstart.settings.setting import Setting
from headstart.verdict.errors import InvalidSettings

_DESCRIPTION = f"""\
Prove which state a Postgres database is in, bring it to the state that the app needs, say so in
one verdict, exit.

verbs:
{chr(10).join(f"  {verb:<12}{text}" for verb, text in VERB_HELP.items())}"""

_EPILOG = """\
An option wins over the environment, that over a file (DATABASE_URL_FILE, PGPASSWORD_FILE), that
over sqlalchemy.url in alembic.ini, that over libpq's PGHOST, PGUSER and the rest.

exit codes: 0 ready; 1 a bug; 2 settings; 10 to 14 may be retried; 20 to 26 need a person;
130, 143 signals. docs/runbook.md has a section for each."""


def parse_arguments(argv: Sequence[str]) -> Invocation:
    """Parse the arguments. Raises InvalidSettings; --help and --version raise SystemExit(0)."""
    given, rest = _parser().parse_known_args(argv)
    if mistakes := _unknown(rest) or _misused(given):
        raise InvalidSettings(*mistakes)
    return Invocation(
        Verb(given.verb),
        Output(given.output or Output.TEXT),
        given.sql,
        given.revision,
        _fingerprint(given) if given.verb == Verb.FINGERPRINT else None,
        {name: _collected(value) for name, value in _values(given).items()},
    )


def _values(given: argparse.Namespace) -> dict[str, str | list[str]]:
    every = {setting.name: getattr(given, setting.name) for setting in SETTINGS}
    values = {name: value for name, value in every.items() if value is not None}
    if given.url is not None:
        values["DATABASE_URL"] = given.url
    elif given.verb == Verb.FINGERPRINT and given.action != FingerprintVerb.RECORD:
        # what DATABASE_URL names may be anybody's: revisions are replayed where one says --url
        values["EMBEDDED"] = "true"
    return values


def _fingerprint(given: argparse.Namespace) -> FingerprintOptions:
    verb = FingerprintVerb(given.action)
    return FingerprintOptions(verb, given.revision, given.create_all, given.replace, given.go_on)


def _unknown(rest: Sequence[str]) -> list[str]:
    """Mistakes for what the parser left over; the values of unknown options are passed over."""
    names = [_name(word) for word in rest if word.startswith("-")]
    if rest and not names:
        return ["there is more than one verb"]
    return [f"unknown option {name}{_nearest(name)}" for name in names]


def _name(word: str) -> str:
    """The option in a word, without a value that is attached to it."""
    return word.partition("=")[0] if word.startswith("--") else word[:2]


_OWN_OPTIONS = (
    *("--output", "--sql", "--revision", "--url", "--create-all", "--replace", "--continue"),
    *("--version", "--help"),
)


def _nearest(name: str) -> str:
    options = [option for setting in SETTINGS for option in setting.options]
    close = get_close_matches(name, [*_OWN_OPTIONS, *options], n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _misused(given: argparse.Namespace) -> list[str]:
    if given.verb not in [*Verb]:
        return [f"there is no verb{_shown(given.verb)}; there are {', '.join(Verb)}"]
    mistakes = _misused_second(given)
    for option, value, verb, second in (
        ("--sql", given.sql, Verb.PLAN, None),
        ("--url", given.url, Verb.FINGERPRINT, None),
        ("--create-all", given.create_all, Verb.FINGERPRINT, FingerprintVerb.BUILD),
        ("--replace", given.replace, Verb.FINGERPRINT, FingerprintVerb.BUILD),
        ("--continue", given.go_on, Verb.FINGERPRINT, FingerprintVerb.BUILD),
    ):
        if value and (given.verb != verb or second not in (None, given.action)):
            mistakes.append(
                f"{option} belongs to the verb {' '.join(filter(None, (verb, second)))}"
            )
    if given.revision and given.verb != Verb.DIFF and given.action != FingerprintVerb.RECORD:
        mistakes.append("--revision belongs to the verbs diff and fingerprint record")
    if given.url and given.DATABASE_URL:
        mistakes.append("--url and --database-url are given, and mean the same")
    if given.output and given.output not in [*Output]:
        mistakes.append(f"--output is one of {', '.join(Output)}")
    if given.output and given.verb == Verb.RUN:
        mistakes.append(
            "--output belongs to the verbs that answer; a run says its verdict on stderr"
        )
    return mistakes


def _misused_second(given: argparse.Namespace) -> list[str]:
    if given.verb != Verb.FINGERPRINT:
        return ["there is more than one verb"] if given.action else []
    if given.action in [*FingerprintVerb]:
        return []
    return [
        f"there is no fingerprint{_shown(given.action)}; there are {', '.join(FingerprintVerb)}"
    ]


def _shown(word: str | None) -> str:
    """A mistaken word, where it is one and nothing that people mean to keep to themselves."""
    return f" {word}" if word and re.fullmatch(r"[a-z-]{1,20}", word) else ""


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
    parser.add_argument("action", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--output", metavar="|".join(Output), help="how the other verbs answer")
    parser.add_argument("--sql", action="store_true", help="plan: print it as SQL")
    parser.add_argument(
        "--revision",
        metavar="REVISION",
        action=_Once,
        help="diff: compare with this one; fingerprint record: the database is known to be at it;"
        " several as x+y",
    )
    parser.add_argument(
        "--url",
        metavar="URL",
        action=_Once,
        help="fingerprint: the database to use; build and check replay the revisions in it, and use"
        " the embedded Postgres without it",
    )
    parser.add_argument(
        "--create-all",
        action="store_true",
        help="fingerprint build: also record what metadata.create_all() makes today",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="fingerprint build: forget what is on file, where no database has it",
    )
    parser.add_argument("--continue", action="store_true", dest="go_on", help=_CONTINUE)
    parser.add_argument("--version", action="version", version=f"headstart {__version__}")
    group = parser.add_argument_group("settings, each with its environment variable")
    for setting in SETTINGS:
        _add_option(group, setting)
    return parser


_CONTINUE = (
    "fingerprint build: the database of --url is a scratch one at a revision on file; run the later"
    " ones there"
)


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
    text = f"{setting.environment} (default: {setting.default_text}): {setting.meaning}"
    group.add_argument(
        *setting.options,
        dest=setting.name,
        action="append" if setting.several else _Once,
        metavar=setting.unit,
        help=text.replace("%", "%%"),
    )
