"""One of many that share a database: the key that its run locks, and the digits that name it. Pure.

Each has a version table of its own, and may have a run of its own beside those of the others. The
key is made here, and not by the server's hashtext(), of which two names in 100,000 have the same.
"""

from hashlib import blake2b

from headstart.facts.sql import identifier
from headstart.values import dataclass

LONGEST_NAME_BYTES = 63
"""NAMEDATALEN - 1: the server cuts names there, and two that are longer may be one table."""
_DOMAIN = b"headstart target"
_KEY_BYTES = 8


@dataclass(frozen=True)
class Target:
    """Which of them a run works for: where its version table is, by the names that the server has.

    `schema` is never empty: "alembic_version" and "public.alembic_version" may be one table, and
    must not have two keys. `is_home`: it is the target's own, so that its tables are there, too.
    Raises ValueError for what cannot be the name of one.
    """

    schema: str
    version_table: str
    is_home: bool = False

    def __post_init__(self) -> None:
        for name in (self.schema, self.version_table):
            if not 0 < len(name.encode()) <= LONGEST_NAME_BYTES or "\0" in name:
                raise ValueError(f"{name!r} is no name of a schema or a table")

    @property
    def digits(self) -> str:
        """Its key in 16 hexadecimal digits, for application_name."""
        return self._digest.hex()

    @property
    def key(self) -> int:
        """The key of its advisory lock, a bigint of either sign: the same in every process."""
        return int.from_bytes(self._digest, signed=True)

    @property
    def _digest(self) -> bytes:
        name = f"{identifier(self.schema)}.{identifier(self.version_table)}"
        return blake2b(name.encode(), digest_size=_KEY_BYTES, person=_DOMAIN).digest()
