"""Where `sslrootcert=system` finds no certificate, the refusal names the place and the cure."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from headstart.postgres.connect_failure import ConnectFailure
from headstart.postgres.system_certificates import with_missing_certificates

UNVERIFIED = ConnectFailure("SSL error: certificate verify failed", permanent=True)
SYSTEM = {"sslrootcert": "system"}


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder without certificates; libpq's OpenSSL is told to look in it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.crt"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("parameters", "environ"), [(SYSTEM, {}), ({}, {"PGSSLROOTCERT": "system"})], ids=["URL", "PG"]
)
def test_the_places_are_named_and_the_variable(
    monkeypatch: pytest.MonkeyPatch,
    places: Path,
    parameters: Mapping[str, str],
    environ: Mapping[str, str],
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    failure = with_missing_certificates(UNVERIFIED, parameters)
    assert failure.permanent
    assert failure.text.startswith(UNVERIFIED.text)
    assert f"looks in {places}/missing.crt and {places}: set SSL_CERT_FILE" in failure.text


def test_without_the_variables_the_place_is_what_openssl_was_built_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "/cert.pem and" in with_missing_certificates(UNVERIFIED, SYSTEM).text


def test_where_certificates_are_the_servers_own_is_the_cause(places: Path) -> None:
    (places / "missing.crt").write_text("-----BEGIN CERTIFICATE-----\n")
    assert with_missing_certificates(UNVERIFIED, SYSTEM) == UNVERIFIED


@pytest.mark.parametrize(
    ("failure", "parameters"),
    [
        pytest.param(UNVERIFIED, {"sslrootcert": "/ca.crt"}, id="a file"),
        pytest.param(UNVERIFIED, {}, id="no root certificate"),
        pytest.param(ConnectFailure("Connection refused", permanent=False), SYSTEM, id="no TLS"),
        pytest.param(
            ConnectFailure("certificate verify failed", False, sqlstate="58000"),
            SYSTEM,
            id="a server's words",
        ),
    ],
)
def test_what_has_another_cause_stays_as_it_is(
    failure: ConnectFailure, parameters: Mapping[str, str]
) -> None:
    assert with_missing_certificates(failure, parameters) == failure
