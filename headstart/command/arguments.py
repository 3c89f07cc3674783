"""The command line, made from the tables of verbs, options and settings. Pure.

It collects texts; what they mean is the business of settings/read.py. No message of ours repeats a
value: people do write URLs with passwords here.
"""

import argparse
import re
from collections.abc import Iterable, Sequence
from typing import NoReturn

from headstart import __version__
from headstart.command.help import help_text
from headstart.command.verb_table import VERBS, Verb
from headstart.settings.declared import SETTINGS
from headstart.settings.fleet import FLEET_NAMES
from headstart.settings.request import OPTIONS, Option, Output, Request
from headstart.values import dataclass, replace
from headstart.verdict.errors import InvalidSettings


@dataclass(frozen=True)
class Command:
    """A parsed command line: the verb, and what was asked of it."""

    verb: Verb
    request: Request

    def prepared(self) -> "Command":
        """The same, with what its verb has to have before anything else is done."""
        if self.verb.prepare is None:
            return self
        return replace(self, verb=replace(self.verb, load=self.verb.prepare()))


def parse_arguments(argv: Sequence[str]) -> Command | str:
    """Parse arguments; gives what --help or --version prints. Raises InvalidSettings."""
    parsed, rest = _parser().parse_known_args(argv)
    unknown = _unknown(rest)
    words = _without_empty(parsed.words + ([] if unknown else rest))
    verb = _verb(words)
    if parsed.version or parsed.help:
        return f"headstart {__version__}" if parsed.version else help_text(verb if words else None)
    mistakes = unknown
    if verb is not None:
        mistakes += _misused(parsed, verb)
    elif not unknown:  # else the first word may be the value of that option
        mistakes.append(_no_verb(words))
    if verb is None or mistakes:
        raise InvalidSettings(*mistakes)
    options = {name: getattr(parsed, name) for name in OPTIONS}
    options["output"] = Output(parsed.output or Output.TEXT)
    return Command(verb, Request(**options, values=_values(parsed, verb)))


def _without_empty(words: Sequence[str]) -> list[str]:
    """The words without those that an unset variable leaves, but never without a first one."""
    return [word for place, word in enumerate(words) if word or place == 0]


def _verb(words: Sequence[str]) -> Verb | None:
    name = " ".join(words)
    return next((verb for verb in VERBS if verb.name == name), None if words else VERBS[0])


def _values(parsed: argparse.Namespace, verb: Verb) -> dict[str, str | tuple[str, ...]]:
    every = {setting.name: getattr(parsed, setting.name) for setting in SETTINGS}
    values = {
        name: value if isinstance(value, str) else tuple(value)
        for name, value in every.items()
        if value is not None
    }
    if parsed.url is not None:
        values["DATABASE_URL"] = parsed.url
    elif verb.scratch:
        # what DATABASE_URL names may be anybody's: revisions are replayed where one says --url
        values["EMBEDDED"] = "true"
    return values


def _unknown(rest: Sequence[str]) -> list[str]:
    """Mistakes for what the parser left over; the values of unknown options are passed over."""
    names = [_name(word) for word in rest if word.startswith("-")]
    return [f"unknown option{_shown(name)}{_nearest(name)}" for name in names]


def _name(word: str) -> str:
    """The option in a word, without a value that is attached to it."""
    return word.partition("=")[0] if word.startswith("--") else word[:2]


def _nearest(name: str) -> str:
    options = [option for setting in SETTINGS for option in setting.options]
    options += [option.name for option in OPTIONS.values()]
    return _nearest_of(name, [*options, "--version", "--help"])


def _nearest_of(name: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _misused(parsed: argparse.Namespace, verb: Verb) -> list[str]:
    mistakes = [
        f"{option.name} belongs to {_verbs_with(option)}"
        for option in OPTIONS.values()
        if getattr(parsed, option.field) and option.field not in verb.options
    ]
    if not verb.fleet:
        mistakes += [
            f"{setting.options[-1]} belongs to the verbs of a fleet ({_fleet_verbs()})"
            for setting in SETTINGS
            if setting.name in FLEET_NAMES and getattr(parsed, setting.name) is not None
        ]
    if parsed.resume and not parsed.url:
        mistakes.append("--continue needs --url: the scratch database in which to go on")
    if parsed.since is not None and "since" in verb.options and not parsed.image:
        mistakes.append("--since needs --image: what is new is asked of the image alone")
    if parsed.sql and parsed.lint:
        mistakes.append("--sql and --lint are given: ask for one of them at a time")
    if parsed.url and parsed.DATABASE_URL:
        mistakes.append("--url and --database-url are given, and mean the same")
    if parsed.output and parsed.output not in [*Output]:
        mistakes.append(f"--output is one of {', '.join(Output)}")
    return mistakes


def _verbs_with(option: Option) -> str:
    *others, last = [verb.name for verb in VERBS if option.field in verb.options]
    return f"the verbs {', '.join(others)} and {last}" if others else f"the verb {last}"


def _fleet_verbs() -> str:
    return ", ".join(verb.name for verb in VERBS if verb.fleet)


def _no_verb(words: Sequence[str]) -> str:
    """What is wrong with words that are no verb; the second word of one is named with its first."""
    first, *others = words
    seconds = [verb.name.split()[1] for verb in VERBS if verb.name.split()[0] == first != verb.name]
    if seconds and len(others) <= 1:
        return f"after {first} comes one of: {', '.join(seconds)}{_instead_of(others)}"
    firsts = dict.fromkeys(verb.name.split()[0] for verb in VERBS)
    if first not in firsts:
        meant = _of_alembic(first) or (_nearest_of(first, firsts) if _shown(first) else "")
        return f"there is no verb{_shown(first)}{meant or '; the verbs are ' + ', '.join(firsts)}"
    if others[-1] in firsts:
        return "there is more than one verb"
    return f"{first} takes no further argument; a URL goes into DATABASE_URL"


def _of_alembic(word: str) -> str:
    """The verb in place of a command of Alembic's; what headstart has none for, Alembic does."""
    if word in _OUR_WORDS:
        return f"; did you mean {_OUR_WORDS[word]}?"
    return f"; the alembic command does that: alembic {word}" if word in _ALEMBICS_OWN else ""


_OUR_WORDS = {"upgrade": "run", "current": "status", "history": "status", "heads": "status"}
_ALEMBICS_OWN = frozenset(
    {"branches", "downgrade", "edit", "ensure_version", "init", "merge", "revision", "show"}
    | {"stamp", "list_templates"}
)


def _instead_of(others: Sequence[str]) -> str:
    shown = _shown(others[0]) if others else ""
    return f", not{shown}" if shown else ""


def _shown(word: str) -> str:
    """A mistaken word, where it is one and nothing that people mean to keep to themselves."""
    return f" {word}" if re.fullmatch(r"[a-z-]{1,20}", word) else ""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidSettings(_without_value(message))


def _without_value(message: str) -> str:
    """A message of argparse's in our words: its own would repeat the value."""
    option = re.match(r"argument (?:\S+/)?(-\S+): (expected|ignored)", message)
    if option is None:
        return message if message.endswith("is given twice") else "the arguments are not understood"
    return f"{option[1]} {'needs a value' if option[2] == 'expected' else 'takes no value'}"


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


def _parser() -> argparse.ArgumentParser:
    """Make a parser that knows every option; which of them a verb has is told afterwards."""
    parser = _Parser(prog="headstart", add_help=False, allow_abbrev=False)
    parser.add_argument("words", nargs="*")
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--version", action="store_true")
    for option in OPTIONS.values():
        kind = _Once if option.metavar else "store_true"
        parser.add_argument(option.name, dest=option.field, action=kind)
    for setting in SETTINGS:
        action = "append" if setting.several else _Once
        parser.add_argument(*setting.options, dest=setting.name, action=action)
    return parser
