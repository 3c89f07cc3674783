"""The addresses of a name, each with a turn of its own: a mute one must not hide the others.

libpq gives each address its own time only where it waits by itself; where we poll (connection.py),
it would wait for the first one for ever. So names are resolved here, and libpq gets an address
beside each name, as `hostaddr`: the name stays what TLS, a passfile and messages go by. It tries
them one after another where one refuses; where one is mute, we begin again with the next in front.

An example: db, a name of two addresses, and db2 with one become

    host=db,db,db2 hostaddr=10.0.0.1,10.0.0.2,10.0.0.3 port=5432,5432,5433
"""

import os
import socket
from collections.abc import Iterator, Mapping

from headstart.postgres.libpq_defaults import libpq_defaults

_LISTS = ("host", "hostaddr", "port")


def each_address_first(parameters: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The parameters with each of several addresses in front, once."""
    places = _places(parameters)
    for first in range(len(places)):
        turned = zip(_LISTS, zip(*(places[first:] + places[:first]), strict=True), strict=True)
        named = {**parameters, **{name: ",".join(values) for name, values in turned}}
        # shuffled again, the one that was mute might come first again
        yield {**named, "load_balance_hosts": "disable"} if first else named
    if not places:
        yield dict(parameters)


def _places(parameters: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Host, address and port of each place to try; none where there is one, or libpq has to tell.

    An empty address leaves it to libpq to resolve the name.
    """
    if "service" in parameters:  # only libpq knows what it says
        return []
    place = {**libpq_defaults(_LISTS), **parameters}
    hosts, given, ports = (place.get(name, "").split(",") for name in _LISTS)
    count = max(len(hosts), len(given))
    hosts, given = (each * count if each == [""] else each for each in (hosts, given))
    ports = ports * count if len(ports) == 1 else ports
    if any(len(each) != count for each in (hosts, given, ports)):
        return []  # libpq says that it cannot match them
    places = [
        (host, address, port)
        for host, known, port in zip(hosts, given, ports, strict=True)
        for address in ([known] if known else _addresses(host, port))
    ]
    return places if len(places) > 1 else []


def _addresses(host: str, port: str) -> list[str]:
    """The addresses of a name that has several, in the order of the system."""
    if not host or host[0] in "/@":  # a socket, of Linux's abstract ones too
        return [""]
    try:
        found = socket.getaddrinfo(os.fsencode(host), port or None, type=socket.SOCK_STREAM)
    except (OSError, ValueError):  # libpq says it in its own words
        return [""]
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    return addresses if len(addresses) > 1 else [""]
