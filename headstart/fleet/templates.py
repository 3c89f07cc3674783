"""What makes a target: the settings in which {target} stands for its name. Pure.

    --target-url postgresql://app@db/{target}      a%b  ->  postgresql://app@db/a%25b
    --target-version-table {target}.alembic_version   a.b  ->  "a.b".alembic_version
    --target-x tenant={target}                     a b  ->  an argument of its own, tenant=a b

A target's process gets all of it by its environment, so that its own command line is `run`.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from headstart.facts.qualified import qualified
from headstart.facts.visible import cut
from headstart.fleet.names import LONGEST_BYTES
from headstart.fleet.substitution import address_of, parsed, table_of, url_of
from headstart.patterns import pattern
from headstart.postgres.target import Target
from headstart.settings.declared import SETTINGS
from headstart.settings.fleet import FLEET_NAMES, TARGET
from headstart.settings.kinds import LogLevel, version_table
from headstart.settings.libpq import SECRETS
from headstart.settings.read import Settings, Values
from headstart.settings.setting import PREFIX
from headstart.values import dataclass
from headstart.verdict.errors import InvalidSettings

Environment = Mapping[str, str | None]
"""Variables of a process beside those that it inherits; None takes one away."""
Server = tuple[str | None, ...]
"""What leads to a target's server, where targets may differ in it."""

_VARIABLE = pattern(r"([A-Za-z_]\w*)=(.*)", re.ASCII | re.DOTALL)
_NOT_FOR_TARGETS = pattern(rf"(DATABASE_URL(_FILE)?|({PREFIX}|PYTHON|LD_).*|PATH|HOME)")
_NOWHERE = "/dev/null"
ANY_NAME, ANOTHER_NAME = "1", "2"
"""Names that are right wherever one may stand, in a port too."""
_TO_SERVER = frozenset({"PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE"})
_LEADING = _TO_SERVER | {"PGDATABASE"}
_PARAMETERS = {
    "PGHOST": "host",
    "PGHOSTADDR": "hostaddr",
    "PGPORT": "port",
    "PGDATABASE": "dbname",
    "PGUSER": "user",
    "PGPASSWORD": "password",
}
"""Variables of libpq that lead to a database, as whom, and the parameters that win over them."""
_BEFORE = {"PGHOST": ("hostaddr",)}
"""What else wins: an address leads to the server, and the host's name is for its certificate."""
_IDENTIFIERS = {"PGDATABASE": "dbname", "PGUSER": "user"}
"""Variables of libpq that hold a name of the server's, and their parameters."""


@dataclass(frozen=True)
class Templates:
    """The settings of a target, in which {target} stands for its name.

    `common` is what all targets have alike, and `x` the arguments for env.py among it.
    """

    url: str | None
    version_table: str | None
    x: tuple[str, ...]
    target_x: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    common: Environment

    def of(self, name: str) -> Environment:
        """The environment of a target's process."""
        own: dict[str, str | None] = {
            variable: value.replace(TARGET, name) for variable, value in self.environment
        }
        if self.url is not None:
            own["DATABASE_URL"] = url_of(self.url, name)
            own["DATABASE_URL_FILE"] = None
        if self.version_table is not None:
            own[f"{PREFIX}VERSION_TABLE"] = table_of(self.version_table, name)
        if self.target_x:
            words = (*self.x, *(each.replace(TARGET, name) for each in self.target_x))
            own[f"{PREFIX}X"] = shlex.join(words)
        return {**self.common, **own}

    @property
    def share_a_database(self) -> bool:
        """Whether the targets are schemas of one database, which has the URL that we have."""
        elsewhere = any(variable.startswith("PG") for variable, _ in self.environment)
        return not elsewhere and TARGET not in (self.url or "")

    @property
    def have_databases(self) -> bool:
        """Whether each target is a database of its own, by its address."""
        led = any(TARGET in value for name, value in self.environment if name in _LEADING)
        if led or self.url is None:
            return led
        return address_of(self.url, ANY_NAME) != address_of(self.url, ANOTHER_NAME)

    def without_effect(self, url: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[str]:
        """The mistakes of variables that libpq does not come to, as sentences.

        `url` is what the URL of all targets says, if they have one; `environ` is our environment.
        What a URL says wins over a service, and a service over a variable (libpq's manual, "Service
        File" and "Environment Variables").
        """
        said = url if self.url is None else parsed(self.url, ANY_NAME)
        own = dict(self.environment)
        service, address = ({**environ, **own}.get(name) for name in ("PGSERVICE", "PGHOSTADDR"))
        for name, parameter in _PARAMETERS.items():
            if name not in own:
                continue
            wins = [each for each in (parameter, *_BEFORE.get(name, ())) if each in said]
            if wins:
                yield (
                    f"HEADSTART_TARGET_ENV sets {name}, which has no effect where the URL says"
                    f" {wins[0]}: take it out of the URL, or write {TARGET} there"
                    " (HEADSTART_TARGET_URL)"
                )
            elif TARGET not in own[name]:
                continue
            elif name in _BEFORE and address and TARGET not in address:
                yield (
                    f"HEADSTART_TARGET_ENV sets {name}, which has no effect beside PGHOSTADDR:"
                    " unset that"
                )
            elif service and TARGET not in service:
                yield (
                    f"HEADSTART_TARGET_ENV sets {name}, and the service that PGSERVICE names may"
                    f" say another {parameter}, which wins: unset PGSERVICE"
                )
        if "PGSERVICE" in own and {"host", "dbname"} <= said.keys():
            yield (
                "HEADSTART_TARGET_ENV sets PGSERVICE, which has no effect where the URL says host"
                " and dbname: take them out of the URL"
            )

    def server_of(self, name: str) -> Server:
        """Where a target's server is; the same for all whose server is the same."""
        led = (
            value.replace(TARGET, name) for each, value in self.environment if each in _TO_SERVER
        )
        return (*led, *(() if self.url is None else address_of(self.url, name)[:2]))

    @property
    def are_at_home(self) -> bool:
        """Whether the version table of each is in the target's own schema."""
        table = self.own_table(ANY_NAME)
        return table is not None and table.is_home

    def own_table(self, name: str) -> Target | None:
        """The version table that only this target has, and whether the schema is its own, too.

        None where that is not said in full. Raises InvalidSettings for a name that is too long.
        """
        if self.version_table is None or TARGET not in self.version_table:
            return None
        schema, table = qualified(table_of(self.version_table, name))
        if schema is None:
            return None
        try:
            return Target(schema, table, TARGET in self.version_table.split(".")[0])
        except ValueError as error:
            raise InvalidSettings(f"HEADSTART_TARGET_VERSION_TABLE for {name!r}: {error}") from None

    def check(self, name: str) -> None:
        """Raise InvalidSettings where a target of this name would get what cannot be used."""
        self.own_table(name)
        for _ in self.secrets(name):
            pass
        named = {} if self.url is None else parsed(self.url, name)
        for variable, value in self.environment:
            if variable in _IDENTIFIERS:
                named[_IDENTIFIERS[variable]] = value.replace(TARGET, name)
        for part in _IDENTIFIERS.values():
            if (size := len(named.get(part, "").encode())) > LONGEST_BYTES:
                raise InvalidSettings(
                    f"the {part} of {name!r}, {cut(named[part])}, has {size} bytes, and Postgres"
                    f" cuts a name at {LONGEST_BYTES}: it may be another target's then"
                )

    def secrets(self, name: str) -> Iterator[str]:
        """The secrets in the URL of a target. Raises InvalidSettings where it is none."""
        if self.url is not None:
            parameters = parsed(self.url, name)
            yield from (parameters[each] for each in SECRETS if each in parameters)


def templates_of(settings: Settings, arguments: Values, environ: Mapping[str, str]) -> Templates:
    """The templates of a fleet. Raises InvalidSettings with all mistakes."""
    mistakes = [*_mistakes(settings), *_mistaken_variables(settings.target_env)]
    if mistakes:
        raise InvalidSettings(*mistakes)
    found = [_VARIABLE.fullmatch(word) for word in settings.target_env]
    environment = tuple((each[1], each[2]) for each in found if each)
    templates = Templates(
        settings.target_url,
        settings.target_version_table,
        settings.x,
        settings.target_x,
        environment,
        _common(settings, arguments),
    )
    if mistakes := [*templates.without_effect(settings.database.url.parameters, environ)]:
        raise InvalidSettings(*mistakes)
    if not templates.have_databases and templates.own_table(ANY_NAME) is None:
        raise InvalidSettings(
            "nothing says where the version table of each target is, so that two may be one: for"
            " schemas of one database name it with its schema (HEADSTART_TARGET_VERSION_TABLE="
            "'{target}.alembic_version'), for databases write {target} in HEADSTART_TARGET_URL"
        )
    if "TARGET_ENV" in arguments and any(name == "PGPASSWORD" for name, _ in environment):
        raise InvalidSettings(
            "--target-env sets PGPASSWORD, which the process list shows: use HEADSTART_TARGET_ENV,"
            " or PGPASSWORD_FILE"
        )
    passwords = [*templates.secrets(ANY_NAME)]
    if passwords and "TARGET_URL" in arguments:
        raise InvalidSettings(
            "--target-url contains a password, which the process list shows: use"
            " HEADSTART_TARGET_URL, or PGPASSWORD_FILE"
        )
    return templates


def _mistakes(settings: Settings) -> Iterator[str]:
    named = (settings.target_url, settings.target_version_table)
    texts = [*(each for each in named if each), *settings.target_x, *settings.target_env]
    if not any(TARGET in text for text in texts):
        yield (
            f"nothing tells one target from another: write {TARGET} in HEADSTART_TARGET_URL,"
            " HEADSTART_TARGET_X, HEADSTART_TARGET_VERSION_TABLE or HEADSTART_TARGET_ENV"
        )
    if settings.embedded:
        yield "HEADSTART_EMBEDDED is for one run: start a server for a fleet"
    if settings.target_version_table is not None:
        try:
            version_table(table_of(settings.target_version_table, "t"))
        except ValueError as error:
            yield f"HEADSTART_TARGET_VERSION_TABLE is invalid: expected {error}"


def _mistaken_variables(words: Sequence[str]) -> Iterator[str]:
    for word in words:
        found = _VARIABLE.fullmatch(word)
        if not found:  # the value may be a secret
            yield "HEADSTART_TARGET_ENV is invalid: expected NAME=VALUE"
        elif _NOT_FOR_TARGETS.fullmatch(found[1]):
            yield f"HEADSTART_TARGET_ENV sets {found[1]}, which is not for a target to have"


def _common(settings: Settings, arguments: Values) -> Environment:
    """What all targets have: options as variables, a log that we read, nobody's last words."""
    by_name = {setting.name: setting for setting in SETTINGS}
    options = {
        by_name[name].environment: value if isinstance(value, str) else shlex.join(value)
        for name, value in arguments.items()
        if name not in FLEET_NAMES
    }
    more = {} if _may_be_proven(settings) else {f"{PREFIX}GATE": "off"}
    quiet = settings.log_level is LogLevel.INFO
    return {
        **dict.fromkeys(f"{PREFIX}{name}" for name in FLEET_NAMES),
        **options,
        f"{PREFIX}LOG_FORMAT": "json",
        f"{PREFIX}LOG_LEVEL": LogLevel.WARNING if quiet else settings.log_level.value,
        f"{PREFIX}TERMINATION_LOG": _NOWHERE,
        **more,
    }


def _may_be_proven(settings: Settings) -> bool:
    """Whether what was proven of a target cannot be another one's.

    Each is a whole database, or the mark is one of the target, whose version table is named.
    """
    table = settings.target_version_table
    if table is not None:
        return TARGET in table and qualified(table_of(table, ANY_NAME))[0] is not None
    others = (settings.target_x, settings.target_env)
    return TARGET in (settings.target_url or "") and not any(others)
