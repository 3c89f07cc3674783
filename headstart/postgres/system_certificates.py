"""The system's certificates, for which libpq asks its OpenSSL: a wheel's may look where none are.

`sslrootcert=system` is what libpq's own messages recommend. The OpenSSL in psycopg2's wheel has the
path of the machine that built it; SSL_CERT_FILE names another one. This module must not connect.
"""

import ctypes
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import psycopg2

from headstart.postgres.connect_failure import ConnectFailure
from headstart.postgres.libpq_defaults import libpq_defaults

_VERIFICATION = "certificate verify failed"
"""OpenSSL's own text, never translated."""


def with_missing_certificates(
    failure: ConnectFailure, parameters: Mapping[str, str]
) -> ConnectFailure:
    """A failed verification, and why it had to fail where no certificate of the system is found."""
    if failure.sqlstate is not None or _VERIFICATION not in failure.text:
        return failure
    asked = {**libpq_defaults(("sslrootcert",)), **parameters}.get("sslrootcert")
    places = _places()
    if asked != "system" or not places or any(map(_holds_certificates, places)):
        return failure
    return replace(
        failure,
        text=f"{failure.text}; sslrootcert=system finds no certificates here, as libpq's OpenSSL"
        f" looks in {' and '.join(places)}: set SSL_CERT_FILE to the system's file"
        " (/etc/ssl/certs/ca-certificates.crt on Debian), or sslrootcert to a file",
    )


def _places() -> tuple[str, ...]:
    """Where this OpenSSL looks for a file and for a folder; none if it cannot be asked."""
    libpq = ctypes.CDLL(psycopg2._psycopg.__file__)
    try:
        return tuple(
            os.environ.get(f"SSL_CERT_{kind.upper()}") or _default(libpq, kind)
            for kind in ("file", "dir")
        )
    except AttributeError:  # linked in another way
        return ()


def _default(libpq: ctypes.CDLL, kind: str) -> str:
    function = getattr(libpq, f"X509_get_default_cert_{kind}")
    function.argtypes, function.restype = [], ctypes.c_char_p
    return os.fsdecode(function())


def _holds_certificates(place: str) -> bool:
    path = Path(place)
    return path.is_file() or (path.is_dir() and any(path.iterdir()))
