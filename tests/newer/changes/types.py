"""Columns of ours that are of another type, or of another length."""

from tests.newer.change import doubt, no, yes

_LABELS = "ALTER TABLE bookings ADD labels varchar(10)[]"
_LABELLED = "SELECT id FROM bookings WHERE labels {} ARRAY['a']::varchar[]"
_NARROW = "ALTER TABLE users ALTER balance TYPE numeric({})"

TYPES = (
    yes(
        "an array of longer varchar",
        "ALTER TABLE bookings ALTER labels TYPE varchar(40)[]",
        given=_LABELS,
        also=(_LABELLED.format("@>"),),
    ),
    yes(
        "an array of varchar of any length",
        "ALTER TABLE bookings ALTER labels TYPE varchar[]",
        given=_LABELS,
        also=(_LABELLED.format("&&"), _LABELLED.format("=")),
    ),
    yes(
        "an array of numeric with more digits",
        "ALTER TABLE bookings ALTER labels TYPE numeric(9, 2)[]",
        given="ALTER TABLE bookings ADD labels numeric(5, 2)[]",
        also=("SELECT id FROM bookings WHERE labels @> ARRAY[1.5]::numeric[]",),
    ),
    no(
        "an array of varchar that is one of text",
        "ALTER TABLE bookings ALTER labels TYPE text[]",
        "no operator takes arrays of both",
        given=_LABELS,
        also=(_LABELLED.format("@>"),),
    ),
    no(
        "an array of varchar of any length that is one of text",
        "ALTER TABLE bookings ALTER labels TYPE text[]",
        "no operator takes arrays of both",
        given="ALTER TABLE bookings ADD labels varchar[]",
        also=(_LABELLED.format("="),),
    ),
    no(
        "an array of integer that is one of bigint",
        "ALTER TABLE bookings ALTER numbers TYPE bigint[]",
        "no operator takes arrays of both",
        given="ALTER TABLE bookings ADD numbers integer[]",
        also=("SELECT id FROM bookings WHERE numbers && ARRAY[1]::integer[]",),
    ),
    no(
        "an array of real that is one of double precision",
        "ALTER TABLE bookings ALTER numbers TYPE float8[]",
        "no operator takes arrays of both",
        given="ALTER TABLE bookings ADD numbers real[]",
        also=("SELECT id FROM bookings WHERE numbers = ARRAY[1]::real[]",),
    ),
    no(
        "a numeric with fewer digits",
        _NARROW.format("5, 2"),
        "users.balance is numeric(5,2)",
        also=("UPDATE users SET balance = 12345.67",),
    ),
    no(
        "a numeric without digits behind the point",
        _NARROW.format("10, 0"),
        "users.balance is numeric(10,0)",
        also=("UPDATE users SET balance = 1.25 WHERE id = 1 RETURNING balance",),
    ),
    no(
        "a numeric with digits behind the point for some before it",
        _NARROW.format("10, 4"),
        "users.balance is numeric(10,4)",
        also=("UPDATE users SET balance = 12345678.25",),
    ),
    no(
        "a numeric of any length that has one",
        "ALTER TABLE bookings ALTER price TYPE numeric(5, 2)",
        "bookings.price is numeric(5,2)",
        given="ALTER TABLE bookings ADD price numeric",
        also=("UPDATE bookings SET price = 1.125 RETURNING price",),
    ),
    doubt(
        "a numeric of any length",
        "ALTER TABLE users ALTER balance TYPE numeric",
        "users.balance is numeric, which was numeric(10,2)",
        rows="UPDATE users SET balance = 1.125 WHERE id = 1",
        also=("SELECT balance::numeric(10, 2) = balance FROM users WHERE id = 1",),
    ),
)
