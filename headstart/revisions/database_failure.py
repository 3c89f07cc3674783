"""What the database answered to a statement of env.py's, of a revision's or of Alembic's own.

A SQLSTATE means one thing in a revision, another in env.py, a third about the version table.
Statement text is kept for the log, parameters and DETAIL (rows of people's data) are not.
"""

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from headstart.decision.other_hands import OTHERS_MIGRATE
from headstart.decision.privilege import privilege_cure
from headstart.decision.version_width import cure_of_long_id
from headstart.facts.sql import identifier
from headstart.patterns import pattern
from headstart.postgres.read_failure import LOCK_NOT_AVAILABLE, QUERY_CANCELED
from headstart.process.statement_shape import without_values
from headstart.revisions.asking import asked
from headstart.revisions.causes import failing_place, first_line, hint_of
from headstart.revisions.driver_error import fault_in, sqlstate_of
from headstart.revisions.made_before import cure_of_existing
from headstart.revisions.moment import Answer, Moment
from headstart.revisions.project import Project
from headstart.revisions.server_words import (
    ASKED_BEFORE,
    SET_BEFORE,
    asked_by_of,
    context_of,
    sets_too_late,
)
from headstart.revisions.version_statement import version_table_of
from headstart.revisions.waited import cure_of, is_lock_timeout, told_of, waits_for_itself
from headstart.settings.declared import DeclaredSettings
from headstart.verdict.errors import (
    AccessRefused,
    Blocked,
    BrokenHistory,
    Explanation,
    HeadstartError,
    NotReady,
    RevisionFailed,
    ServerFailed,
    UnknownRevision,
)
from headstart.verdict.sqlstates import ALREADY_THERE_SQLSTATES, OF_ROWS, UNIQUE_VIOLATION, Fault

_E = TypeVar("_E", bound=HeadstartError)

CORRECT_ENV = "correct env.py, and what it imports, and build the image again"
RAISED_AFTER = "correct env.py, then run again; what was committed, and `applied` names, is kept"

_NO_PRIVILEGE, _NO_SCHEMA = "42501", "3F000"
_ROW_SECURITY = "ExecWithCheckOptions"
_MOVE_AWAY = (
    "look at what has its name; move that away, or give the version table another name in env.py"
)
_CLOSED = (
    "code in the database refuses this (a trigger, or an event trigger that forbids changes, say):"
    " see to what it asks for, or wait until it allows it; then run again"
)
_SERVER_CURES = {
    "25006": "the server, or this role's sessions, are read-only: with a standby behind the same"
    " name set target_session_attrs=read-write in DATABASE_URL; then run again",
    "53100": "free some of the server's disk, then run again",
    "57014": "a time limit ended the statement (HEADSTART_STATEMENT_TIMEOUT_SECONDS, or a"
    " statement_timeout that comes with the login, or that env.py or a script has set), or somebody"
    " canceled it: raise the limit, or run again",
}
_IN_USE, _NEEDED = "55006", "2BP01"
_DROP_FIRST = (
    "something that no revision made may need it, for example a table that the application made at"
    " run time: drop that first, if it may go; else let the revision drop it; then run again"
)
_OF_DATABASE = pattern(r"(?is)\s*(?:CREATE|ALTER|DROP)\s+DATABASE\b")
_OWN_SESSIONS = (
    "end the sessions that use that database; where it is the one that is migrated, headstart's own"
    " are among them (the run lock's, and this one), and no run can do that: take it out of the"
    " revisions, or name another template; then run again"
)
_FIND_OUT = (
    "an earlier statement of this revision, an earlier revision, a run that was cut off, or a"
    " person made it: find out which (headstart diff), and let the database and the revision agree;"
    " then run again"
)
_OR_ROWS = "correct the revision named in the error, or the rows that it meets; then run again"
_MADE_TWICE = "somebody else made the same object at the same moment: run again, which finds it"
_REACH_OTHER = (
    "see that what the revision connects to can be reached from here, or take that out of the"
    " revision; then run again"
)
_SEARCH_PATH = (
    "look for a SET search_path, or a set_config('search_path', '') as pg_dump writes it, in this"
    " revision and in those before it: remove it, or put the search_path back at its end"
)
_RESET_ROLE = (
    "let the revision put the role back at its end (RESET ROLE, RESET SESSION AUTHORIZATION):"
    " Alembic writes the version row next; then run again"
)


def database_failure(
    error: BaseException, moment: Moment, *, elsewhere: bool, beside: str
) -> HeadstartError:
    """A failure that the driver reported, through SQLAlchemy or by itself.

    `elsewhere`: on a connection that is lost, and is not ours; `beside`: what a group has more.
    """
    driver_error = asked(error, "orig") or error
    lost = " (not headstart's connection, which is alive)" if elsewhere else ""
    sqlstate = sqlstate_of(driver_error)
    statement = _text(asked(error, "statement"))
    words = without_values(first_line(driver_error), sqlstate, statement)
    said = f"{words}{hint_of(driver_error)}{lost}{beside}"
    table = version_table_of(error)
    answer = Answer(
        f"{moment.place_in(table)}: {said}",
        sqlstate,
        statement,
        note_of(error),
        context_of(driver_error),
        fault_in(driver_error),
    )
    if sets_too_late(sqlstate, driver_error):
        kind = BrokenHistory if moment.revision is None else RevisionFailed
        text = f"{answer.text}{ASKED_BEFORE}"
        return _as(kind, replace(answer, text=text), SET_BEFORE[moment.revision is None])
    if answer.fault is Fault.LOCK or _cancelled_by_us(answer, moment):
        return _blocked(answer, moment, asked_by_of(driver_error))
    if elsewhere or answer.fault is Fault.CONNECTION:  # of severity ERROR: dblink's, say
        return _as(ServerFailed, answer, _REACH_OTHER)
    if answer.fault is Fault.SERVER or (answer.fault is Fault.UNKNOWN and answer.sqlstate):
        return _as(ServerFailed, answer, _cure_of_server(answer))
    if answer.fault is Fault.RAISED:
        return _raised(answer, moment, table)
    if table is not None:
        return _of_version_table(answer, moment, table)
    if moment.revision is None and moment.done:
        text = f"env.py raised after its revisions: {answer.text}"
        return _as(BrokenHistory, replace(answer, text=text), RAISED_AFTER)
    if answer.sqlstate == _NO_PRIVILEGE:
        return _without_privilege(answer, moment, asked_by_of(driver_error))
    if moment.revision is None:
        place = place_of(error, moment.project)
        text = f"env.py: {place}: {said}" if place else answer.text
        return _as(BrokenHistory, replace(answer, text=text), CORRECT_ENV)
    made_before = _made_before(answer, moment, first_line(driver_error))
    failed = _failed(answer, moment, made_before or _cure(answer))
    failed.cause_known = made_before is not None
    return failed


def place_of(error: BaseException, project: Project) -> str | None:
    """The file and line of env.py, of a script or of the app in which an error arose."""
    ini = project.config.config_file_name or DeclaredSettings.alembic_ini
    folders = [Path(ini).parent, Path(project.directory.dir), *project.folders]
    return failing_place(error, folders)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def note_of(error: BaseException) -> str | None:
    """What env.py itself has to say to the error (PEP 678)."""
    notes = asked(error, "__notes__")
    return ("; ".join(map(str, notes)) or None) if isinstance(notes, list) else None


def _as(kind: type[_E], answer: Answer, next_step: str | None) -> _E:
    return kind(
        answer.text,
        sqlstate=answer.sqlstate,
        statement=answer.statement,
        next_step=answer.note or next_step,
    )


def _blocked(answer: Answer, moment: Moment, asked_by: str | None) -> HeadstartError:
    timed_out = is_lock_timeout(answer.sqlstate, asked_by) or _cancelled_by_us(answer, moment)
    waits = moment.link.lock_waits.waits if moment.link is not None and timed_out else ()
    if waits and all(wait.by_itself for wait in waits):
        return waits_for_itself(moment.revision, waits[0])
    rolled_back = "" if moment.left else "; rolled back"
    if _cancelled_by_us(answer, moment):
        text = f"{moment.place_in(None)}: canceled, since it did not get its lock in time"
        answer = replace(answer, text=text, sqlstate=LOCK_NOT_AVAILABLE)
    answer = replace(answer, text=f"{answer.text}{rolled_back}{told_of(waits)}")
    made_twice = _MADE_TWICE if answer.sqlstate == UNIQUE_VIOLATION else None
    return _as(Blocked, answer, made_twice or cure_of(waits))


def _cancelled_by_us(answer: Answer, moment: Moment) -> bool:
    """Whether it is a wait for a lock that has been canceled from here, in place of a timeout."""
    is_ours = moment.link is not None and moment.link.lock_waits.cancelled
    return is_ours and answer.sqlstate == QUERY_CANCELED


def _cure_of_server(answer: Answer) -> str | None:
    if answer.sqlstate == _IN_USE and _OF_DATABASE.match(answer.statement or ""):
        return _OWN_SESSIONS
    return _SERVER_CURES.get(str(answer.sqlstate))


def _raised(answer: Answer, moment: Moment, table: str | None) -> HeadstartError:
    """Code in the database refused: a revision's own, unless it was Alembic that it refused."""
    if table is None and moment.revision is not None:
        return _failed(answer, moment, None)
    return _as(ServerFailed, answer, _CLOSED)


def _failed(answer: Answer, moment: Moment, next_step: str | None) -> RevisionFailed:
    failed = _as(RevisionFailed, answer, next_step)
    failed.revision = moment.revision
    failed.explanation = _file_of(moment)
    failed.raised_in = answer.context if answer.fault is Fault.RAISED else ""
    return failed


def _file_of(moment: Moment) -> Explanation:
    """Where the revision is: what the server says names no file."""
    paths = (Path(s.path) for s in moment.project.scripts if s.revision == moment.revision)
    here = Path.cwd()
    shown = (path.relative_to(here) if path.is_relative_to(here) else path for path in paths)
    return Explanation(tuple(f"revision {moment.revision} is in {path}" for path in shown))


def _of_version_table(answer: Answer, moment: Moment, table: str) -> HeadstartError:
    """What Alembic met as it read or wrote the version table."""
    match answer.sqlstate:
        case "42703" | "42809":
            text = f"the version table is none of Alembic's: {answer.text}"
            return _as(UnknownRevision, replace(answer, text=text), _MOVE_AWAY)
        case "42501" if (left := _role_left(moment)) is not None:
            text = (
                f"{answer.text}: the revision has left the role {identifier(left)} in force (SET"
                f" ROLE or SET SESSION AUTHORIZATION), in place of {identifier(_role(moment))}"
            )
            return _failed(replace(answer, text=text), moment, _RESET_ROLE)
        case "42501":
            cure = (
                f"as an administrator: GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO"
                f" {identifier(_role(moment))}; then run again"
            )
            return _as(AccessRefused, answer, cure)
        case "42P01" | "3F000" if moment.revision is not None:
            text = (
                f"{answer.text}: Alembic does not find its version table any more, since the"
                " revision has changed the search_path or dropped the table"
            )
            return _failed(replace(answer, text=text), moment, _SEARCH_PATH)
        case "22001" if moment.revision is not None:
            return _failed(answer, moment, cure_of_long_id(moment.revision, table))
        case _ if moment.revision is not None:
            return _failed(answer, moment, None)
        case _ if answer.sqlstate in ALREADY_THERE_SQLSTATES:
            text = f"{answer.text}: somebody else has made it meanwhile"
            return _as(NotReady, replace(answer, text=text), OTHERS_MIGRATE)
        case _:
            return _as(BrokenHistory, answer, CORRECT_ENV)


def _without_privilege(answer: Answer, moment: Moment, asked_by: str | None) -> HeadstartError:
    if asked_by == _ROW_SECURITY:
        cure = (
            "as an administrator: give the role a policy that lets it write these rows, or ALTER"
            f" ROLE {identifier(_role(moment))} BYPASSRLS"
        )
    else:
        cure = privilege_cure(answer.statement, _role(moment), _database(moment))
    kept = "; then run again" if moment.revision is None else "; then run again as it is"
    return _as(AccessRefused, answer, f"{cure}{kept}")


def _role(moment: Moment) -> str:
    return moment.link.role if moment.link is not None else ""


def _role_left(moment: Moment) -> str | None:
    """The role that the revision has set for the version row, too; None if it has set none."""
    left = moment.link.role_left if moment.link is not None and moment.revision else None
    return None if left == _role(moment) else left


def _database(moment: Moment) -> str:
    return moment.link.login().get("dbname", "") if moment.link is not None else ""


def _cure(answer: Answer) -> str | None:
    if str(answer.sqlstate).startswith(OF_ROWS):
        return _OR_ROWS
    if answer.sqlstate in ALREADY_THERE_SQLSTATES:
        return _FIND_OUT
    return {_NO_SCHEMA: _SEARCH_PATH, _NEEDED: _DROP_FIRST}.get(str(answer.sqlstate))


def _made_before(answer: Answer, moment: Moment, message: str) -> str | None:
    """What to do where an earlier revision makes it, too; None where none is seen to."""
    if answer.sqlstate not in ALREADY_THERE_SQLSTATES:
        return None
    return cure_of_existing(moment.project, str(moment.revision), message, answer.statement)
