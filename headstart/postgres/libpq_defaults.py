"""The values that libpq would use by default: we ask libpq, which knows its own rules.

It must not connect.
"""

import ctypes
import itertools
import os
from collections.abc import Collection, Mapping
from dataclasses import field
from functools import cache

import psycopg2

from headstart.values import dataclass


class _Option(ctypes.Structure):
    """PQconninfoOption of libpq-fe.h."""

    _fields_ = (
        *((name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val")),
        *((name, ctypes.c_char_p) for name in ("label", "dispchar")),
        ("dispsize", ctypes.c_int),
    )


LOGIN = ("host", "port", "dbname", "user", "password")
"""The parameters that lead to a database, as whom."""


def libpq_defaults(names: Collection[str] = LOGIN) -> Mapping[str, str]:
    """The values that libpq uses by default: from PG* and the service that PGSERVICE names.

    Not from a passfile, which it reads when it connects.
    """
    defaults = {name: option.value for name, option in _options().items() if option.value}
    return {name: os.fsdecode(defaults[name]) for name in names if name in defaults}


def libpq_options() -> Mapping[str, str | None]:
    """The parameters that the libpq here knows, with the variables that give their defaults."""
    return {name: option.variable for name, option in _options().items()}


@dataclass(frozen=True)
class _Default:
    variable: str | None
    value: bytes | None = field(repr=False)


@cache
def _libpq() -> ctypes.CDLL:
    libpq = ctypes.CDLL(psycopg2._psycopg.__file__)
    libpq.PQconndefaults.restype = ctypes.POINTER(_Option)
    libpq.PQconninfoFree.argtypes = [ctypes.POINTER(_Option)]
    return libpq


def _options() -> Mapping[str, _Default]:
    libpq = _libpq()
    options = libpq.PQconndefaults()
    if not options:  # the service is not to be found, say; the connection will tell
        return {}
    try:
        each = itertools.takewhile(lambda option: option.keyword, options)
        return {
            option.keyword.decode(): _Default(option.envvar and option.envvar.decode(), option.val)
            for option in each
        }
    finally:
        libpq.PQconninfoFree(options)
