"""One acknowledgement: the ERP's answer to a document, line by line, as one outcome."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from backend.connectors.flatfile.exchange import handed_over
from backend.connectors.flatfile.files import File
from backend.connectors.flatfile.layout import ACK, DOCUMENT, MANIFEST, Layout
from backend.connectors.flatfile.manifest import ManifestFault, read_manifest
from backend.connectors.flatfile.options import Options
from backend.connectors.flatfile.row import BadCell, Row
from backend.connectors.flatfile.table import Table
from backend.erp.errors import ErpError
from backend.erp.records import Outcome
from backend.files import open_file, read_file
from sync_protocol.errors import ErrorCode, FaultJson
from sync_protocol.external_name import file_in
from sync_protocol.fields import Money
from sync_protocol.submission import State

COLUMNS = "key line_no status erp_id erp_number reason_code reason_text"
STATUSES = ("ok", "reject", "hold")
STATES = {"ok": State.ACCEPTED, "reject": State.REJECTED, "hold": State.ON_HOLD}
CODES = frozenset(code.code for code in ErrorCode if code.status == 0)
MAX_RAW = 4000
LARGEST = 4 * 1024 * 1024
"""Most bytes of an acknowledgement; a document has at most 500 lines."""
LONGEST_ID = 128
"""Characters of an ERP's id or number: the database stores no longer one."""
_TOTAL = Money()


class AckFault(ValueError):
    """The acknowledgement cannot be used; the message says why."""


class AckUnfinished(ValueError):
    """The acknowledgement has no manifest or differs from it. The ERP may still be writing it."""


@dataclass(frozen=True)
class Answer:
    """The content of an acknowledgement. `word` is ok, reject or hold; `sha256` is that of the file."""

    status: str
    outcome: Outcome
    sha256: str


def newest_answer(layout: Layout, options: Options, stem: str) -> Answer | None:
    """Return the ERP's newest answer to the document *stem*, or None.

    This is the acknowledgement that is not settled yet; else, if the document does not wait for a new answer,
    the newest one in the archive.
    """
    try:
        return read_answer(layout, options, stem)
    except FileNotFoundError:
        pass
    except (AckFault, AckUnfinished):
        pass  # `acknowledgements` reports what is wrong with it
    if file_in(layout.to_erp, f"{stem}{MANIFEST}").exists():
        return None
    archived = archived_acks(layout, stem)
    try:
        return _parsed(layout, options, stem, archived[-1], None) if archived else None
    except (AckFault, FileNotFoundError):
        return None


def archived_acks(layout: Layout, stem: str) -> list[Path]:
    """Return the acknowledgements of *stem* in the archive, oldest first."""
    folder = layout.archived(stem)
    # Not `glob`: it keeps a compiled pattern of each document in memory.
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    own = [name for name in names if name.startswith(f"{ACK}{stem}.") and name.endswith("csv")]
    return [file_in(folder, name) for name in sorted(own, key=lambda name: (len(name), name))]


def read_answer(layout: Layout, options: Options, stem: str) -> Answer:
    """Read acks/ACK_<stem>.csv.

    Raises `AckFault`, `AckUnfinished`, FileNotFoundError if there is none, another OSError, or `ErpError` if
    the document's own manifest is damaged.
    """
    path = file_in(layout.acks, f"{ACK}{stem}.csv")
    with open_file(path) as opened:
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise AckFault(f"{path.name} is larger than {LARGEST} bytes; no acknowledgement is that large")
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        entry = read_manifest(file_in(layout.acks, f"{ACK}{stem}{MANIFEST}")).files.get(path.name)
    except FileNotFoundError:
        raise AckUnfinished(f"{path.name} has no manifest") from None
    except ManifestFault as fault:
        raise AckUnfinished(str(fault)) from None
    if entry is None or entry.sha256 != sha256:
        raise AckUnfinished(f"{path.name} differs from its manifest (its sha256 is another)")
    return _parsed(layout, options, stem, path, entry.rows)


def _parsed(layout: Layout, options: Options, stem: str, path: Path, rows: int | None) -> Answer:
    document = handed_over(layout, stem)
    if document is None:
        raise AckFault(f"{path.name} answers {stem}, which was never handed over")
    sha256 = hashlib.sha256(read_file(path)).hexdigest()
    file = File(path.name, tuple(COLUMNS.split()), ("line_no",))
    try:
        table = Table(path, file, rows, options)
    except ErpError as error:
        raise AckFault(error.message) from None
    try:
        read = [table.row(number) for number in range(len(table))]
        status, outcome = _outcome(stem, read, document.lines)
    except BadCell as error:
        raise AckFault(str(error)) from None
    finally:
        table.close()
    return Answer(status, outcome, sha256)


def _outcome(stem: str, rows: Sequence[Row], lines: Sequence[int]) -> tuple[str, Outcome]:
    """Return the outcome for the whole document, which has *lines*: one refused line refuses it."""
    answered: dict[int | None, Row] = {}
    place = {line: n for n, line in enumerate(lines)}
    for row in rows:
        _check_key(stem, row)
        if row.word("status") not in STATUSES:
            raise BadCell(row, "status", f"must be ok, reject or hold, not {row.text('status')!r}")
        line_no = None if row.maybe("line_no") is None else row.integer("line_no")
        if line_no is not None and line_no not in place:
            raise BadCell(row, "line_no", f"the document has no line {line_no}")
        if line_no in answered:
            answered_twice = "the document" if line_no is None else f"line {line_no}"
            raise BadCell(row, "line_no", f"{answered_twice} is answered twice")
        answered[line_no] = row
    missing = [str(line) for line in lines if line not in answered]
    if missing and None not in answered:
        raise AckFault(f"{ACK}{stem}.csv does not answer line {', '.join(missing)}")
    statuses = {row.word("status") for row in rows}
    status = "reject" if "reject" in statuses else "hold" if "hold" in statuses else "ok"
    number, external_id = _one(rows, "erp_number"), _one(rows, "erp_id")
    if status != "reject" and not (number or external_id):
        raise AckFault(f"{ACK}{stem}.csv says {status} and has no erp_number and no erp_id")
    refused_lines = [(line, row) for line, row in answered.items() if row.word("status") == status != "ok"]
    reasons = list(dict.fromkeys(_reason(row) for _, row in refused_lines))
    return status, Outcome(
        STATES[status],
        external_id=None if status == "reject" else external_id or number,
        number=None if status == "reject" else number or external_id,
        reason="; ".join(reasons)[:1000] or None,
        raw="\n".join(row.raw.strip() for row in rows)[:MAX_RAW],
        errors=tuple(_fault(place, line, row) for line, row in refused_lines) if status == "reject" else (),
        total=_total(rows),
    )


def _total(rows: Sequence[Row]) -> Decimal | None:
    """Return the ERP's total of the document; None if the file has no column `total`, or it is empty."""
    if not rows or not rows[0].has("total") or _one(rows, "total") is None:
        return None
    row = next(row for row in rows if row.maybe("total") is not None)
    total = row.number("total")
    if (error := _TOTAL.error_for(total)) is not None:
        raise BadCell(row, "total", error)
    return Decimal(total)


def _check_key(stem: str, row: Row) -> None:
    document = DOCUMENT.fullmatch(stem)
    expected = document["key"] if document else stem
    if row.text("key") != expected:
        raise BadCell(row, "key", f"is {row.text('key')!r}, and the file answers {expected}")


def _one(rows: Sequence[Row], column: str) -> str | None:
    values = {row.maybe(column): row for row in rows if row.maybe(column)}
    if len(values) > 1:
        row = next(reversed(values.values()))
        raise BadCell(row, column, f"two answers for one document: {', '.join(sorted(map(str, values)))}")
    for value, row in values.items():
        if len(value or "") > LONGEST_ID and column != "total":
            raise BadCell(row, column, f"must have at most {LONGEST_ID} characters, and has {len(value or '')}")
    return next(iter(values), None)


def _reason(row: Row) -> str:
    return row.maybe("reason_text") or row.maybe("reason_code") or "the ERP gives no reason"


def _fault(place: Mapping[int, int], line: int | None, row: Row) -> FaultJson:
    code = (row.maybe("reason_code") or "").lower()
    return {
        "code": code if code in CODES else ErrorCode.FIELD_INVALID.code,
        "field": "" if line is None else f"lines[{place[line]}]",
        "message": _reason(row)[:1000],
    }
