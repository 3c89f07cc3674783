"""Partitions that are gone: old ones, and those that rows of now belong into."""

from tests.newer.change import doubt, yes

_BY = "CREATE TABLE visits (at {type}, name text, number integer) PARTITION BY RANGE ({key});"
_PART = "CREATE TABLE visits_{name} PARTITION OF visits FOR VALUES FROM ({start}) TO ({end});"
_BELONGS = "is gone: rows may still belong into it"


def _parted(key: str, *bounds: tuple[str, str, str], kind: str = "timestamptz") -> str:
    """A table with partitions of these names and bounds."""
    parts = (_PART.format(name=name, start=start, end=end) for name, start, end in bounds)
    return _BY.format(type=kind, key=key) + "".join(parts)


_OLD, _NOW, _LATER = (
    (name, f"'{start}-01-01'", f"'{end}-01-01'")
    for name, start, end in (("old", 1990, 2000), ("now", 2000, 2200), ("later", 2200, 2300))
)
_INSERT = "INSERT INTO visits (at, name, number) VALUES (now(), 'bob', 7) RETURNING name"

PARTITIONS = (
    yes(
        "the oldest partition is gone",
        "DROP TABLE events_2024",
        given="CREATE TABLE events_2024 PARTITION OF events"
        " FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    ),
    yes(
        "the oldest partition of moments is gone",
        "DROP TABLE visits_old",
        given=_parted("at", _OLD, _NOW),
        also=(_INSERT,),
    ),
    yes(
        "the oldest partition is detached",
        "ALTER TABLE visits DETACH PARTITION visits_old",
        given=_parted("at", _OLD, _NOW, kind="timestamp"),
        also=(_INSERT,),
    ),
    yes(
        "the oldest partition is gone with its parts",
        "DROP TABLE visits_old",
        given=_BY.format(type="date", key="at")
        + "CREATE TABLE visits_old PARTITION OF visits FOR VALUES FROM ('1990-01-01')"
        " TO ('2000-01-01') PARTITION BY LIST (name);"
        "CREATE TABLE visits_old_bob PARTITION OF visits_old FOR VALUES IN ('bob');"
        + _PART.format(name="now", start=_NOW[1], end=_NOW[2]),
        also=(_INSERT,),
    ),
    doubt(
        "the oldest partition is that of now",
        "DROP TABLE visits_now",
        "partition visits_now of visits " + _BELONGS,
        given=_parted("at", _NOW, _LATER),
        also=(_INSERT,),
    ),
    doubt(
        "the partition of now is detached",
        "ALTER TABLE visits DETACH PARTITION visits_now",
        "partition visits_now (detached) of visits " + _BELONGS,
        given=_parted("at", _NOW, _LATER, kind="date"),
        also=(_INSERT,),
    ),
    doubt(
        "the old partition and that of now are gone",
        "DROP TABLE visits_old, visits_now",
        "partition visits_now of visits " + _BELONGS,
        given=_parted("at", _OLD, _NOW, _LATER),
        also=(_INSERT,),
    ),
    doubt(
        "a partition of all that was so far is gone",
        "DROP TABLE visits_now",
        _BELONGS,
        given=_parted("at", ("now", "MINVALUE", "'2200-01-01'"), _LATER),
        also=(_INSERT,),
    ),
    doubt(
        "a partition is gone that ended yesterday",
        "DROP TABLE visits_now",
        _BELONGS,
        given=_parted("at", _LATER)
        + "DO $$ BEGIN EXECUTE format('CREATE TABLE visits_now PARTITION OF visits FOR VALUES"
        " FROM (%L) TO (%L)', now() - interval '8 days', now() - interval '1 day'); END $$",
        also=("INSERT INTO visits (at) VALUES (now() - interval '25 hours')",),
    ),
    doubt(
        "the first partition of names is gone",
        "DROP TABLE visits_a",
        "partition visits_a of visits " + _BELONGS,
        given=_parted("name", ("a", "'a'", "'n'"), ("n", "'n'", "'zz'")),
        also=(_INSERT,),
    ),
    doubt(
        "the first partition of numbers is gone",
        "DROP TABLE visits_1",
        "partition visits_1 of visits " + _BELONGS,
        given=_parted("number", ("1", "1", "100"), ("100", "100", "200")),
        also=(_INSERT,),
    ),
    doubt(
        "the first partition of names that look like days is gone",
        "DROP TABLE visits_old",
        "partition visits_old of visits " + _BELONGS,
        given=_parted("name", _OLD, _NOW),
        also=("INSERT INTO visits (name) VALUES ('1995-05-05')",),
    ),
    doubt(
        "the first partition of days and numbers is gone",
        "DROP TABLE visits_old",
        _BELONGS,
        given=_parted(
            "at, number",
            ("old", "'1990-01-01', 1", "'2000-01-01', 1"),
            ("now", "'2000-01-01', 1", "'2200-01-01', 1"),
        ),
        also=(_INSERT,),
    ),
    doubt(
        "the first partition of an expression is gone",
        "DROP TABLE visits_old",
        _BELONGS,
        given=_parted("date_trunc('day', at)", _OLD, _NOW, kind="timestamp"),
        also=(_INSERT,),
    ),
)
