"""What a SQLSTATE says: each of PostgreSQL's is decided, and what nobody decided may pass."""

import pytest
from psycopg2 import errorcodes

from headstart.verdict.sqlstates import Fault, fault_of

EVERY = sorted(
    {
        code
        for name, code in vars(errorcodes).items()
        if name.isupper() and isinstance(code, str) and len(code) == 5
    }
)
UNDECIDED = {"00", "01", "02", "03", "F0", "HV", "XX", "72"}
"""No errors, the configuration, somebody else's server (fdw), and the server's own bugs."""
DECIDED = {
    "08006": Fault.CONNECTION,
    "57P01": Fault.CONNECTION,
    "57P05": Fault.CONNECTION,
    "25P03": Fault.CONNECTION,
    "57P03": Fault.SERVER,
    "57014": Fault.SERVER,
    "53100": Fault.SERVER,
    "58030": Fault.SERVER,
    "25006": Fault.SERVER,
    "55006": Fault.SERVER,
    "40001": Fault.LOCK,
    "55P03": Fault.LOCK,
    "28P01": Fault.ACCESS,
    "3D000": Fault.ACCESS,
    "42501": Fault.ACCESS,
    "42601": Fault.REQUEST,
    "25001": Fault.REQUEST,
    "55000": Fault.REQUEST,
    "2D000": Fault.REQUEST,
    "P0001": Fault.RAISED,
}


@pytest.mark.parametrize(("sqlstate", "fault"), DECIDED.items())
def test_the_longest_entry_counts(sqlstate: str, fault: Fault) -> None:
    assert fault_of(sqlstate) is fault


def test_every_class_of_postgresqls_is_decided_or_left_open_on_purpose() -> None:
    assert len(EVERY) > 200
    assert {code[:2] for code in EVERY if fault_of(code) is Fault.UNKNOWN} == UNDECIDED & {
        code[:2] for code in EVERY
    }


@pytest.mark.parametrize("sqlstate", [None, "", "Q", "QX001", "ZZZZZ", "XX000"])
def test_what_nobody_knows_may_pass(sqlstate: str | None) -> None:
    assert fault_of(sqlstate) is Fault.UNKNOWN
    assert not fault_of(sqlstate).permanent
