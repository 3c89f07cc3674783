"""What --help prints: of headstart, or of one verb. The same in a pod's log and on any terminal."""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from headstart.command.verb_table import VERBS, Verb
from headstart.settings.declared import SETTINGS
from headstart.settings.fleet import FLEET_NAMES
from headstart.settings.request import OPTIONS
from headstart.verdict.outcome import Outcome

WIDTH = 98

_ABOUT = (
    "Prove which state a Postgres database is in, bring it to the state that the app needs, report"
    " both in one verdict, exit."
)
_PRECEDENCE = (
    "Precedence: an option; the environment, or a file (DATABASE_URL_FILE, PGPASSWORD_FILE; not"
    " both); sqlalchemy.url in alembic.ini; libpq's own variables (PGHOST, PGUSER, ...)."
)


def help_text(verb: Verb | None) -> str:
    """The help of a verb, with its settings, or of headstart as a whole, on one screen."""
    if verb is None:
        return "\n".join([*_whole(), "", *_exit_codes()])
    settings = _settings(is_fleet=verb.fleet)
    return "\n".join(
        [*_of_verb(verb), *settings, "", *wrap(_PRECEDENCE, WIDTH), "", *_exit_codes()]
    )


_EXAMPLE = """\
example:
  export DATABASE_URL=postgresql://app@db:5432/shop PGPASSWORD_FILE=/run/secrets/password
  headstart plan       # what would a run do?
  headstart            # do it"""

_GROUPS = {
    "the job:": lambda verb: verb.name == "run",
    "questions, which change nothing:": lambda verb: " " not in verb.name and verb.name != "run",
    "many databases or schemas with one history:": lambda verb: verb.fleet,
    "fingerprints, on a developer's machine:": lambda verb: verb.name.startswith("fingerprint"),
}
_COMMON = ("DATABASE_URL", "ALEMBIC_INI", "TARGET", "BASELINE", "WAIT_SECONDS", "LOG_FORMAT")
"""Settings that most people need; the help of a verb has all."""


def _whole() -> Iterator[str]:
    yield "usage: headstart [verb] [options]"
    yield from ["", *wrap(_ABOUT, WIDTH), "", *_EXAMPLE.splitlines()]
    for title, belongs in _GROUPS.items():
        yield from ["", title]
        for verb in filter(belongs, VERBS):
            yield from _entry(f"{verb.name:<20}", _first_sentence(verb.question), 22)
    yield from ["", "settings that most people need, each with its environment variable:"]
    for setting in SETTINGS:
        if setting.name in _COMMON:
            meaning = _first_sentence(setting.meaning)
            yield from _entry(f"{setting.options[-1]:<20}", f"{setting.environment}: {meaning}", 22)
    yield from [
        "",
        "headstart VERB --help has the options of a verb and all settings (headstart run --help).",
    ]
    yield "headstart --version prints the version."


def _first_sentence(text: str) -> str:
    """Up to the first full stop or question mark that ends a sentence."""
    ends = [at for end in ("? ", ". ") if (at := text.find(end)) >= 0]
    return text[: min(ends) + 1].removesuffix(".") if ends else text


def _of_verb(verb: Verb) -> Iterator[str]:
    yield f"usage: headstart {verb.name} [options]"
    question = verb.question if verb.question.endswith("?") else f"{verb.question}."
    yield from ["", *wrap(f"{question[0].upper()}{question[1:]}", WIDTH)]
    yield from [f"Writes {verb.writes}.", "", "options:"]
    for option in OPTIONS.values():
        if meaning := verb.options.get(option.field):
            yield from _entry(f"{option.name} {option.metavar}".rstrip(), meaning, 8, own_line=True)
    yield from _entry("-h, --help", "print this help", 8, own_line=True)


def _settings(*, is_fleet: bool) -> Iterator[str]:
    yield from ["", "settings, each with its environment variable:"]
    for setting in SETTINGS:
        if setting.name in FLEET_NAMES and not is_fleet:
            continue
        text = f"{setting.environment} (default: {setting.default_text}): {setting.meaning}"
        names = ", ".join(setting.options)
        yield from _entry(f"{names} {setting.unit}", text, 8, own_line=True)


def _entry(head: str, text: str, indent: int, *, own_line: bool = False) -> Iterator[str]:
    below = wrap(text, WIDTH - indent)
    if not own_line:
        yield f"  {head}{below.pop(0)}"
    else:
        yield f"  {head}"
    yield from (" " * indent + line for line in below)


def _exit_codes() -> list[str]:
    retry, person = (
        _span(end.code for end in Outcome if end.retry is wanted and 2 < end.code < 128)
        for wanted in (True, False)
    )
    signals = ", ".join(str(end.code) for end in Outcome if end.code > 128)
    text = (
        f"exit codes: 0 ready; {Outcome.INTERNAL_ERROR.code} a bug;"
        f" {Outcome.INVALID_SETTINGS.code} settings; {retry} may be retried; {person} need a"
        f" person; {signals} signals. docs/runbook.md has a section for each."
    )
    return wrap(text, WIDTH)


def _span(codes: Iterable[int]) -> str:
    every = list(codes)
    return f"{min(every)} to {max(every)}"
