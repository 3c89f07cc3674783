"""Why a connection failed: SQLSTATEs in any language, and the texts that are English always."""

import pytest

from headstart.postgres.connect_failure import (
    ConnectFailure,
    answers_in,
    classify,
    error_of,
)
from headstart.verdict.errors import AccessRefused, InvalidSettings, Unreachable

TCP = 'connection to server at "db" (10.0.0.1), port 5432 failed: '
OTHER = 'connection to server at "db2" (10.0.0.2), port 5432 failed: '
IPV6 = 'connection to server at "localhost" (::1), port 5432 failed: '
SOCKET = 'connection to server on socket "/run/postgresql/.s.PGSQL.5432" failed: '
REFUSED = (
    "Connection refused\n\tIs the server running on that host and accepting TCP/IP connections?\n"
)


@pytest.mark.parametrize(
    ("message", "found"),
    [
        pytest.param("FATAL:  28P01\n", [("28P01", "")], id="the line alone"),
        pytest.param(f"{TCP}FATAL:  3D000: no db\n", [("3D000", "no db")], id="after the address"),
        pytest.param(f"{SOCKET}FATAL:  57P03: no\n", [("57P03", "no")], id="after the socket"),
        pytest.param(
            f"{TCP}SCHWERWIEGEND:  28P01: Passwort: falsch\n",
            [("28P01", "Passwort: falsch")],
            id="German",
        ),
        pytest.param(f"{TCP}致命的エラー:  53300: 多\n", [("53300", "多")], id="Japanese"),
        pytest.param(f"{TCP}ВАЖНО:  28000: нет", [("28000", "нет")], id="Russian, no line's end"),
        pytest.param(f"{TCP}FATAL:  28P01: \r\n", [("28P01", "")], id="without words"),
        pytest.param(
            f"{TCP}FATAL:  57P03: wait\n{OTHER}FATAL:  28P01: no\n",
            [("57P03", "wait"), ("28P01", "no")],
            id="several hosts",
        ),
        pytest.param(
            f"{IPV6}{REFUSED}{TCP}FATAL:  28P01: no\n", [("28P01", "no")], id="beside libpq's own"
        ),
        pytest.param(
            f"{TCP}FATAL:  P0001: closed\nDETAIL:  ERROR: 12345\nHINT:  later\n"
            "LOCATION:  exec_stmt_raise, pl_exec.c:3917\n",
            [("P0001", "closed")],
            id="with all that verbose adds",
        ),
        pytest.param(
            f"FATAL:  57P03: wait\nuntil\n{OTHER}FATAL:  28P01: no\nFATAL:  3D000: no db\n",
            [("57P03", "wait"), ("28P01", "no")],
            id="with lines of their own",
        ),
        pytest.param(f"{TCP}{REFUSED}", [], id="libpq's own text"),
        pytest.param('invalid port number: "99999"\n', [], id="a quoted number of five digits"),
        pytest.param("could not look up user ID 28P01 here\n", [], id="not after a severity"),
        pytest.param('FATAL:  database "x" does not exist\n', [], id="of an old protocol"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_an_sqlstate_follows_the_severity_and_the_servers_words_follow_it(
    message: str, found: list[tuple[str, str]]
) -> None:
    assert list(answers_in(message)) == found


def test_the_servers_words_are_shown_after_ours() -> None:
    """Those of a proxy tell what no table of ours knows; pg_hba.conf is not always the cause."""
    failure = classify(f"{TCP}FATAL:  28000: odyssey: route for 'shop.app' is not found\n")
    assert (
        failure.text == "the server refused this role: odyssey: route for 'shop.app' is not found"
    )
    assert "pg_hba.conf" in classify(f"{TCP}FATAL:  28000\n").text


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        pytest.param("22023", InvalidSettings, id="a value of PGTZ"),
        pytest.param("42704", InvalidSettings, id="a name in the options"),
        pytest.param("42601", InvalidSettings, id="options that are none"),
        pytest.param("55P02", InvalidSettings, id="a setting of the server's start"),
        pytest.param("22012", AccessRefused, id="a login trigger's mistake"),
        pytest.param("P0001", Unreachable, id="a login trigger's refusal, which may pass"),
    ],
)
def test_what_a_login_brings_along_is_permanent_and_its_mistakes_are_settings(
    sqlstate: str, kind: type[Exception]
) -> None:
    failure = classify(f"{TCP}FATAL:  {sqlstate}: what the server says\n")
    assert failure.permanent is (kind is not Unreachable)
    error = error_of(failure, 1)
    assert type(error) is kind
    assert "what the server says" in str(error)


@pytest.mark.parametrize("severity", ["FATAL", "SCHWERWIEGEND", "致命的エラー", "ERROR"])
@pytest.mark.parametrize(
    ("sqlstate", "permanent", "grace", "cause"),
    [
        pytest.param("28P01", True, True, "password", id="password or role"),
        pytest.param("28000", True, True, "pg_hba.conf", id="role or pg_hba"),
        pytest.param("3D000", True, True, "database does not exist", id="database"),
        pytest.param("42501", True, True, "CONNECT", id="privilege"),
        pytest.param("55000", False, False, "does not accept connections", id="datallowconn"),
        pytest.param("0A000", False, False, "does not support", id="unsupported"),
        pytest.param("54000", False, False, "refused the connection", id="a proxy's limit"),
        pytest.param("26000", False, False, "refused the connection", id="a pooler's statement"),
        pytest.param("42P01", False, False, "refused the connection", id="a login trigger's table"),
        pytest.param("53300", False, False, "no connection slot", id="too many clients"),
        pytest.param("57P03", False, False, "starting up", id="starting or stopping"),
        pytest.param("57P01", False, False, "shutting down", id="administrator's command"),
        pytest.param("57P02", False, False, "shutting down", id="crash"),
        pytest.param("XX000", False, False, "refused the connection", id="unknown to us"),
    ],
)
def test_the_sqlstate_decides_whatever_language_the_severity_is_in(
    severity: str, sqlstate: str, permanent: bool, grace: bool, cause: str
) -> None:
    failure = classify(f"{TCP}{severity}:  {sqlstate}\n")
    assert (failure.permanent, failure.grace, failure.sqlstate) == (permanent, grace, sqlstate)
    assert cause in failure.text


@pytest.mark.parametrize(
    ("states", "telling", "permanent", "grace"),
    [
        pytest.param("28000 28P01", "28P01", True, True, id="TLS refused, then a bad password"),
        pytest.param("28P01 28000", "28P01", True, True, id="the same, the other way round"),
        pytest.param("28000 28000", "28000", True, True, id="neither with TLS nor without"),
        pytest.param("3D000 22012", "3D000", True, False, id="one of them no operator cures"),
        pytest.param("57P03 28P01", "57P03", False, False, id="one host is starting up"),
        pytest.param("28P01 57P03", "57P03", False, False, id="the last host is starting up"),
        pytest.param("53300 57P03", "53300", False, False, id="all may pass"),
    ],
)
def test_of_several_answers_one_that_may_pass_makes_the_whole_transient(
    states: str, telling: str, permanent: bool, grace: bool
) -> None:
    failure = classify("".join(f"{TCP}FATAL:  {state}\n" for state in states.split()))
    assert (failure.sqlstate, failure.permanent, failure.grace) == (telling, permanent, grace)


def test_a_servers_answer_outweighs_an_address_where_nobody_listens() -> None:
    """The name localhost has two addresses, and most servers listen on one."""
    failure = classify(f"{IPV6}{REFUSED}{TCP}FATAL:  28P01\n")
    assert (failure.permanent, failure.sqlstate) == (True, "28P01")


@pytest.mark.parametrize(
    "text",
    [
        "server does not support SSL, but SSL was required",
        "SSL error: certificate verify failed: self-signed certificate in certificate chain",
        'server certificate for "db.example" does not match host name "db"',
        'server certificate for "a" (and 2 other names) does not match host name "db"',
        (
            'root certificate file "/ca.crt" does not exist\nEither provide the file, or change'
            " sslmode to disable server certificate verification."
        ),
        'could not read root certificate file "/ca.crt": no certificate or crl found',
        'could not open certificate file "/c.crt": Permission denied',
        'certificate present, but not private key file "/k.key"',
        (
            'private key file "/k.key" has group or world access; file must have permissions u=rw'
            " (0600) or less if owned by the current user"
        ),
        "fe_sendauth: no password supplied",
        "channel binding required, but SSL not in use",
        "channel binding required but not supported by server's authentication request",
        (
            "channel binding is required, but server did not offer an authentication method that"
            " supports channel binding"
        ),
        'authentication method requirement "scram-sha-256" failed: server requested MD5',
        "GSSAPI encryption required but no credential cache",
    ],
)
def test_libpqs_own_refusals_of_tls_and_passwords_are_permanent(text: str) -> None:
    failure = classify(f"{TCP}{text}\n")
    assert failure == ConnectFailure(" ".join(f"{TCP}{text}".split()), permanent=True)


@pytest.mark.parametrize(
    "text",
    [
        'definition of service "app" not found',
        'service file "/etc/pg_service.conf" not found',
        'invalid sslmode value: "maybe"',
        'invalid dsn: invalid connection option "hots"',
        'invalid integer value "5432x" for connection option "port"',
        'invalid port number: "99999"',
        "could not match 3 port numbers to 2 hosts",
        "could not match 2 host names to 3 hostaddr values",
        'invalid target_session_attrs value: "master"',
        'invalid "ssl_min_protocol_version" value: "1.2"',
        "invalid SSL protocol version range",
        'could not parse network address "db": Name or service not known',
        'negative require_auth method "!md5" cannot be mixed with non-negative methods',
        'weak sslmode "prefer" may not be used with sslnegotiation=direct (use "require")',
    ],
)
def test_parameters_that_libpq_cannot_use_are_mistakes_in_the_settings(text: str) -> None:
    failure = classify(f"{text}\n")
    assert failure.permanent
    assert isinstance(error_of(failure, 1), InvalidSettings)


@pytest.mark.parametrize(
    "text",
    [
        REFUSED,
        (
            "Connection timed out\n\tIs the server running on that host and accepting TCP/IP"
            " connections?"
        ),
        "No route to host",
        'could not translate host name "db" to address: Name or service not known',
        (
            "server closed the connection unexpectedly\n\tThis probably means the server terminated"
            " abnormally\n\tbefore or while processing the request."
        ),
        (
            "No such file or directory\n\tIs the server running locally and accepting connections"
            " on that socket?"
        ),
        "could not receive data from server: Connection reset by peer",
        "SSL SYSCALL error: EOF detected",
        "session is read-only",
        "",
    ],
)
def test_whatever_else_libpq_says_may_pass(text: str) -> None:
    failure = classify(f"{TCP}{text}\n")
    assert (failure.permanent, failure.grace, failure.sqlstate) == (False, False, None)


def test_the_text_for_people_is_one_line() -> None:
    """And libpq's second one, which asks what the first one has answered, is left out."""
    assert classify(f"{TCP}{REFUSED}").text == f"{TCP}Connection refused"


@pytest.mark.parametrize(
    ("text", "permanent"),
    [
        ("no such database: app", True),
        ("no such user: app", True),
        ("no such user", True),
        ("password authentication failed", True),
        ("SASL authentication failed", True),
        ("auth failed", True),
        ("SSL required", True),
        ("TLS connection required", True),
        ("TLS client certificate required", True),
        ("TLS certificate name mismatch", True),
        ("unsupported startup parameter: options", True),
        ("not allowed", True),
        ("login rejected", True),
        ("unix socket login rejected", True),
        ("no more connections allowed (max_client_conn)", False),
        ("database does not allow connections: app", False),
        ("pgbouncer cannot connect to server", False),
        ("server login has been failing, try again later (server_login_retry)", False),
        ("query_wait_timeout", False),
        ("client_login_timeout (server down)", False),
        ("the database system is starting up", False),
        ("something that a later PgBouncer says", False),
    ],
)
def test_pgbouncers_text_decides_and_an_operator_may_cure_what_it_refuses(
    text: str, permanent: bool
) -> None:
    failure = classify(f"{TCP}FATAL:  08P01: {text}\n")
    assert failure == ConnectFailure(text, permanent, permanent, "08P01")


def test_an_08p01_without_a_text_is_no_refusal() -> None:
    assert not classify(f"{TCP}FATAL:  08P01\n").permanent
