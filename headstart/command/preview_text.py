"""The answer of plan on stdout: for people, for programs, or SQL for psql."""

import sys
from collections.abc import Iterator

from headstart.command.output import masked_lines
from headstart.decision.agreed import PLAN_FORMAT
from headstart.decision.lint import Finding, Lint
from headstart.decision.plan import Preview, Step
from headstart.facts.visible import json_text, lines_of
from headstart.process.below import stream_below
from headstart.process.redaction import Secrets
from headstart.process.statement_shape import shape_of
from headstart.settings.request import Output

LONGEST_SHOWN = 200
"""How many characters of a statement people are shown."""


def preview_text(preview: Preview, output: Output, secrets: Secrets) -> str:
    """The answer of plan on stdout; SQL that somebody executes is as it is."""
    if output is Output.JSON:
        return json_text(_fields(preview, secrets))
    if preview.sql is None:
        return masked_lines(_lines(preview), secrets)
    # what is executed is as it is; what is looked at is harmless
    sql = preview.sql.rstrip()
    stream = stream_below(sys.stdout)  # None where whoever started us has closed it
    return "\n".join(lines_of(sql)) if stream is not None and stream.isatty() else sql


def _fields(preview: Preview, secrets: Secrets) -> dict[str, object]:
    fields: dict[str, object] = {
        "state": preview.state.value,
        "plan": preview.plan,
        "from": preview.version_rows,
        "target": preview.target,
        "baseline": preview.baseline,
        "pending": preview.pending,
        "held": preview.held,
        "proof": preview.proof.value,
        "run_in_progress": preview.run_in_progress,
    }
    if preview.lint is not None:
        fields |= _lint_fields(preview.lint)
    # digests hold no secret, and a short password may be part of one
    digests: dict[str, object] = {
        "plan_format": PLAN_FORMAT,
        "scripts": dict(preview.scripts),
        "schema_digest": preview.schema_digest,
    }
    sql = {} if preview.sql is None else {"sql": preview.sql}
    return secrets.mask_fields(fields) | digests | sql


def _lint_fields(lint: Lint) -> dict[str, object]:
    return {
        "lint": [_finding_fields(each) for each in lint.findings],
        "lint_left_out": [
            _finding_fields(each) | {"why": each.left_out and each.left_out.value}
            for each in lint.left_out
        ],
        "lint_unread": [{"revision": each.revision, "why": each.why} for each in lint.unread],
    }


def _finding_fields(finding: Finding) -> dict[str, object]:
    table = finding.table
    return {
        "revision": finding.revision,
        "rule": finding.rule,
        "message": finding.message,
        "line": finding.line,
        "statement": _one_line(finding),
        "table": finding.name,
        "rows": table and table.rows,
        "bytes": table and table.bytes,
        "scans": table and table.scans,
        "writes": table and table.writes,
    }


def _one_line(finding: Finding) -> str:
    """The statement without its values, which may be a password or people's data."""
    return " ".join(shape_of(finding.statement).split())


def _lines(preview: Preview) -> list[str]:
    lines = [f"state:  {preview.state.value}", f"plan:   {preview.plan}"]
    lines.append(f"from:   {', '.join(preview.version_rows) or 'no version row'}")
    lines.append(f"target: {', '.join(preview.target)}")
    lines += [f"stamp:  {revision}" for revision in preview.baseline]
    for revision in preview.pending:
        lines += _run_lines(revision, preview.steps.get(revision))
    lines += [f"hold:   {revision}" for revision in preview.held]
    if preview.baseline:
        lines.append(f"proof:  {preview.proof.value}")
    lines += [f"note:   {line}" for line in preview.explanation]
    if preview.run_in_progress:
        lines.append("note:   a run is in progress; this may be out of date")
    if preview.lint is not None:
        lines += _lint_lines(preview.lint)
    return lines


def _run_lines(revision: str, step: Step | None) -> Iterator[str]:
    """A pending revision: its id and title, then where it is and what it does."""
    if step is None:
        yield f"run:    {revision}"
        return
    yield f"run:    {revision}  {step.title}".rstrip()
    yield f"        {step.file}{': ' if step.does else ''}{step.does}"


def _lint_lines(lint: Lint) -> Iterator[str]:
    for each in lint.findings:
        yield f"lint:   {each.revision} {each.rule}: {each.message}"
        statement = _one_line(each)
        cut = f"{statement[:LONGEST_SHOWN]} …" if len(statement) > LONGEST_SHOWN else statement
        yield f"        line {each.line}: {cut}"
        if each.name is not None:
            yield f"        {_table(each)}"
    for unread in lint.unread:
        yield f"lint:   {unread.revision} is not looked at whole: {unread.why}"
    if lint.left_out:
        noun = "finding" if len(lint.left_out) == 1 else "findings"
        yield f"lint:   {len(lint.left_out)} {noun} left out: the table is new or empty"
    if not lint.findings:
        yield f"lint:   no finding that counts in {len(lint.revisions)} pending"


def _table(finding: Finding) -> str:
    table = finding.table
    if table is None:
        return f"{finding.name}: no such table is there now"
    return (
        f"{finding.name}: about {table.rows:,} rows, {_size(table.bytes)},"
        f" {table.scans:,} scans and {table.writes:,} rows written since the statistics began"
    )


def _size(count: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 10_240 or unit == "GB":
            break
        count /= 1024
    return f"{count:,.0f} {unit}"
