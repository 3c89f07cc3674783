"""The proof mark: what a run writes into the record once it has proven the schema of the head.

    1 0.1.0 5d41402abc4b2a76b9719d911017c592 160014 7713773343339192747 5 10 732 41:-615917712

The format, headstart's version, the fingerprints file by its body, the server by version and
identifier, the database, the role, the transaction that wrote the mark, and the number of the
schema then. The transaction is compared with the xmin of the comment's row: a dump takes the
comment along, and a restored one has another. env.py may look at the role that it connects as, so a
run heeds only the mark of its own.
"""

from headstart import __version__

FORMAT = 1
_NAME = '"proof": "'
_ROLE = 6
"""Where the role stands."""
_XIDS = 1 << 32
"""xmin has 32 of the 64 bits of a transaction's number."""


def mark_text(body: str, server: str, transaction: int, digest: str) -> str:
    """The mark; `server` is its version and identifier, the database and the role, by number."""
    return f"{FORMAT} {__version__} {body} {server} {transaction % _XIDS} {digest}"


def of_any_role(mark: str) -> str:
    """The mark without its role, for what runs no env.py."""
    parts = mark.split(" ")
    return " ".join(parts[:_ROLE] + parts[_ROLE + 1 :])


def mark_in(comment: str) -> str:
    """The mark in a comment that is a record of ours; empty where there is none."""
    if not comment.startswith('{"headstart": 1, '):
        return ""
    _, _, rest = comment.rpartition(_NAME)
    return rest.partition('"')[0]
