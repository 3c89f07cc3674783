"""The command line: made from the table, strict, easy to read, and no value in a message."""

import pytest

from headstart import __version__
from headstart.command.arguments import Command, parse_arguments
from headstart.command.verb_table import VERBS, Verb
from headstart.settings.declared import SETTINGS
from headstart.settings.fleet import FLEET_NAMES
from headstart.settings.request import OPTIONS, Option, Output, Request
from headstart.settings.setting import Setting
from headstart.verdict.errors import InvalidSettings

EMBEDDED = {"EMBEDDED": "true"}
"""Revisions are replayed in a database of somebody's only where he names it."""
SCRATCH_URL = "postgresql://h/scratch"

ACCEPTED = {
    (): ("run", Request()),
    ("run",): ("run", Request()),
    ("check",): ("check", Request()),
    ("wait", "--output", "json"): ("wait", Request(Output.JSON)),
    ("check", "--output=text"): ("check", Request()),
    ("plan", "--sql"): ("plan", Request(sql=True)),
    ("--wait-seconds", "5", "check"): ("check", Request(values={"WAIT_SECONDS": "5"})),
    ("-x", "a=1", "-x", "b=2 3"): ("run", Request(values={"X": ("a=1", "b=2 3")})),
    ("--x", "a=1"): ("run", Request(values={"X": ("a=1",)})),
    ("--target", "-1"): ("run", Request(values={"TARGET": "-1"})),
    ("--target=head", "--ahead", "allow"): (
        "run",
        Request(values={"TARGET": "head", "AHEAD": "allow"}),
    ),
    ("diff",): ("diff", Request()),
    ("diff", "--revision", "ae10"): ("diff", Request(revision="ae10")),
    ("diff", "--output=json"): ("diff", Request(Output.JSON)),
    ("fingerprint", "build"): ("fingerprint build", Request(values=EMBEDDED)),
    ("fingerprint", "check"): ("fingerprint check", Request(values=EMBEDDED)),
    ("fingerprint", "--replace", "build"): (
        "fingerprint build",
        Request(replace=True, values=EMBEDDED),
    ),
    ("fingerprint", "build", "--url", SCRATCH_URL): (
        "fingerprint build",
        Request(url=SCRATCH_URL, values={"DATABASE_URL": SCRATCH_URL}),
    ),
    ("fingerprint", "build", "--create-all"): (
        "fingerprint build",
        Request(create_all=True, values=EMBEDDED),
    ),
    ("fingerprint", "build", "--continue", "--url", SCRATCH_URL): (
        "fingerprint build",
        Request(resume=True, url=SCRATCH_URL, values={"DATABASE_URL": SCRATCH_URL}),
    ),
    ("run", ""): ("run", Request()),
    ("fingerprint", "record", "--revision", "ae10"): (
        "fingerprint record",
        Request(revision="ae10"),
    ),
}

FIRST_WORDS = dict.fromkeys(verb.name.split()[0] for verb in VERBS)

REFUSED = {
    ("wiat",): "there is no verb wiat; did you mean wait?",
    ("chekc",): "there is no verb chekc; did you mean check?",
    ("migrate",): f"there is no verb migrate; the verbs are {', '.join(FIRST_WORDS)}",
    ("upgrade", "head"): "there is no verb upgrade; did you mean run?",
    ("current",): "there is no verb current; did you mean status?",
    ("stamp", "head"): "there is no verb stamp; the alembic command does that: alembic stamp",
    ("run", "again"): "run takes no further argument; a URL goes into DATABASE_URL",
    ("--wait-second", "5"): "unknown option --wait-second; did you mean --wait-seconds?",
    ("--wait-sec=5",): "unknown option --wait-sec",
    ("--zzz",): "unknown option --zzz",
    ("-y",): "unknown option -y",
    ("--sql",): "--sql belongs to the verb plan",
    ("check", "--sql"): "--sql belongs to the verb plan",
    (
        "--output",
        "json",
    ): "--output belongs to the verbs check, wait, plan, status, fleet check,",
    ("check", "--output", "xml"): "--output is one of text, json",
    ("--target", "a", "check", "--target", "b"): "--target is given twice",
    ("--wait-seconds",): "--wait-seconds needs a value",
    ("fingerprint",): "after fingerprint comes one of: build, check, record",
    ("fingerprint", "bild"): "after fingerprint comes one of: build, check, record, not bild",
    (
        "check",
        "--url",
        "u",
    ): "--url belongs to the verbs fingerprint build, fingerprint check and fingerprint record",
    ("fingerprint", "check", "--create-all"): "--create-all belongs to the verb fingerprint build",
    ("fingerprint", "check", "--replace"): "--replace belongs to the verb fingerprint build",
    ("check", "--revision", "a"): "--revision belongs to the verbs diff and fingerprint record",
    ("diff", "--revision", "a", "--revision", "b"): "--revision is given twice",
    ("fingerprint", "build", "--url", "u", "--database-url", "v"): "--url and --database-url",
    ("fingerprint", "build", "again"): "fingerprint takes no further argument",
    ("check", "--wait-seconds", "5", "plan"): "there is more than one verb",
    ("",): "there is no verb; the verbs are",
    ("plan", "postgresql://h/db"): "plan takes no further argument; a URL goes into DATABASE_URL",
    ("fingerprint", "build", "--continue"): "--continue needs --url",
    ("check", "--since", "r1"): "--since needs --image",
    ("check", "--since", ""): "--since needs --image",
    ("plan", "--sql=yes"): "--sql takes no value",
    ("--passwd", "x", "plan"): "unknown option --passwd",
    ("--creat-all",): "unknown option --creat-all; did you mean --create-all?",
}


def parsed(*argv: str) -> Command:
    """What becomes of arguments that ask for neither help nor version."""
    command = parse_arguments(argv)
    assert isinstance(command, Command)
    return command


@pytest.mark.parametrize("argv", ACCEPTED)
def test_arguments_become_a_verb_and_a_request(argv: tuple[str, ...]) -> None:
    command = parsed(*argv)
    assert (command.verb.name, command.request) == ACCEPTED[argv]


@pytest.mark.parametrize("argv", REFUSED)
def test_a_mistake_in_the_arguments_is_refused_with_its_cure(argv: tuple[str, ...]) -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_arguments(argv)
    assert REFUSED[argv] in str(caught.value)


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_every_setting_is_an_option(row: Setting) -> None:
    verb = ("fleet", "run") if row.name in FLEET_NAMES else ("run",)
    for option in row.options:
        value = ("v",) if row.several else "v"
        assert parsed(*verb, option, "v").request.values == {row.name: value}


def test_a_fleets_options_belong_to_a_fleet() -> None:
    with pytest.raises(InvalidSettings, match="--jobs belongs to the verbs of a fleet"):
        parse_arguments(["check", "--jobs", "3"])
    shown = {verb: str(parse_arguments([*verb.split(), "-h"])) for verb in ("fleet run", "run")}
    assert ["--max-failures" in text for text in shown.values()] == [True, False]


def test_the_value_of_an_unknown_option_is_not_taken_for_a_verb() -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_arguments(["--passwd", "x", "plan"])
    assert caught.value.mistakes == ("unknown option --passwd",)


def test_several_mistakes_are_reported_at_once() -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_arguments(["--sql", "--output", "xml"])
    assert len(caught.value.mistakes) == 3


@pytest.mark.parametrize(
    "argv",
    [
        ["postgresql://u:s3cret@h/db"],
        ["run", "postgresql://u:s3cret@h/db"],
        ["--db-url", "postgresql://u:s3cret@h/db"],
        ["--password=s3cret"],
        ["-s3cret"],
        ["check", "--output", "s3cret"],
        ["fingerprint", "postgresql://u:s3cret@h/db"],
        ["check", "--url", "postgresql://u:s3cret@h/db"],
        ["plan", "--sql=s3cret"],
        ["--help=s3cret"],
        ["plan", "--passwd", "--s3cret"],
        ["--passwd", "s3cret", "plan"],
        ["fingerprint", "s3cret"],
    ],
)
def test_no_message_repeats_a_value(argv: list[str]) -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_arguments(argv)
    assert "3cret" not in str(caught.value)


def test_what_is_glued_to_an_option_without_a_value_is_not_repeated() -> None:
    """Some Pythons take it for a mistake, and some for nothing."""
    try:
        said = str(parse_arguments(["-hs3cret"]))
    except InvalidSettings as error:
        said = str(error)
    assert "3cret" not in said


def test_help_is_one_screen_with_an_example_and_every_verb_in_its_group() -> None:
    shown = parse_arguments(["--help"])
    assert isinstance(shown, str)
    for verb in VERBS:
        assert shown.count(f"\n  {verb.name} ") == 1
    assert "\n  headstart plan " in shown
    assert shown.index("the job:") < shown.index("questions") < shown.index("fingerprints, on")
    assert len(shown.splitlines()) < 60
    assert max(map(len, shown.splitlines())) <= 100


@pytest.mark.parametrize("verb", ["run", "fleet run"])
def test_the_help_of_a_verb_has_every_setting_with_its_default(verb: str) -> None:
    shown = parse_arguments([*verb.split(), "--help"])
    assert isinstance(shown, str)
    for row in SETTINGS:
        if row.name not in FLEET_NAMES or verb.startswith("fleet"):
            assert f"{row.options[-1]} {row.unit}\n" in shown
            assert f"{row.environment} (default: {row.default_text}): " in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 100


def test_the_exit_codes_of_the_help_are_those_of_the_outcomes() -> None:
    shown = parse_arguments(["-h"])
    assert isinstance(shown, str)
    assert "10 to 14 may be retried; 20 to 27 need a person; 130, 143" in " ".join(shown.split())


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_help_of_a_verb_has_its_options_and_no_others(verb: Verb) -> None:
    shown = parse_arguments([*verb.name.split(), "--help"])
    assert isinstance(shown, str)
    assert f"usage: headstart {verb.name} [options]" in shown
    assert f"Writes {verb.writes}." in shown
    for option in OPTIONS.values():
        named = f"\n  {option.name} {option.metavar}".rstrip() + "\n"
        assert (named in shown) == (option.field in verb.options)


NEEDED = {"resume": ["--url", "u"], "since": ["--image"]}
"""What an option means nothing without."""


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda option: option.name)
def test_every_option_belongs_to_some_verb_and_is_refused_by_the_others(option: Option) -> None:
    value = ["text"] if option.metavar else []
    takers = [verb for verb in VERBS if option.field in verb.options]
    assert takers
    for verb in VERBS:
        argv = [*verb.name.split(), option.name, *value]
        argv += NEEDED.get(option.field, []) if verb in takers else []
        if verb in takers:
            parsed(*argv)
            continue
        with pytest.raises(InvalidSettings, match=f"{option.name} belongs to the verb"):
            parse_arguments(argv)


def test_an_option_that_nobody_declared_is_refused_as_its_verb_is_defined() -> None:
    with pytest.raises(TypeError, match="frob: Request has no field color"):
        Verb("frob", "is it frobbed?", "nothing", VERBS[0].load, {"color": "which"})


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_has_code(verb: Verb) -> None:
    assert callable(verb.load())


def test_version_is_printed() -> None:
    assert parse_arguments(["--version"]) == f"headstart {__version__}"
