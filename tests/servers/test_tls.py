"""What ends a wait when TLS is at odds; certificates are told by libpq, without a SQLSTATE."""

from pathlib import Path

import pytest

from tests.harness.endings import assert_refused_at_once
from tests.harness.slow import run
from tests.servers.databases import Database


@pytest.fixture(scope="session")
def certificate(debian: Database, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The server's own certificate, which is its root too."""
    path: Path = tmp_path_factory.mktemp("tls") / "root.crt"
    path.write_text(debian.container.run("cat", "/var/lib/postgresql/tests/server.crt") + "\n")
    return str(path)


def test_the_verdict_says_whether_the_connection_was_encrypted(
    debian: Database, official: Database
) -> None:
    """With sslmode=prefer, libpq's default, the server decides."""
    for server, encrypted in ((debian, True), (official, False)):
        end = run(server.url(), SLOW_SECONDS="0")
        accepted = next(e for e in end.events if e["event"] == "database_accepted")
        assert (accepted["tls"], end.verdict["tls"]) == (encrypted, encrypted)


def test_a_server_that_asks_for_tls_says_so(debian: Database) -> None:
    end = run(debian.url(sslmode="disable"))
    assert_refused_at_once(end, sqlstate="28000", cause="over TLS only: set sslmode=require")


def test_a_server_that_asks_for_tls_says_so_before_it_looks_at_the_password(
    debian: Database,
) -> None:
    end = run(debian.url(sslmode="disable", password="wrong"))
    assert_refused_at_once(end, sqlstate="28000", cause="over TLS only: set sslmode=require")


def test_a_wrong_password_over_tls_is_not_hidden_by_the_refusal_without_tls(
    debian: Database,
) -> None:
    """With sslmode=prefer libpq tries again in the clear, and that is refused too."""
    end = run(debian.url(password="wrong"))
    assert_refused_at_once(end, sqlstate="28P01", cause="password")


def test_a_server_without_tls_cannot_be_required_to_use_it(official: Database) -> None:
    end = run(official.url(sslmode="require"))
    assert_refused_at_once(end, cause="server does not support SSL")


def test_a_certificate_of_an_unknown_authority_is_refused(debian: Database) -> None:
    end = run(debian.url(sslmode="verify-full", sslrootcert="system"))
    assert_refused_at_once(end, cause="certificate verify failed")


def test_the_systems_certificates_are_those_of_the_file_that_is_named(
    debian: Database, certificate: str
) -> None:
    url = debian.create().url(sslmode="verify-full", sslrootcert="system")
    end = run(url, SSL_CERT_FILE=certificate, SLOW_SECONDS="0")
    assert end.outcome == "upgraded"


def test_where_no_certificates_of_the_system_are_found_the_variable_is_named(
    debian: Database, tmp_path: Path
) -> None:
    url = debian.url(sslmode="verify-full", sslrootcert="system")
    end = run(url, SSL_CERT_FILE=str(tmp_path / "missing.crt"), SSL_CERT_DIR=str(tmp_path))
    assert_refused_at_once(end, cause="set SSL_CERT_FILE to the system's file")


def test_a_root_certificate_that_is_not_there_is_named(debian: Database, tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.crt")
    end = run(debian.url(sslmode="verify-full", sslrootcert=missing))
    assert_refused_at_once(end, cause=missing)


def test_a_certificate_for_another_name_is_refused(debian: Database, certificate: str) -> None:
    url = debian.url(sslmode="verify-full", sslrootcert=certificate)
    end = run(url.replace("127.0.0.1", "localhost"))
    assert_refused_at_once(end, cause='does not match host name "localhost"')


def test_a_certificate_that_is_trusted_lets_the_whole_run_pass(
    debian: Database, certificate: str
) -> None:
    url = debian.create().url(sslmode="verify-full", sslrootcert=certificate)
    assert run(url, SLOW_SECONDS="0").outcome == "upgraded"
