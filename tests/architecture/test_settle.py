"""The state of a submission has one writer: `backend/inbox/settle.py`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.inbox.models import Submission
from backend.inbox.settle import explain, settle
from tests.architecture.test_contracts import ROOT, committed

WRITER = "backend/inbox/settle.py"
RESULT = frozenset(
    column.key
    for column in (
        Submission.state, Submission.reason, Submission.owner, Submission.advice, Submission.raw_reason,
        Submission.error_class, Submission.errors, Submission.tries, Submission.first_failed_at,
        Submission.last_sent_at, Submission.erp_id, Submission.erp_number, Submission.decision,
        Submission.superseded_by, Submission.cause,
    )
)  # fmt: skip
OTHER_ROWS = {
    ("backend/delivery/alerts/dispatch.py", "alert"): "a row of the table of alerts",
    ("backend/delivery/alerts/attempt.py", "alert"): "a row of any table of alerts",
    ("backend/delivery/alerts/reuse.py", "alert"): "a row of the table of alerts about refresh tokens",
    ("backend/delivery/alerts/attempt.py", "update"): "the same tables",
    ("backend/delivery/breaker.py", "row"): "the breaker of a connector",
    ("backend/inbox/written.py", "update"): "stores what `settle` has set",
    ("backend/watchdog/misdated.py", "update"): "times at which something is due",
    ("backend/watchdog/alerts.py", "row"): "a row of the table of alerts about workers",
    ("backend/receipts/checks.py", "receipt"): "the state of a receipt",
    ("backend/receipts/rechecks.py", "receipt"): "the state of a receipt",
    ("backend/receipts/rechecks.py", "update"): "the states of receipts",
    ("backend/ingest/full_comparison.py", "done"): "the report of a comparison",
    ("backend/ingest/importer.py", "reading.result"): "the report of a read",
}
"""(file, variable or function) that writes a field of the same name into something else."""


def assignments(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield (variable, field) of each assignment to a field of the result, also by `setattr` and `update`."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=value, attr=attr, ctx=ast.Store()) if attr in RESULT:
                yield ast.unparse(value), attr
            case ast.Call(func=ast.Name(id="setattr"), args=[value, name, _]):
                yield ast.unparse(value), ast.unparse(name)
            case ast.Call(func=ast.Attribute(attr="values"), args=args, keywords=keywords):
                if "update(" in ast.unparse(node):
                    yield from (("update", word.arg) for word in keywords if word.arg in RESULT)
                    # Columns that are named elsewhere may be any.
                    yield from (("update", ast.unparse(columns)) for columns in args)


def writers(path: Path) -> list[str]:
    name = str(path.relative_to(ROOT))
    return [
        f"{name}: {variable}.{field}"
        for variable, field in assignments(ast.parse(path.read_text()))
        if variable != "self" and (name, variable) not in OTHER_ROWS
    ]


def test_only_settle_changes_the_state_of_a_submission_and_its_result() -> None:
    elsewhere = [
        line
        for path in committed("backend/*.py")
        if "migrations" not in path.parts and str(path.relative_to(ROOT)) != WRITER
        for line in writers(path)
    ]
    assert elsewhere == []


def test_settle_and_explain_are_the_writers() -> None:
    assert {settle.__module__, explain.__module__} == {"backend.inbox.settle"}
    assert {field for _, field in assignments(ast.parse((ROOT / WRITER).read_text()))} == RESULT


@pytest.mark.parametrize(
    "line",
    [
        "row.state = 'parked'",
        "row.reason, row.owner = '', None",
        "setattr(row, 'state', 'parked')",
        "session.execute(update(Submission).where(Submission.id == id).values(state='parked'))",
        "session.execute(update(Submission).where(Submission.id == id).values(columns))",
    ],
)
def test_every_way_to_write_is_noticed(line: str) -> None:
    assert list(assignments(ast.parse(line)))


def test_every_exception_is_needed() -> None:
    used = {
        (name, variable)
        for name, _ in OTHER_ROWS
        for variable, _ in assignments(ast.parse((ROOT / name).read_text()))
    }
    assert OTHER_ROWS.keys() <= used
