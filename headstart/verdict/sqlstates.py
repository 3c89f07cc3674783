"""What a SQLSTATE says of a fault: the one table, for connecting, for our reads, and for scripts.

Who met it decides what to call it; this table decides whether it may pass. What is not known to be
permanent may pass: giving up for ever needs a reason, and trying again is bounded by whoever
starts the runs. The longest entry that a SQLSTATE begins with counts.
Source: PostgreSQL documentation, appendix A, "PostgreSQL Error Codes".
"""

from enum import StrEnum

ALREADY_THERE_SQLSTATES = frozenset({"42P07", "42710", "42701", "42P06"})
"""duplicate_table (an index, too), duplicate_object, duplicate_column, duplicate_schema."""

OF_ROWS = ("22", "23")
"""How those begin that rows bring about: data exceptions, violations of a constraint."""

GONE_SQLSTATES = frozenset({"42P01", "42703", "42704", "42883"})
"""undefined_table, undefined_column, undefined_object (an index, too), undefined_function."""


class Fault(StrEnum):
    """The kinds of fault; the value is one sentence for each."""

    CONNECTION = "the connection is gone"
    SERVER = "the server cannot do it now: its slots, memory, disk or mode, or somebody canceled it"
    LOCK = "another transaction is in the way"
    ACCESS = "the login, the database's name or a privilege is wrong"
    REQUEST = "what was asked for is wrong, and stays wrong"
    RAISED = "code in the database raised it: a trigger, a DO block, a function"
    UNKNOWN = "no entry tells, so it may pass"

    @property
    def permanent(self) -> bool:
        """Whether trying again is known not to help, at whatever the server itself was asked."""
        return self in {Fault.ACCESS, Fault.REQUEST}


_FAULTS = {
    "08": Fault.CONNECTION,  # connection_exception
    "57P": Fault.CONNECTION,  # admin_shutdown, crash_shutdown, database_dropped, idle_session...
    "25P03": Fault.CONNECTION,  # idle_in_transaction_session_timeout
    "25P04": Fault.CONNECTION,  # transaction_timeout
    "25006": Fault.SERVER,  # read_only_sql_transaction: a failover may pass
    "53": Fault.SERVER,  # insufficient_resources
    "57": Fault.SERVER,  # operator_intervention: query_canceled, by a limit too
    "57P03": Fault.SERVER,  # cannot_connect_now
    "58": Fault.SERVER,  # system_error: I/O
    "40": Fault.LOCK,  # transaction_rollback: serialization_failure, deadlock_detected
    "55P03": Fault.LOCK,  # lock_not_available
    "28": Fault.ACCESS,  # invalid_authorization_specification
    "3D": Fault.ACCESS,  # invalid_catalog_name
    "42501": Fault.ACCESS,  # insufficient_privilege
    "P0": Fault.RAISED,  # plpgsql_error
    "55006": Fault.SERVER,  # object_in_use: by this session, or by others for a while
    "09": Fault.REQUEST,  # triggered_action_exception
    "0A": Fault.REQUEST,  # feature_not_supported
    "0B": Fault.REQUEST,  # invalid_transaction_initiation
    "0F": Fault.REQUEST,  # locator_exception
    "0L": Fault.REQUEST,  # invalid_grantor
    "0P": Fault.REQUEST,  # invalid_role_specification
    "0Z": Fault.REQUEST,  # diagnostics_exception
    "10": Fault.REQUEST,  # xquery_error
    "20": Fault.REQUEST,  # case_not_found
    "21": Fault.REQUEST,  # cardinality_violation
    "22": Fault.REQUEST,  # data_exception
    "23": Fault.REQUEST,  # integrity_constraint_violation
    "24": Fault.REQUEST,  # invalid_cursor_state
    "25": Fault.REQUEST,  # invalid_transaction_state: what cannot be in a transaction
    "26": Fault.REQUEST,  # invalid_sql_statement_name
    "2B": Fault.REQUEST,  # dependent_privilege_descriptors_still_exist
    "27": Fault.REQUEST,  # triggered_data_change_violation
    "2D": Fault.REQUEST,  # invalid_transaction_termination: a COMMIT in a DO block
    "2F": Fault.REQUEST,  # sql_routine_exception
    "38": Fault.REQUEST,  # external_routine_exception
    "39": Fault.REQUEST,  # external_routine_invocation_exception
    "34": Fault.REQUEST,  # invalid_cursor_name
    "3B": Fault.REQUEST,  # savepoint_exception
    "3F": Fault.REQUEST,  # invalid_schema_name
    "42": Fault.REQUEST,  # syntax_error_or_access_rule_violation
    "44": Fault.REQUEST,  # with_check_option_violation
    "54": Fault.REQUEST,  # program_limit_exceeded
    "55": Fault.REQUEST,  # object_not_in_prerequisite_state
}


UNIQUE_VIOLATION = "23505"


def fault_of(sqlstate: str | None, *, in_catalog: bool = False) -> Fault:
    """What a SQLSTATE says; UNKNOWN for one that no entry knows, or where there is none.

    `in_catalog`: of a catalog's own index. Then two transactions have made the same object at the
    same moment, IF NOT EXISTS or not, and the one that comes again finds it.
    """
    named = sqlstate or ""
    if in_catalog and named == UNIQUE_VIOLATION:
        return Fault.LOCK
    lengths = range(len(named), 1, -1)
    return next((_FAULTS[named[:n]] for n in lengths if named[:n] in _FAULTS), Fault.UNKNOWN)
