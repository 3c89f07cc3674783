"""Somebody's database URL, completed: what an app's settings class gets.

Pure. Such a class may be strict and may rewrite what it gets, so what is written stays as it is,
letter for letter, where it is whole. No message holds a password.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from headstart.settings.database_url import InvalidUrl, parse_database_url, split_database_url
from headstart.settings.driver_url import PLACE, authority_of, credentials_of, query_of

_DEFAULTS = {"port": "5432"}
_READABLE = re.compile(r"(?:[\w.~!$&'()*+;=:-]|%[0-9A-Fa-f]{2})*", re.ASCII)
"""User and password that all parsers of URLs read in the same way: RFC 3986, but for the comma, at
which pydantic looks for the next host."""


def driver_of(text: str | None) -> str | None:
    """The driver that a URL names; None where it names none, or is no URL of ours."""
    try:
        return parse_database_url(text or "", "").driver
    except InvalidUrl:
        return None


def leads_to(text: str, parameters: Mapping[str, str]) -> bool:
    """Whether all that a URL says of place, user and password is what the parameters say.

    A password that they do not say was asked of nobody.
    """
    try:
        said = parse_database_url(text, "").parameters
    except InvalidUrl:
        return False
    known = {**_DEFAULTS, "password": said.get("password"), **parameters}
    return all(said[name] == known.get(name) for name in PLACE if name in said)


def completed_url(text: str, parameters: Mapping[str, str]) -> str:
    """Put into a URL what it leaves out and the parameters know; the rest stays as it is.

    A user and a password that parsers may read in different ways are written anew.
    Raises InvalidUrl.
    """
    written, said = split_database_url(text), parse_database_url(text, "").parameters
    known = _DEFAULTS | dict(parameters)
    missing = {name: known[name] for name in PLACE if name not in said and known.get(name)}
    address, query = _place(written.address, written.query, missing)
    if said.get("host", "").startswith("/") and address[:1] in ("", ":", "/"):
        address = f"localhost{address}"  # pydantic wants a host; drivers take the socket in ?host=
    credentials = f"{written.credentials}@" if written.credentials else ""
    if missing.keys() & {"user", "password"} or not _READABLE.fullmatch(written.credentials):
        credentials = credentials_of({**known, **said})
    return f"{written.scheme}{credentials}{address}{'?' if query else ''}{query}"


def _place(address: str, query: str, missing: Mapping[str, str]) -> tuple[str, str]:
    """Host, port and database with what is missing; a socket goes into the query."""
    hosts, slash, database = address.partition("/")
    port = missing.get("port", "")
    if "host" in missing:
        hosts, places = authority_of({"port": hosts.partition(":")[2], **missing})
        query = "&".join(filter(None, (query_of(places), query)))
    elif port not in ("", _DEFAULTS["port"]) and hosts and "," not in hosts:
        hosts = f"{hosts.removesuffix(':')}:{port}"
    if "dbname" in missing:
        slash, database = "/", quote(missing["dbname"], safe="")
    return f"{hosts}{slash}{database}", query
