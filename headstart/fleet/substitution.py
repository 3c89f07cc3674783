"""A target's name in the templates: encoded in a URL, quoted in an identifier. Pure."""

from urllib.parse import quote

from headstart.facts.qualified import as_part
from headstart.settings.database_url import InvalidUrl, parse_database_url
from headstart.settings.fleet import TARGET
from headstart.verdict.errors import InvalidSettings


def parsed(template: str, name: str) -> dict[str, str]:
    """libpq's parameters of a URL with the name in it. Raises InvalidSettings."""
    try:
        parsed = parse_database_url(url_of(template, name), "HEADSTART_TARGET_URL")
    except InvalidUrl as error:
        raise InvalidSettings(str(error)) from None
    return {**parsed.parameters}


def address_of(template: str, name: str) -> tuple[str | None, ...]:
    """What leads to a database; without a name, libpq takes that of the user."""
    found = parsed(template, name)
    host = found.get("hostaddr", found.get("host"))  # the address leads there
    return host, found.get("port"), found.get("dbname", found.get("user"))


def url_of(template: str, name: str) -> str:
    """A URL with the name in it, percent-encoded."""
    return template.replace(TARGET, quote(name, safe=""))


def table_of(template: str, name: str) -> str:
    """A version table with the name in it, as an identifier: quoted where it has to be."""
    parts = [part.replace(TARGET, name) for part in template.split(".")]
    return ".".join(as_part(part) for part in parts)
