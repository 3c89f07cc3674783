"""No secret survives in a text, in whatever form the text holds it."""

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from psycopg2.extensions import make_dsn
from sqlalchemy import URL

from headstart.process.redaction import FIXED_FIELDS, MASK, Secrets, password_of
from headstart.verdict.outcome import Outcome

PASSWORDS = {
    "plain": "correcthorse",
    "url characters": "p@ss:w/o?r#d&x=y",
    "percent and dollar": "50%off$HOME%41",
    "quotes": 'it\'s "quoted"',
    "backslashes": "a\\b\\\\c\\n",
    "spaces and plus": "a b+c d",
    "umlauts": "größe",
    "japanese and emoji": "パス🐘ワード",
    "control characters": "tab\tnew\nline\x07bell",
    "quotes at the ends": "'x\"y'",
    "not utf-8": "caf\udce9noir",
    "regex characters": ".*[a-z]+(x|y)$^",
}


def masked(text: object, *secrets: str) -> object:
    known = Secrets()
    for secret in secrets:
        known.add(secret)
    return known.mask(text)


@pytest.fixture(params=PASSWORDS.values(), ids=list(PASSWORDS))
def password(request: pytest.FixtureRequest) -> str:
    secret: str = request.param
    return secret


FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda s: s,
    "in a repr": lambda s: repr(s)[1:-1],
    "in a repr with both quotes": lambda s: repr(f"'\"{s}")[4:-1],
    "in JSON": lambda s: json.dumps(s)[1:-1],
    "in readable JSON": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "in an SQL literal": lambda s: s.replace("'", "''"),
    "percent-encoded": lambda s: quote(s, safe="", errors="surrogateescape"),
    "percent-encoded in lower case": lambda s: "".join(
        f"%{octet:02x}" for octet in s.encode(errors="surrogateescape")
    ),
    "percent-encoded but for slashes": lambda s: quote(s, errors="surrogateescape"),
    "in a query": lambda s: quote_plus(s, errors="surrogateescape"),
    "in an .ini file": lambda s: quote(s, safe="", errors="surrogateescape").replace("%", "%%"),
    "as it is in an .ini file": lambda s: s.replace("%", "%%"),
    "percent-encoded twice": lambda s: quote(quote(s, safe="", errors="surrogateescape"), safe=""),
    "percent-encoded twice in a query": lambda s: quote_plus(
        quote_plus(s, errors="surrogateescape")
    ),
    "percent-encoded twice in an .ini file": lambda s: quote(
        quote(s, safe="", errors="surrogateescape"), safe=""
    ).replace("%", "%%"),
    "in HTML": html.escape,
    "in HTML with decimal numbers": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "in HTML with hexadecimal numbers": lambda s: "".join(f"&#x{ord(c):x};" for c in s),
    "in the repr of bytes": lambda s: repr(s.encode(errors="surrogateescape"))[2:-1],
    "in hex": lambda s: s.encode(errors="surrogateescape").hex(),
}
"""How a text may hold a secret. Each takes the secret."""


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_secret_is_masked_in_every_form(password: str, form: Callable[[str], str]) -> None:
    assert masked(f"a <{form(password)}> b", password) == f"a <{MASK}> b"


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_a_secret_is_masked_in_a_text_that_holds_nothing_else(
    password: str, form: Callable[[str], str]
) -> None:
    """What is shorter than each form of it is not searched at all."""
    assert masked(form(password), password) == MASK


@pytest.mark.parametrize("before", ["", "u", "us", "usr"])
@pytest.mark.parametrize("after", ["", "@", "@h", "@ho"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_of_a_text_with_a_secret_shows_none_of_its_characters(
    password: str, before: str, after: str, encode: Callable[[bytes], bytes]
) -> None:
    """The characters at its ends also hold bits of what is around it."""
    octets = password.encode(errors="surrogateescape")
    shown = str(masked(encode(before.encode() + octets + after.encode()).decode(), password))
    head, tail = shown.split(MASK)
    padding = -len(before.encode() + octets + after.encode()) * 8 % 6
    assert len(head) * 6 - len(before) * 8 < 6
    assert len(tail.rstrip("=")) * 6 - padding - len(after) * 8 < 6


@pytest.mark.parametrize("name", [n for n in PASSWORDS if n != "not utf-8"])
def test_a_secret_is_masked_in_what_libraries_make_of_it(name: str) -> None:
    secret = PASSWORDS[name]
    url = URL.create("postgresql+psycopg2", "app", secret, "db", 5432, "app")
    rendered = url.render_as_string(hide_password=False)
    assert masked(rendered, secret) == f"postgresql+psycopg2://app:{MASK}@db:5432/app"
    assert masked(make_dsn(host="db", password=secret), secret) in (
        f"host=db password={MASK}",
        f"host=db password='{MASK}'",
    )


@pytest.mark.parametrize("secret", ["x", "ab", "abc", "a%b"])
def test_a_very_short_secret_is_masked_only_where_it_stands_by_itself(secret: str) -> None:
    assert masked(f"password {secret}, ({secret})", secret) == f"password {MASK}, ({MASK})"
    assert (
        masked(f"un{secret}ious {secret}1 _{secret}", secret)
        == f"un{secret}ious {secret}1 _{secret}"
    )


def test_a_longer_secret_is_masked_whole_though_it_holds_a_shorter_one() -> None:
    assert masked("hunter2-rotated", "hunter2", "hunter2-rotated") == MASK


def test_an_earlier_secret_stays_secret_after_a_rotation() -> None:
    assert masked("old-one new-one", "old-one", "new-one") == f"{MASK} {MASK}"


@pytest.mark.parametrize("secret", [" hunter2", "hunter2\n", "\t hunter2 \r\n"])
def test_a_secret_is_masked_without_the_blanks_around_it_too(secret: str) -> None:
    assert masked("<hunter2>", secret) == f"<{MASK}>"
    assert masked(f"<{secret}>", secret) == f"<{MASK}>"


def test_a_secret_of_blanks_masks_no_empty_text() -> None:
    assert masked("any text", "  ") == "any text"


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_secret_masks_nothing(nothing: str | None) -> None:
    known = Secrets()
    known.add(nothing)
    assert known.mask("any text") == "any text"


STATEMENTS = {
    "a literal": ("ALTER ROLE x PASSWORD 'secret' LOGIN", "ALTER ROLE x PASSWORD '***' LOGIN"),
    "a doubled quote": ("ALTER ROLE x PASSWORD 'se''cret'", "ALTER ROLE x PASSWORD '***'"),
    "lower case": ("create role x password 'secret'", "create role x password '***'"),
    "encrypted": ("CREATE ROLE x ENCRYPTED PASSWORD\n 'secret'",
                  "CREATE ROLE x ENCRYPTED PASSWORD\n '***'"),
    "no space": ("CREATE ROLE x PASSWORD'secret'", "CREATE ROLE x PASSWORD'***'"),
    "an escape string": (r"ALTER ROLE x PASSWORD E'se\'cret' b", "ALTER ROLE x PASSWORD '***' b"),
    "a unicode string": ("CREATE ROLE x PASSWORD U&'s\\0061' b", "CREATE ROLE x PASSWORD '***' b"),
    "a trailing backslash": ("ALTER ROLE x PASSWORD 'secret\\' b", "ALTER ROLE x PASSWORD '***' b"),
    "dollar quotes": ("ALTER ROLE x PASSWORD $$sec'ret$$ b", "ALTER ROLE x PASSWORD '***' b"),
    "tagged dollar quotes": ("ALTER ROLE x PASSWORD $t$se$$cret$t$ b",
                             "ALTER ROLE x PASSWORD '***' b"),
    "several lines": ("ALTER ROLE x PASSWORD 'sec\nret'", "ALTER ROLE x PASSWORD '***'"),
    "two statements": ("ALTER ROLE x PASSWORD 'secret'; ALTER ROLE y PASSWORD 'secret'",
                       "ALTER ROLE x PASSWORD '***'; ALTER ROLE y PASSWORD '***'"),
    "a literal that was cut": ("1: ALTER ROLE x PASSWORD 'secr", "1: ALTER ROLE x PASSWORD '***'"),
    "an escape string that was cut": (r"PASSWORD E'se\'cr", "PASSWORD '***'"),
    "dollar quotes that were cut": ("PASSWORD $t$secr", "PASSWORD '***'"),
    "within a repr": (r"'ALTER ROLE x PASSWORD \'se\'\'cret\' \"b\"'",
                      r"'ALTER ROLE x PASSWORD '***' \"b\"'"),
    "an option": ("OPTIONS (user 'x', password 'secret')", "OPTIONS (user 'x', password '***')"),
    "an assignment": ("UPDATE t SET password = 'secret', a = 'b'",
                      "UPDATE t SET password = '***', a = 'b'"),
    "a conninfo": ("CONNECTION 'host=h password=secret user=u'",
                   "CONNECTION 'host=h password=*** user=u'"),
    "an environment": ("Command 'PGPASSWORD=secret false'", "Command 'PGPASSWORD=*** false'"),
    "an argument": ("['psql', '--password', 'secret', 'x']", "['psql', '--password', '***', 'x']"),
    "another argument": ("['--db-passwd', \"se'cret\"]", "['--db-passwd', '***']"),
    "a token": ("['-X', '--token', 'secret']", "['-X', '--token', '***']"),
    "a conninfo of two": ("sslpassword=secret password=secret", "sslpassword=*** password=***"),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "shown"), STATEMENTS.values(), ids=STATEMENTS.keys())
def test_a_password_in_a_statement_is_masked_though_nobody_told_it(
    statement: str, shown: str
) -> None:
    assert masked(statement) == shown


URLS = {
    "a password": ("postgresql://u:secret@h/d", "postgresql://u:***@h/d"),
    "a driver": ("postgresql+asyncpg://u:secret@h/d", "postgresql+asyncpg://u:***@h/d"),
    "no user": ("redis://:secret@h", "redis://:***@h"),
    "an @ that nobody encoded": ("postgresql://u:se@cret@h/d", "postgresql://u:***@h/d"),
    "a slash and a colon": ("postgresql://u:se/c:ret@h/d", "postgresql://u:***@h/d"),
    "a user with an @": ("postgresql://u@srv:secret@h/d", "postgresql://u@srv:***@h/d"),
    "capitals": ("POSTGRESQL://u:secret@h/d", "POSTGRESQL://u:***@h/d"),
    "in quotes": ("url='postgres://u:secret@h/d'", "url='postgres://u:***@h/d'"),
    "a query": ("postgresql://h/d?password=secret&sslmode=require",
                "postgresql://h/d?password=***&sslmode=require"),
    "two in a sentence": ("from a://u:secret@h to b://u:secret@h", "from a://u:***@h to b://u:***@h"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "shown"), URLS.values(), ids=URLS.keys())
def test_a_password_in_a_url_is_masked_though_nobody_told_it(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u@h:5432/d",
        "https://docs.example.org:443/password/reset",
        'password authentication failed for user "app"',
        "fe_sendauth: no password supplied",
        "CREATE TABLE users (password varchar, note varchar DEFAULT 'none')",
        "the role's PASSWORD NULL",
    ],
)
def test_what_holds_no_password_is_left_as_it_is(text: str) -> None:
    assert masked(text) == text


def test_values_within_mappings_and_lists_are_masked_and_numbers_stay() -> None:
    value = {
        "a": ["secret-1", ("x secret-1",), {"b": "secret-1"}],
        "n": [1, 2.5, True, None],
        "s": {"secret-1"},
    }
    assert masked(value, "secret-1") == {
        "a": [MASK, [f"x {MASK}"], {"b": MASK}],
        "n": [1, 2.5, True, None],
        "s": [MASK],
    }


def test_an_object_is_masked_in_the_text_that_it_would_be_logged_as() -> None:
    assert masked({"error": ValueError("secret-1")}, "secret-1") == {"error": MASK}


def test_the_value_that_was_given_is_not_changed() -> None:
    value = {"a": ["secret-1"]}
    masked(value, "secret-1")
    assert value == {"a": ["secret-1"]}


@pytest.mark.parametrize("name", sorted(FIXED_FIELDS))
def test_a_password_that_equals_a_word_of_ours_does_not_hide_that_word(name: str) -> None:
    known = Secrets()
    known.add(Outcome.UPGRADED.value)
    assert known.mask_fields({name: "upgraded", "detail": "upgraded"}) == {
        name: "upgraded",
        "detail": MASK,
    }


def test_the_secrets_among_libpqs_parameters_are_both_its_passwords() -> None:
    parameters = {"host": "h", "password": "one", "sslpassword": "two", "passfile": "/p"}
    assert list(password_of(parameters)) == ["one", "two"]
    assert list(password_of({"host": "h"})) == []
