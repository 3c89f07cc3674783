"""The command line: made from the table, strict, easy to read, and no value in a message."""

import pytest

from headstart import __version__
from headstart.command.arguments import parse_arguments
from headstart.settings.declared import SETTINGS
from headstart.settings.request import (
    FingerprintOptions,
    FingerprintVerb,
    Invocation,
    Output,
    Verb,
)
from headstart.settings.setting import Setting
from headstart.verdict.errors import InvalidSettings

EMBEDDED = {"EMBEDDED": "true"}
"""Revisions are replayed in a database of somebody's only where he names it."""


def asked(options: FingerprintOptions, **values: str) -> Invocation:
    """The verb fingerprint, with what belongs to it."""
    return Invocation(Verb.FINGERPRINT, fingerprint=options, values=values)


ACCEPTED = {
    (): Invocation(),
    ("run",): Invocation(),
    ("check",): Invocation(Verb.CHECK),
    ("wait", "--output", "json"): Invocation(Verb.WAIT, Output.JSON),
    ("check", "--output=text"): Invocation(Verb.CHECK),
    ("plan", "--sql"): Invocation(Verb.PLAN, sql=True),
    ("--wait-seconds", "5", "check"): Invocation(Verb.CHECK, values={"WAIT_SECONDS": "5"}),
    ("-x", "a=1", "-x", "b=2 3"): Invocation(values={"X": ("a=1", "b=2 3")}),
    ("--x", "a=1"): Invocation(values={"X": ("a=1",)}),
    ("--target", "-1"): Invocation(values={"TARGET": "-1"}),
    ("--target=head", "--ahead", "allow"): Invocation(values={"TARGET": "head", "AHEAD": "allow"}),
    ("diff",): Invocation(Verb.DIFF),
    ("diff", "--revision", "ae10"): Invocation(Verb.DIFF, revision="ae10"),
    ("diff", "--output=json"): Invocation(Verb.DIFF, Output.JSON),
    ("fingerprint", "build"): asked(FingerprintOptions(FingerprintVerb.BUILD), **EMBEDDED),
    ("fingerprint", "check"): asked(FingerprintOptions(FingerprintVerb.CHECK), **EMBEDDED),
    ("fingerprint", "build", "--url", "postgresql://h/scratch"): asked(
        FingerprintOptions(FingerprintVerb.BUILD), DATABASE_URL="postgresql://h/scratch"
    ),
    ("fingerprint", "build", "--create-all", "--replace"): asked(
        FingerprintOptions(FingerprintVerb.BUILD, create_all=True, replace=True), **EMBEDDED
    ),
    ("fingerprint", "record", "--revision", "ae10"): Invocation(
        Verb.FINGERPRINT,
        revision="ae10",
        fingerprint=FingerprintOptions(FingerprintVerb.RECORD, "ae10"),
    ),
}

REFUSED = {
    ("wiat",): "there is no verb wiat; there are run, check, wait, plan, diff, fingerprint",
    ("run", "again"): "there is more than one verb",
    ("--wait-second", "5"): "unknown option --wait-second; did you mean --wait-seconds?",
    ("--wait-sec=5",): "unknown option --wait-sec",
    ("--zzz",): "unknown option --zzz",
    ("-y",): "unknown option -y",
    ("--sql",): "--sql belongs to the verb plan",
    ("check", "--sql"): "--sql belongs to the verb plan",
    ("--output", "json"): "--output belongs to the verbs that answer",
    ("check", "--output", "xml"): "--output is one of text, json",
    ("--target", "a", "check", "--target", "b"): "--target is given twice",
    ("--wait-seconds",): "argument --wait-seconds: expected one argument",
    ("fingerprint",): "there is no fingerprint; there are build, check, record",
    ("fingerprint", "bild"): "there is no fingerprint bild; there are build, check, record",
    ("check", "--url", "u"): "--url belongs to the verb fingerprint",
    ("fingerprint", "check", "--create-all"): "--create-all belongs to the verb fingerprint build",
    ("fingerprint", "check", "--replace"): "--replace belongs to the verb fingerprint build",
    ("check", "--revision", "a"): "--revision belongs to the verbs diff and fingerprint record",
    ("diff", "--revision", "a", "--revision", "b"): "--revision is given twice",
    ("fingerprint", "build", "--url", "u", "--database-url", "v"): "--url and --database-url",
    ("--creat-all",): "unknown option --creat-all; did you mean --create-all?",
}


@pytest.mark.parametrize("argv", ACCEPTED)
def test_arguments_become_an_invocation(argv: tuple[str, ...]) -> None:
    assert parse_arguments(argv) == ACCEPTED[argv]


@pytest.mark.parametrize("argv", REFUSED)
def test_a_mistake_in_the_arguments_is_refused_with_its_cure(argv: tuple[str, ...]) -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_arguments(argv)
    assert REFUSED[argv] in str(caught.value)


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_every_setting_is_an_option(row: Setting) -> None:
    for option in row.options:
        value = ("v",) if row.several else "v"
        assert parse_arguments([option, "v"]).values == {row.name: value}


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
    ],
)
def test_no_message_repeats_a_value(argv: list[str]) -> None:
    with pytest.raises(InvalidSettings) as caught:
        parse_arguments(argv)
    assert "3cret" not in str(caught.value)


def test_help_lists_every_verb_and_every_setting_with_its_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments(["--help"])
    assert caught.value.code == 0
    shown = capsys.readouterr().out
    for verb in Verb:
        assert f"\n  {verb} " in shown
    for row in SETTINGS:
        assert f"{row.options[-1]} {row.unit}\n" in shown
        assert f"{row.environment} (default: {row.default_text}): " in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse_arguments(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"headstart {__version__}\n"
