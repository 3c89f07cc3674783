"""The values that libpq would use by default: we ask libpq, which knows its own rules.

It must not connect.
"""

import ctypes
import itertools
import os
from collections.abc import Mapping

import psycopg2


class _Option(ctypes.Structure):
    """PQconninfoOption of libpq-fe.h."""

    _fields_ = (
        *((name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val")),
        *((name, ctypes.c_char_p) for name in ("label", "dispchar")),
        ("dispsize", ctypes.c_int),
    )


def libpq_defaults() -> Mapping[str, str]:
    """The values that libpq uses by default: from PG* and the service that PGSERVICE names.

    Not from a passfile, which it reads when it connects.
    """
    libpq = ctypes.CDLL(psycopg2._psycopg.__file__)
    libpq.PQconndefaults.restype = ctypes.POINTER(_Option)
    libpq.PQconninfoFree.argtypes = [ctypes.POINTER(_Option)]
    options = libpq.PQconndefaults()
    if not options:  # the service is not to be found, say; the connection will tell
        return {}
    try:
        each = itertools.takewhile(lambda option: option.keyword, options)
        defaults = {option.keyword: option.val for option in each if option.val}
    finally:
        libpq.PQconninfoFree(options)
    names = ("host", "port", "dbname", "user", "password")
    return {
        name: os.fsdecode(defaults[name.encode()]) for name in names if name.encode() in defaults
    }
