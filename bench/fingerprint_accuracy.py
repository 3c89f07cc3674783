"""Is the right revision named: of a schema as it is, changed at random, half applied.

Each history is made once more in a database, statement by statement. Whatever is tried beside it
stands in a transaction that is rolled back. What counts is what a person would be told: find().
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Self, assert_never

import psycopg2
import psycopg2.extensions
from fingerprint_changes import EVEN, KEEPING, Changer
from fingerprint_histories import READING, Replayable
from fingerprint_restore import difference_after_restore

from headstart.fingerprint.catalog.live import Live
from headstart.fingerprint.file.states import BASE, RecordedState, root_of
from headstart.fingerprint.match.equal_schemas import Answers, EqualSchemas
from headstart.fingerprint.match.find import find
from headstart.fingerprint.match.finding import (
    HalfApplied,
    Proven,
    SearchResult,
    SeveralMatches,
    Unlike,
)
from headstart.fingerprint.match.scope import live_schema
from headstart.postgres.reader import Rows
from headstart.revisions.reading import Execute, OwnCatalog
from tests.harness.embedded import PostgresServer

Kind = tuple[bool, int]
"""Whether all tables are kept, and how many changes there are."""
PARTS = 5
"""How many parts of each revision are tried, by lines and by statements."""


def executing(raw: psycopg2.extensions.connection) -> Execute:
    """Execute on a connection of psycopg2's."""

    def execute(sql: str) -> Rows:
        with raw.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    return execute


@dataclass(frozen=True)
class Connected:
    """What executes, for those that read by a connection."""

    run: Execute

    @property
    def server_version(self) -> int:
        return int(str(self.run("SELECT pg_catalog.current_setting('server_version_num')")[0][0]))

    def execute(self, sql: str, *, timeout_seconds: float = 0, pin: bool = True) -> Rows:
        del timeout_seconds, pin
        return self.run(sql)


ANOTHERS = "wrong: it is exactly another's schema now"
MOST_REDRAWN = 20


@dataclass
class Tally:
    """How often each answer was given, and examples of wrong ones.

    `redrawn` counts changes that made exactly the schema of another revision: others were drawn.
    """

    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    redrawn: int = 0

    def add(self, answer: str, example: str) -> None:
        """Count one; what is wrong begins so."""
        self.answers[answer] += 1
        if answer.startswith("wrong"):
            self.wrong.append(f"{answer}: {example}")

    @property
    def percent(self) -> float:
        """How many were right."""
        right = sum(n for answer, n in self.answers.items() if answer.startswith("right"))
        return 100 * right / max(1, self.answers.total())


@dataclass
class Accuracy:
    """What was found in all histories."""

    changed: dict[Kind, Tally]
    parts: Tally = field(default_factory=Tally)
    statements: Tally = field(default_factory=Tally)
    exact: Tally = field(default_factory=Tally)
    restored: Tally = field(default_factory=Tally)
    equal: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, counts: Iterable[int]) -> Self:
        """For so many changes."""
        return cls({(kept, count): Tally() for count in counts for kept in (True, False)})


@dataclass(frozen=True)
class Trial:
    """One history in a database of its own, whose server and name `place` gives."""

    of: Replayable
    execute: Execute
    random: Random
    found: Accuracy
    place: Callable[[], tuple[PostgresServer, str]]

    def live(self) -> Live:
        """What is there, as the proof reads it."""
        reading = replace(READING, names=self.of.known.objects)
        return live_schema(OwnCatalog(Connected(self.execute)).read(reading), self.of.known)

    def find(self, live: Live) -> SearchResult:
        """What a person is told, where the rows say nothing."""
        return find(live, self.of.known, self.of.history, lambda _: Answers({}, {}))

    def root(self, revision: str) -> str:
        """The schema of a revision; of none at all that of the base."""
        known = self.of.known.by_name
        return root_of(()) if not revision and BASE not in known else known[revision or BASE].root

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Nothing of it stays."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            self.execute("ROLLBACK")

    def go(self, plan: Counter[tuple[str, Kind]]) -> None:
        """From the first state to the last; `plan` says how often to change each, and how."""
        for name, statements in self.of.steps:
            state = self.of.known.by_name[name]
            if len(state.delta) > 1 and name != BASE:
                self._half_applied(state, statements)
            for sql in statements:
                self.execute(sql)
            self._exact(state)
            for kind in self.found.changed:
                for _ in range(plan[name, kind]):
                    self._changed(state, kind)

    def _changed(self, state: RecordedState, kind: Kind) -> None:
        kept, count = kind
        told, answer = self.found.changed[kind], ANOTHERS
        for _ in range(MOST_REDRAWN):
            with self.aside():
                changer = Changer(self.execute, self.random)
                made = [changer.change(KEEPING if kept else EVEN) for _ in range(count)]
                live = self.live()
            answer = self._judged(self.find(live), live, state)
            if answer != ANOTHERS:
                break
            told.redrawn += 1  # this is that revision, whoever looks at it
        told.add(answer, f"{self.of.name} {state.name}: {'; '.join(made)}")

    def _judged(self, finding: SearchResult, live: Live, state: RecordedState) -> str:
        match finding:
            case Proven() | SeveralMatches():
                same = root_of(live.lines) == state.root
                return "right: exact" if same else ANOTHERS
            case HalfApplied(revision=step, before=before):
                if self.root(step) == state.root:
                    return "right: half applied"
                on_top = state.root in {self.root(each) for each in before or ("",)}
                return "right: on top of it" if on_top else "wrong: another is half applied"
            case Unlike(nearest=(one,)):
                return "right: nearest" if self.root(one) == state.root else "wrong: nearest"
            case Unlike(nearest=nearest):
                at_base = not nearest and state.name == BASE
                return "right: nearest" if at_base else "wrong: nearest"
            case _:
                assert_never(finding)

    def _half_applied(self, state: RecordedState, statements: Sequence[str]) -> None:
        before = self._lines_before(state)
        after = self.of.known.lines(state.name)
        changed = sorted(before ^ after)
        for _ in range(PARTS):
            part = self.random.sample(changed, self.random.randint(1, len(changed) - 1))
            live = Live(before ^ frozenset(part))
            self.found.parts.add(self._named(live, state), f"{self.of.name} {state.name}")
        ends = self.random.sample(
            range(1, len(statements)), min(PARTS, max(0, len(statements) - 1))
        )
        for end in sorted(ends):
            reached = self._after(statements[:end])
            if reached is not None and reached.lines not in (before, after):
                example = f"{self.of.name} {state.name} {end}/{len(statements)}"
                self.found.statements.add(self._named(reached, state), example)

    def _after(self, statements: Sequence[str]) -> Live | None:
        with self.aside():
            try:
                for sql in statements:
                    self.execute(sql)
            except psycopg2.Error:  # what needs a COMMIT before, such as a new label of an enum
                return None
            return self.live()

    def _named(self, live: Live, state: RecordedState) -> str:
        match finding := self.find(live):
            case HalfApplied(revision=step) if self.root(step) == state.root:
                return "right"
            case HalfApplied():
                return "wrong: another is half applied"
            case Proven() | SeveralMatches():
                return "wrong: it is exactly another's schema"
            case Unlike(nearest=nearest):
                near = {state.root, root_of(self._lines_before(state))}
                told = {self.root(each) for each in nearest or ("",)}
                return f"wrong: unlike, but near {'it' if told <= near else 'another'}"
            case _:
                assert_never(finding)

    def _lines_before(self, state: RecordedState) -> frozenset[str]:
        return self.of.known.lines(state.parent) if state.parent else frozenset()

    def _exact(self, state: RecordedState) -> None:
        with self.aside():
            live = self.live()
        told = f"{self.of.name} {state.name}"
        differing = difference_after_restore(*self.place(), READING)
        self.found.restored.add("wrong" if differing else "right", f"{told} {differing}")
        same = [s.name for s in self.of.known.states if s.root == state.root]
        if root_of(live.lines) != state.root:
            self.found.exact.add("wrong: another schema than when built", told)
        elif len(same) == 1:
            finding = self.find(live)
            proven = isinstance(finding, Proven) and finding.state == state.name
            self.found.exact.add("right" if proven else f"wrong: {finding}", told)
        elif state.name == same[0]:
            self.found.equal.append(f"{self.of.name} {', '.join(same)}: {self._settled(live)}")

    def _settled(self, live: Live) -> str:
        """What is said of equal schemas: without rows, and where no row can be looked for."""
        catalog = OwnCatalog(Connected(self.execute))

        def ask(equal: EqualSchemas) -> Answers:
            return catalog.ask(equal)

        with self.aside():
            catalog.read(READING)
            empty = find(live, self.of.known, self.of.history, ask)
        return f"without rows {_short(empty)}; else {_short(self.find(live))}"


def _short(finding: SearchResult) -> str:
    match finding:
        case Proven(revisions=revisions):
            return "+".join(revisions)
        case SeveralMatches(open=doubts):
            return f"ambiguous, open: {', '.join(doubts) or 'none'}"
        case _:
            return str(finding)


def drawn(
    every: Sequence[Replayable], kinds: Sequence[Kind], each: int, random: Random
) -> list[Counter[tuple[str, Kind]]]:
    """Which states to change: as many of each history, at random, and no empty schema."""
    plans = []
    for number, one in enumerate(every):
        states = [s.name for s in one.known.states if one.known.lines(s.name)]
        share = each // len(every) + (number < each % len(every))
        plans.append(Counter((random.choice(states), k) for k in kinds for _ in range(share)))
    return plans
