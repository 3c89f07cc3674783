"""The one table of verbs: the parser, --help, README's table and what is executed come from it.

A verb's code is imported when the verb is executed, and not before.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING

from headstart.settings.request import OPTIONS, Request
from headstart.values import dataclass

if TYPE_CHECKING:
    from headstart.fleet.link import Nursery
    from headstart.verbs.task import Task
    from headstart.verdict.outcome import Outcome

    Handler = Callable[[Task, Request], Outcome]


@dataclass(frozen=True)
class Verb:
    """A verb: what it answers or does, what it writes, its options, and how to get its code.

    `options` maps a field of Request to what the option means here. With `verdict_on_stdout` the
    verdict is the answer; else it only goes to the log. A verb that is `scratch` replays revisions,
    and never in the app's own database: in that of --url, or else in the embedded Postgres.
    One that is `fleet` has the settings of a fleet; `prepare` then forks its nursery, before the
    process has a thread, and gives what `load` is with it.
    """

    name: str
    question: str
    writes: str
    load: "Callable[[], Handler]"
    options: Mapping[str, str] = field(default_factory=dict)
    verdict_on_stdout: bool = True
    scratch: bool = False
    fleet: bool = False
    prepare: "Callable[[], Callable[[], Handler]] | None" = None

    def __post_init__(self) -> None:
        """Refuse an option that Request does not declare, as the verb is defined."""
        if undeclared := self.options.keys() - OPTIONS.keys():
            raise TypeError(f"{self.name}: Request has no field {', '.join(sorted(undeclared))}")


def _run() -> "Handler":
    from headstart.verbs.run import run

    return run


def _of_fleet(name: str, nursery: "Nursery | None" = None) -> "Handler":
    from headstart.command.fleet_verbs import VERBS_OF_FLEET

    return VERBS_OF_FLEET[name](nursery)


def _with_nursery(name: str) -> "Callable[[], Handler]":
    from headstart.command.warm import become, warm_up
    from headstart.fleet.link import fork_nursery

    return partial(_of_fleet, name, fork_nursery(warm_up, become))


def _check() -> "Handler":
    from headstart.verbs.check import check

    return check


def _wait() -> "Handler":
    from headstart.verbs.wait import wait

    return wait


def _plan() -> "Handler":
    from headstart.command.preview_text import preview_text
    from headstart.command.streams import print_answer
    from headstart.verbs.plan import preview
    from headstart.verdict.outcome import Outcome

    def plan(task: "Task", request: Request) -> Outcome:
        found = preview(task, request)
        print_answer(preview_text(found, request.output, task.secrets))
        return Outcome.PLANNED

    return plan


def _status() -> "Handler":
    from headstart.command.overview_text import overview_text
    from headstart.command.streams import print_answer
    from headstart.verbs.status import overview
    from headstart.verdict.outcome import Outcome

    def status(task: "Task", request: Request) -> Outcome:
        print_answer(overview_text(overview(task), request.output, task.secrets))
        return Outcome.PLANNED

    return status


def _diff() -> "Handler":
    from headstart.verbs.diff import diff

    return diff


def _fingerprint_build() -> "Handler":
    from headstart.verbs.fingerprint.build import build

    return build


def _fingerprint_check() -> "Handler":
    from headstart.verbs.fingerprint.check import check

    return check


def _fingerprint_record() -> "Handler":
    from headstart.verbs.fingerprint.record import record

    return record


_NOTHING = "nothing"
_PENDING = "what the pending revisions write"
_FILE = "alembic/fingerprints.txt"
_OUTPUT = {"output": "how to print the answer"}
_SCRATCH_URL = {"url": "replay the revisions in this empty database, not in the embedded Postgres"}

VERBS = (
    Verb(
        "run",
        "the job (default): wait, lock, determine the state, upgrade or stamp, verify",
        _PENDING,
        _run,
        verdict_on_stdout=False,
    ),
    Verb(
        "check",
        "is the database ready for this image? Takes no lock, runs no env.py. --image: can the"
        " image be used, whatever the database? Connects to nothing",
        _NOTHING,
        _check,
        {
            **_OUTPUT,
            "image": "check the image alone, its revisions and fingerprints; connect to nothing",
            "since": "with --image: the revision (x+y for several) of the last release; the order"
            " of expand and contract is checked after it",
        },
    ),
    Verb(
        "wait",
        "repeat check until the database is ready or HEADSTART_WAIT_SECONDS have passed",
        _NOTHING,
        _wait,
        _OUTPUT,
    ),
    Verb(
        "plan",
        "what would a run do now? --sql prints it as SQL; --lint says which of it is dangerous",
        _NOTHING,
        _plan,
        {
            **_OUTPUT,
            "sql": "print what a run would do as SQL",
            "lint": "run squawk over the SQL of the pending revisions, beside the live tables;"
            " needs headstart[lint]",
        },
        verdict_on_stdout=False,
    ),
    Verb(
        "status",
        "which revisions are applied, when and from which image, and what would a run do now?"
        " A table for people",
        _NOTHING,
        _status,
        _OUTPUT,
        verdict_on_stdout=False,
    ),
    Verb(
        "fleet run",
        "the job for each of many targets, databases or schemas: the same, one history over all",
        _PENDING,
        partial(_of_fleet, "run"),
        verdict_on_stdout=False,
        fleet=True,
        prepare=partial(_with_nursery, "run"),
    ),
    Verb(
        "fleet check",
        "are all targets of a fleet ready for this image? Only those without a proof cost a check",
        _NOTHING,
        partial(_of_fleet, "check"),
        _OUTPUT,
        fleet=True,
        prepare=partial(_with_nursery, "check"),
    ),
    Verb(
        "fleet status",
        "which revision are how many targets at, and which are not as a run leaves them?",
        _NOTHING,
        partial(_of_fleet, "status"),
        _OUTPUT,
        verdict_on_stdout=False,
        fleet=True,
        prepare=partial(_with_nursery, "status"),
    ),
    Verb(
        "fleet plan",
        "what would fleet run do now, and to which targets?",
        _NOTHING,
        partial(_of_fleet, "plan"),
        _OUTPUT,
        verdict_on_stdout=False,
        fleet=True,
        prepare=partial(_with_nursery, "plan"),
    ),
    Verb(
        "diff",
        "how does the schema differ from what its revision, or --revision, builds?",
        _NOTHING,
        _diff,
        _OUTPUT | {"revision": "compare with this revision (x+y for several), not the version row"},
    ),
    Verb(
        "fingerprint build",
        "write the fingerprints file: what each revision builds; on a developer's machine",
        _FILE,
        _fingerprint_build,
        {
            **_OUTPUT,
            **_SCRATCH_URL,
            "create_all": "also record what metadata.create_all() makes today",
            "replace": "discard what is recorded, if no database has that schema",
            "resume": "the database of --url is a scratch one, at a recorded revision: run only"
            " the later revisions there",
            "once": "do not replay a second time to find out what is not repeatable",
        },
        scratch=True,
    ),
    Verb(
        "fingerprint check",
        "does the fingerprints file match what the revisions and models build?",
        _NOTHING,
        _fingerprint_check,
        _OUTPUT | _SCRATCH_URL,
        scratch=True,
    ),
    Verb(
        "fingerprint record",
        "add the schema of a database that is known to be at --revision",
        _FILE,
        _fingerprint_record,
        {
            **_OUTPUT,
            "url": "the database to read",
            "revision": "the revision that the database is at (x+y for several)",
        },
    ),
)
"""In the order in which they are shown; the first is the default."""
