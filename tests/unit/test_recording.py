"""Recording: what is on file is frozen; new states are appended, and other schemas are mistakes."""

import pytest

from headstart.fingerprint.file.states import Delta, Fingerprints, RecordedState, root_of
from headstart.fingerprint.file.text import file_text
from headstart.fingerprint.match.recording import Recording
from headstart.fingerprint.statements.effect import Effect
from tests.unit.known import known, lines, step, variant

SCRIPTS = {"a": "1", "b": "2", "c": "3"}
BUILT = {"a": "t t.x", "b": "t t.x u", "c": "t u u.y"}
META: dict[str, object] = {"normal_form": 1, "postgres": "16.14"}
ON_FILE = known(
    step("a: +t +t.x", script="1"),
    step("b: +u", script="2"),
    step("c: -t.x +u.y", script="3"),
    meta=META,
)
NOTHING = Fingerprints((), META)


def seen(revision: str, effect: Effect = Effect.SCHEMA) -> RecordedState:
    return RecordedState(revision, None, frozenset([revision]), Delta(), "", effect)


def replayed(recording: Recording, **built: str) -> Recording:
    for revision, schema in built.items():
        recording.see(seen(revision), lines(schema))
    return recording


def test_a_first_recording_is_a_chain_of_deltas_with_roots_and_digests() -> None:
    made = replayed(Recording(NOTHING, SCRIPTS), **BUILT)
    assert not made.mistakes
    assert made.done() == ON_FILE


def test_what_is_there_before_the_first_revision_is_a_state_too() -> None:
    recording = Recording(NOTHING, SCRIPTS)
    recording.begin(lines("w"))
    done = replayed(recording, a="w t").done()
    assert [(s.name, s.parent) for s in done.states] == [("base", None), ("a", "base")]
    assert done.states[1].delta == Delta(lines("t"))


def test_an_empty_beginning_is_no_state() -> None:
    recording = Recording(NOTHING, SCRIPTS)
    recording.begin(frozenset())
    assert recording.done().states == ()


def test_the_same_again_changes_nothing() -> None:
    again = replayed(Recording(ON_FILE, SCRIPTS), **BUILT)
    assert (again.done(), again.mistakes) == (ON_FILE, [])


def test_a_new_revision_is_appended() -> None:
    grown = replayed(Recording(ON_FILE, SCRIPTS | {"d": "4"}), **BUILT, d="t u u.y v")
    assert grown.done().states[:3] == ON_FILE.states
    assert (grown.done().states[3].name, grown.done().states[3].parent) == ("d", "c")


def test_an_edited_script_that_builds_the_same_changes_its_digest_only() -> None:
    edited = replayed(Recording(ON_FILE, SCRIPTS | {"b": "9"}), **BUILT)
    assert not edited.mistakes
    before, after = file_text(ON_FILE).split("\n"), file_text(edited.done()).split("\n")
    changed = [(o, n) for o, n in zip(before, after, strict=True) if o != n]
    assert [(o.replace("file=2", "file=9"), n) for o, n in changed] == [(n, n) for _, n in changed]
    assert len(changed) == 1


@pytest.mark.parametrize(
    ("scripts", "cause"),
    [
        pytest.param(
            SCRIPTS,
            "its script is as it was and builds another schema now: it depends on the"
            " application's code, the environment or the server, or is not repeatable",
            id="unchanged script",
        ),
        pytest.param(
            SCRIPTS | {"b": "9"},
            "its script was edited and builds another schema now",
            id="edited script",
        ),
    ],
)
def test_another_schema_of_an_old_revision_is_a_mistake_that_shows_the_difference(
    scripts: dict[str, str], cause: str
) -> None:
    other = replayed(Recording(ON_FILE, scripts), a="t t.x", b="t t.x u u.z")
    (mistake,) = other.mistakes
    assert mistake.message == f"b: {cause}: 3 of 3 facts agree, 0 missing, 1 extra"
    assert mistake.difference.lines() == ["table u", "  + extra   column z text"]


def test_a_server_of_another_version_makes_a_variant_and_no_mistake() -> None:
    """The states of the file are those of the server that it was begun with.

    What still differs after the next revision is known by the first variant, which is carried on.
    """
    built = Recording(ON_FILE, SCRIPTS, "upgrade@pg18")
    replayed(built, a="t t.x", b="t t.x u virtual", c="t u u.y virtual")
    done = built.done()
    assert not built.mistakes
    assert [state.name for state in done.states] == ["a", "b", "b~upgrade@pg18", "c"]
    assert built.new_variants == ["b"]
    assert {n: s.delta for n, s in done.steps.items()} == {
        n: s.delta for n, s in ON_FILE.steps.items()
    }
    assert done.lines("b~upgrade@pg18") == lines("t t.x u virtual")


def test_the_variants_of_another_version_stay_where_the_first_one_builds_again() -> None:
    first = Recording(ON_FILE, SCRIPTS, "upgrade@pg18")
    both = replayed(first, a="t t.x", b="t t.x u virtual", c="t u u.y").done()
    again = replayed(Recording(both, SCRIPTS), **BUILT)
    assert (again.done(), again.mistakes) == (both, [])
    once_more = Recording(both, SCRIPTS, "upgrade@pg18")
    assert replayed(once_more, a="t t.x", b="t t.x u virtual", c="t u u.y").done() == both


def test_a_recording_is_resumed_after_what_is_on_file() -> None:
    recording = Recording(ON_FILE, SCRIPTS)
    recording.resume("b")
    assert recording.lines == ON_FILE.lines("b")
    assert replayed(recording, c=BUILT["c"]).done() == ON_FILE


def test_a_resumed_recording_keeps_the_variants_of_what_it_keeps() -> None:
    with_variants = known(
        step("a: +t +t.x", script="1"),
        step("b: +u", script="2"),
        variant("b: +u.z"),
        step("c: -t.x +u.y", script="3"),
        variant("a: +t.z", "snapshot"),
        variant("c: +u.q"),
        meta=META,
    )
    recording = Recording(with_variants, SCRIPTS)
    recording.resume("b")
    assert {state.name for state in recording.states} == {"a", "b", "b~create_all", "a~snapshot"}
    done = replayed(recording, c=BUILT["c"]).done()
    assert {s.name: done.lines(s.name) for s in done.states} == {
        s.name: with_variants.lines(s.name) for s in with_variants.states
    }


def test_a_variant_is_recorded_once_and_a_second_one_is_numbered() -> None:
    recording = replayed(Recording(NOTHING, SCRIPTS), **BUILT)
    assert recording.add_variant("c", "create_all", lines("t u"))
    assert not recording.add_variant("c", "create_all", lines("t u"))
    assert not recording.add_variant("c", "create_all", lines(BUILT["c"]))
    assert recording.add_variant("c", "create_all", lines("t u u.q"))
    variants = list(recording.done().variants)
    assert [(s.name, s.via) for s in variants] == [
        ("c~create_all", "create_all"),
        ("c~create_all.2", "create_all.2"),
    ]
    assert [s.root for s in variants] == [root_of(lines("t u")), root_of(lines("t u u.q"))]
    assert recording.done().lines("c~create_all.2") == lines("t u u.q")


def test_the_order_of_the_file_is_kept_when_everything_is_replayed() -> None:
    """Else a build in a new scratch database would show a diff of what has not changed."""
    late = Recording(ON_FILE, SCRIPTS)
    late.resume("c")
    late.add_variant("a", "snapshot", lines("t t.x t.z"))
    late.add_variant("c", "create_all", lines("t u"))
    again = replayed(Recording(late.done(), SCRIPTS), **BUILT)
    assert file_text(again.done()) == file_text(late.done())


def test_two_branches_that_were_built_apart_are_one_file_after_a_merge() -> None:
    """Git keeps the states of both sides; the revision that merges them is replayed after both."""
    merged = known(
        step("a: +t", script="1"),
        step("b: +t.x", script="2"),
        RecordedState("c", "a", frozenset("c"), Delta(lines("u")), "", script="3"),
        meta=META,
    )
    recording = Recording(merged, SCRIPTS | {"m": "4"})
    recording.see(seen("a"), lines("t"))
    recording.see(seen("b"), lines("t t.x"))
    recording.see(RecordedState("c", None, frozenset("bc"), Delta(), ""), lines("t t.x u"))
    recording.see(
        RecordedState("m", None, frozenset("m"), Delta(), "", Effect.NOOP), lines("t t.x u")
    )
    assert recording.mistakes == []
    assert recording.done().lines("m") == lines("t t.x u")
