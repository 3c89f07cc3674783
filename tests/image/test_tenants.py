"""The example of fifty tenants, as its README has it: one command, again, a tenant that fails."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.harness.environment import ROOT
from tests.harness.result import Event, Result, split_log
from tests.image.stack import Stack, stack

EXAMPLE = ROOT / "examples" / "tenants"
TENANTS = [f"tenant_{number:02}" for number in range(1, 51)]
BROKEN = "tenant_07"
"""Two of its customers have one e-mail address, which the last revision refuses."""

pytestmark = pytest.mark.usefixtures("tenants_image")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its Postgres, in which each test has schemas of its own; no fleet has run yet."""
    folder = tmp_path_factory.mktemp("tenants")
    with stack(folder, "", EXAMPLE / "compose.yaml", "tenants") as started:
        up = started.up("db")
        assert up.exit_code == 0, up.stdout
        yield started


def fleet(made: Stack, *command: str, **settings: str) -> Result:
    """Run headstart, as `docker compose run --rm headstart` does."""
    variables = [f"--env={name}={value}" for name, value in settings.items()]
    options = ("--rm", "--no-TTY", "--quiet-pull", *variables)
    ended = made.compose("--progress=quiet", "run", *options, "headstart", *command)
    answers, log = split_log(ended.stdout)
    return Result(ended.exit_code, answers, log)


def finished(ended: Result) -> dict[str, Event]:
    """The verdicts of the targets."""
    return {each["target"]: each for each in ended.events if each["event"] == "target_finished"}


def outcomes(ended: Result) -> Counter[str]:
    """How many targets have ended in which way; the summary says the same."""
    counted = Counter(each["outcome"] for each in finished(ended).values())
    assert ended.verdict["outcomes"] == counted
    return counted


def test_all_are_upgraded_and_the_one_that_cannot_be_is_named_until_it_is_mended(
    made: Stack,
) -> None:
    one = {"HEADSTART_TARGETS_SQL": f"SELECT '{BROKEN}'", "HEADSTART_TARGET": "0002"}
    assert outcomes(fleet(made, **one)) == {"upgraded": 1}
    made.psql(f"INSERT INTO {BROKEN}.customers (email) VALUES ('a@example.org'), ('a@example.org')")
    first = fleet(made)
    assert first.exit_code == 27
    assert outcomes(first) == {"upgraded": 49, "revision_failed": 1}
    assert set(finished(first)) == set(TENANTS)
    (failure,) = first.verdict["failures"]
    assert failure["target"] == BROKEN
    assert "customers_email_key" in failure["message"]

    seen = fleet(made, "fleet", "status")
    assert seen.exit_code == 14
    assert f"behind: {BROKEN}\n" in seen.stdout
    rows = [line.split() for line in seen.stdout.splitlines()]
    assert ["0002", "1", "1", "pending"] in rows
    assert ["0003", "49"] in rows

    made.psql(f"UPDATE {BROKEN}.customers SET email = 'b@example.org' WHERE id = 2")
    mended = fleet(made)
    assert outcomes(mended) == {"upgraded": 1, "nothing_to_do": 49}
    assert finished(mended)[BROKEN]["from"] == ["0002"]

    made.psql("INSERT INTO tenants VALUES ('it''s \"new\"')")
    again = fleet(made)
    assert outcomes(again) == {"upgraded": 1, "nothing_to_do": 50}
    assert all(finished(again)[name]["gate"] for name in TENANTS)


def test_one_by_itself_as_sql_and_as_a_run(made: Stack) -> None:
    tenant = ("-x", "tenant=alone")
    own = {"HEADSTART_VERSION_TABLE": "alone.alembic_version"}
    plan = fleet(made, "plan", "--sql", *tenant, **own)
    assert plan.outcome == "planned", plan.verdict
    assert "SET LOCAL search_path TO alone;" in plan.stdout
    assert fleet(made, "run", *tenant, **own).outcome == "upgraded"


def test_its_fingerprints_are_those_of_its_revisions(made: Stack) -> None:
    made.psql("CREATE DATABASE scratch")
    scratch = ("--url", "postgresql:///scratch")
    checked = fleet(made, "fingerprint", "check", "-x", "tenant=public", *scratch)
    assert checked.outcome == "fingerprinted", checked.verdict
