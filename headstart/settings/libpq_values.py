"""The values of libpq's parameters that it would refuse, wherever they come from.

Pure. libpq looks at some of them only when it connects, or only where it waits by itself, as it
does for env.py and not for us: so they are looked at here, with every other setting. Messages say
what is allowed, and never the value, which in a URL may be a part of a password.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address

from headstart.patterns import pattern
from headstart.settings.libpq import KEYWORDS, Keyword, Kind

ReadText = Callable[[str], str]

_INTEGER = pattern(r"\s*[+-]?[0-9]+\s*", re.ASCII)
_LONGEST_INTEGER = 2**31
_METHODS = frozenset({"password", "md5", "gss", "sspi", "scram-sha-256", "oauth", "none"})


def mistakes_in(parameters: Mapping[str, str], where: str) -> tuple[str, ...]:
    """What is wrong with the parameters of a URL that was found at `where`."""
    return tuple(
        f"{where}: {name} is invalid: expected {_allowed(KEYWORDS[name])}"
        for name, value in parameters.items()
        if name in KEYWORDS and not _accepted(KEYWORDS[name], value)
    )


def mistakes_around(
    parameters: Mapping[str, str], environ: Mapping[str, str], read_text: ReadText
) -> tuple[str, ...]:
    """What is wrong with what libpq adds to a URL's parameters: of a service, then of PG*."""
    name = parameters.get("service", environ.get("PGSERVICE"))
    path, service = _service(name, environ, read_text) if name else ("", {})
    added = {key: value for key, value in service.items() if key not in parameters}
    found = mistakes_in(added, f"service {name!r} in {path}")
    rest = {
        keyword.variable: keyword
        for key, keyword in KEYWORDS.items()
        if key not in {*parameters, *service} and keyword.variable is not None
    }
    return found + tuple(
        f"{variable} is {'invalid' if environ[variable] else 'empty'}: expected {_allowed(keyword)}"
        for variable, keyword in rest.items()
        if variable in environ and not _accepted(keyword, environ[variable])
    )


def _allowed(keyword: Keyword) -> str:
    return ", ".join(keyword.choices) or keyword.kind.value


def _accepted(keyword: Keyword, value: str) -> bool:
    if keyword.any_case:  # an empty version of TLS is none
        return value.lower() in ("", *map(str.lower, keyword.choices))
    if keyword.choices:
        return value in keyword.choices
    return _CHECKS[keyword.kind](value)


def _is_integer(value: str) -> bool:
    return _INTEGER.fullmatch(value) is not None and abs(int(value)) < _LONGEST_INTEGER


def _are_ports(value: str) -> bool:
    return all(
        not port or (_is_integer(port) and 0 < int(port) < 65536) for port in value.split(",")
    )


def _are_addresses(value: str) -> bool:
    return all(not address or _is_address(address) for address in value.split(","))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        # inet_aton's forms: 127.1
        return re.fullmatch(r"[0-9][0-9a-fA-FxX]*(\.[0-9][0-9a-fA-FxX]*){0,3}", text) is not None
    return True


def _are_methods(value: str) -> bool:
    if not value:
        return True
    methods = value.split(",")
    negative = {method.startswith("!") for method in methods}
    return len(negative) == 1 and {method.lstrip("!") for method in methods} <= _METHODS


_ENCODINGS = pattern(
    r"abc|alt|auto|big5|cp949|euc(?:cn|jis2004|jp|kr|tw)|gb18030|gbk|iso8859(?:1[03-6]?|[2-9])|johab"
    r"|koi8[ru]?|latin(?:10|[1-9])|mskanji|muleinternal|shiftjis(?:2004)?|sjis|sqlascii"
    r"|tcvn(?:5712)?|uhc|unicode|utf8|vscii|win|win(?:dows)?(?:125[0-8]|866|874|93[26]|949|950)"
)
"""As the server compares them. Source: PostgreSQL source, src/common/encnames.c."""


def _is_encoding(value: str) -> bool:
    return (
        not value or _ENCODINGS.fullmatch("".join(filter(str.isalnum, value.lower()))) is not None
    )


_CHECKS: Mapping[Kind, Callable[[str], bool]] = {
    Kind.TEXT: lambda _: True,
    Kind.INTEGER: _is_integer,
    Kind.PORTS: _are_ports,
    Kind.ADDRESSES: _are_addresses,
    Kind.METHODS: _are_methods,
    Kind.ENCODING: _is_encoding,
}


def _service(
    name: str, environ: Mapping[str, str], read_text: ReadText
) -> tuple[str, Mapping[str, str]]:
    """A service's file and its parameters; none where we do not find it, which libpq tells."""
    for path in _service_files(environ):
        try:
            found = _section(name, read_text(path))
        except (OSError, ValueError):
            continue
        if found is not None:
            return path, found
    return "", {}


def _service_files(environ: Mapping[str, str]) -> Iterator[str]:
    """Where libpq looks for services. What was compiled into it, only libpq knows."""
    if "PGSERVICEFILE" in environ:
        yield environ["PGSERVICEFILE"]
    elif environ.get("HOME"):
        yield f"{environ['HOME']}/.pg_service.conf"
    if "PGSYSCONFDIR" in environ:
        yield f"{environ['PGSYSCONFDIR']}/pg_service.conf"


def _section(name: str, text: str) -> Mapping[str, str] | None:
    """The parameters of one section, as libpq reads them: of several values the first counts."""
    found: dict[str, str] | None = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            if found is not None:
                break
            found = {} if line.startswith(f"[{name}]") else None
        elif found is not None and line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, value)
    return found
