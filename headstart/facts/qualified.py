"""The name of a table as a setting has it: [schema.]name, quoted where it has to be. Pure.

    acme.alembic_version      "a.b".alembic_version      "a blank".versions

Unlike SQL's, a name without quotes stays as it is written.
"""

from headstart.patterns import pattern

_PART = r"""("(?:[^"]|"")+"|[^."\s][^.\s]*)"""
QUALIFIED = pattern(rf"(?:{_PART}\.)?{_PART}")


def qualified(name: str) -> tuple[str | None, str]:
    """The schema, where there is one, and the name of a table that QUALIFIED describes."""
    found = QUALIFIED.fullmatch(name)
    if found is None:
        schema, _, table = name.rpartition(".")
        return schema or None, table
    return found[1] and _unquoted(found[1]), _unquoted(found[2])


def as_part(name: str) -> str:
    """A name as a part of what QUALIFIED describes."""
    is_plain = QUALIFIED.fullmatch(name) and "." not in name and not name.startswith('"')
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
