"""Keep passwords out of every text that leaves the program. Pure."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

MASK = "***"

_PASSWORD_LITERAL = re.compile(
    r"(?i)(\bpassword\s*(?:=\s*)?)(E?'(?:[^']|'')*'|\$(\w*)\$.*?\$\3\$)", re.DOTALL
)
_URL_PASSWORD = re.compile(r"(\b[a-z][\w+.-]*://[^\s:/@]*:)[^\s@]+(@)")
_SHORT = 4


class Secrets:
    """The secrets seen so far; a rotated one joins the earlier ones."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def add(self, secret: str | None) -> None:
        """Remember a secret in each form in which a text may hold it."""
        if secret:
            self._known |= {secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}

    def mask(self, value: object) -> object:
        """Mask the secrets in a text, or in the texts within mappings and lists."""
        match value:
            case str():
                return self._mask_text(value)
            case Mapping():
                return {key: self.mask(entry) for key, entry in value.items()}
            case list() | tuple():
                return [self.mask(entry) for entry in value]
            case _:
                return value

    def _mask_text(self, text: str) -> str:
        for secret in sorted(self._known, key=len, reverse=True):
            text = _without(text, secret)
        return _URL_PASSWORD.sub(rf"\1{MASK}\2", _PASSWORD_LITERAL.sub(rf"\1'{MASK}'", text))


def _without(text: str, secret: str) -> str:
    if len(secret) >= _SHORT:
        return text.replace(secret, MASK)
    # a very short password would make every text unreadable: only where it stands by itself
    return re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", MASK, text)


def password_of(parameters: Mapping[str, str]) -> Iterable[str]:
    """The secrets among libpq's parameters."""
    return (parameters[name] for name in ("password", "sslpassword") if name in parameters)
