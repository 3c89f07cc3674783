"""Complete a user's database URL, for an app's settings class.

Pure. Such a class may be strict and may rewrite its URL, so the text of a complete URL stays as it
is, letter for letter. No message contains a password.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote

from headstart.patterns import pattern
from headstart.settings.database_url import DatabaseUrl
from headstart.settings.driver_url import PLACE, authority_of, credentials_of, query_of

_DEFAULTS = {"port": "5432"}
_READABLE = pattern(r"(?:[\w.~!$&'()*+;=:-]|%[0-9A-Fa-f]{2})*", re.ASCII)
"""User and password that all parsers of URLs read in the same way: RFC 3986, but no comma, after
which pydantic looks for the next host."""


def leads_to(url: DatabaseUrl, parameters: Mapping[str, str]) -> bool:
    """Whether place, user and password in a URL, as far as it has them, are these parameters.

    A password that the parameters lack is not compared.
    """
    own = url.parameters
    place = {**_DEFAULTS, "password": own.get("password"), **parameters}
    return all(own[name] == place.get(name) for name in PLACE if name in own)


def completed_url(url: DatabaseUrl, parameters: Mapping[str, str]) -> str:
    """The text of a URL with the parameters that it leaves out; the rest stays as it is.

    A user and a password that parsers may read in different ways are written anew.
    """
    written, own = url.written, url.parameters
    assert written is not None  # it was parsed
    place = _DEFAULTS | dict(parameters)
    missing = {name: place[name] for name in PLACE if name not in own and place.get(name)}
    address, query = _place(written.address, written.query, missing)
    if own.get("host", "").startswith("/") and address[:1] in ("", ":", "/"):
        address = f"localhost{address}"  # pydantic wants a host; drivers take the socket in ?host=
    credentials = f"{written.credentials}@" if written.credentials else ""
    if missing.keys() & {"user", "password"} or not _READABLE.fullmatch(written.credentials):
        credentials = credentials_of({**place, **own})
    return f"{written.scheme}{credentials}{address}{'?' if query else ''}{query}"


def _place(address: str, query: str, missing: Mapping[str, str]) -> tuple[str, str]:
    """Host, port and database, completed; a socket goes into the query."""
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
