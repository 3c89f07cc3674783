"""The proof mark: what a run writes into the record once it has proven the schema of the head.

    1 0.1.0 5d41402abc4b2a76b9719d911017c592 160014 7713773343339192747 5 10 732 41:-615917712

The format, headstart's version, the fingerprints file by its body, the server by version and
identifier, the database, the role, the transaction that wrote the mark, and the number of the
schema then. The transaction is compared with the xmin of the comment's row: a dump takes the
comment along, and a restored one has another. env.py may look at the role that it connects as, so a
run heeds only the mark of its own.

Where one of many schemas of a database is run for, the mark has one word more, the digest of the
settings by which env.py came to work in this schema, and the number is that of this schema and not
of the whole database. It stands beside the ordinary one, which says nothing of such settings:

    "proof": "1 0.1.0 5d41.. .. 732 41:-6159", "target": "1 0.1.0 5d41.. .. 732 9:-77/8:5 c4ca.."
"""

from _blake2 import blake2b

from headstart import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMAT = 1
PROOF, TARGET = "proof", "target"
"""What the two marks are called in the record."""
_ROLE, _TRANSACTION, _NUMBER = 6, 7, 8
"""Where these stand."""
_DIGEST_BYTES = 8
_XIDS = 1 << 32
"""xmin has 32 of the 64 bits of a transaction's number."""


def mark_text(body: str, server: str, transaction: int, digest: str) -> str:
    """The mark; `server` is its version and identifier, the database and the role, by number."""
    return f"{FORMAT} {__version__} {body} {server} {transaction % _XIDS} {digest}"


def target_mark(mark: str, settings: str) -> str:
    """The mark of a target, whose settings have this digest; `mark` is as mark_text makes it."""
    return f"{mark} {settings}"


def target_digest(
    version_table: "tuple[str, str]",
    x: "Iterable[str]" = (),
    variables: "Mapping[str, str | None] | None" = None,
) -> str:
    """The digest of what chose the target, in 16 hexadecimal digits, the same in every process.

    In it are the schema and the name of the version table, the arguments -x in their order, and
    what env.py reads of its environment, by name, with None for a variable that is not set. The URL
    is not: it may hold a password, and the mark is bound to its database by other words. Anybody
    who sees the comment can try whether a value is the right one: -x is no place for a secret.
    """
    words, values = tuple(x), sorted((variables or {}).items())
    parts = [*version_table, f"{len(words)}", *words, *(f"{n}={v!r}" for n, v in values)]
    content = "".join(f"{len(part)}:{part}" for part in parts).encode(errors="surrogateescape")
    return str(blake2b(content, digest_size=_DIGEST_BYTES).hexdigest())


def of_any_role(mark: str) -> str:
    """The mark without its role, for what runs no env.py."""
    return _without(mark, _ROLE)


def of_any_number(mark: str) -> str:
    """The mark without the number of the schema: who has proven what, whatever it is now."""
    return _without(mark, _NUMBER)


def _without(mark: str, place: int) -> str:
    parts = mark.split(" ")
    return " ".join(parts[:place] + parts[place + 1 :])


def renewed(mark: str, before: int, now: int) -> str:
    """The mark, for a comment that another transaction writes; empty where it fits the old one not.

    It says no more than it did: `before` is the xmin of the comment that it was found in, and so
    it was written there.
    """
    parts = mark.split(" ")
    if len(parts) <= _TRANSACTION or parts[_TRANSACTION] != str(before):
        return ""
    return " ".join([*parts[:_TRANSACTION], str(now % _XIDS), *parts[_TRANSACTION + 1 :]])


def mark_in(comment: str, name: str = PROOF) -> str:
    """The mark in a comment that is a record of ours; empty where there is none."""
    if not comment.startswith('{"headstart": 1, '):
        return ""
    _, found, rest = comment.rpartition(f'"{name}": "')
    return rest.partition('"')[0] if found else ""
