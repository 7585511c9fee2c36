"""Documents that are handed over as files: create, find, and their state."""

from collections import Counter

from backend.clock import instant
from backend.connectors.flatfile.acknowledgement_file import newest_answer
from backend.connectors.flatfile.exchange import Attached, hand_over, handed_over, reachable
from backend.connectors.flatfile.layout import MANIFEST, ULID, Layout, document_stem
from backend.connectors.flatfile.mapper import WRITES
from backend.connectors.flatfile.options import Options
from backend.connectors.flatfile.render import csv_bytes
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import Document, ErpDocument, Outcome
from sync_protocol.canonical import digest
from sync_protocol.external_name import file_in
from sync_protocol.receipt_types import EXTENSIONS
from sync_protocol.sentence import sentence
from sync_protocol.submission import State


class Documents:
    """Documents in the shared folder. The file's name carries our key, so the folder itself enforces it."""

    def __init__(self, layout: Layout, options: Options) -> None:
        self._layout = layout
        self._options = options

    def find(self, kind: str, key: str) -> list[ErpDocument]:
        """Return the document with our *key*.

        Empty if it was never handed over, or was refused and archived: then the ERP has nothing and it may be
        sent again.
        """
        stem = _stem(kind, key)
        with reachable(self._layout):
            waiting = file_in(self._layout.to_erp, f"{stem}{MANIFEST}").exists()
            answer = newest_answer(self._layout, self._options, stem)
            if answer and answer.outcome.state is State.REJECTED and not waiting:
                return []
            if answer:
                return [ErpDocument(answer.outcome.external_id or stem, answer.outcome.number, answer.status)]
            return [ErpDocument(stem, None, "waiting")] if handed_over(self._layout, stem) else []

    def create(self, document: Document) -> ErpDocument:
        """Write the document for the ERP to pick up. The same document again changes nothing.

        Raises `ErpError` DUPLICATE_BAD if another document was handed over under this key.
        """
        stem = _stem(document.kind, document.id)
        attached = _attached(stem, document)
        content, lines = self._rendered(document, attached)
        proof = digest(dict(document.body))
        with reachable(self._layout):
            there = handed_over(self._layout, stem)
            if there and there.document_sha256 != proof:
                raise ErpError(
                    ErrorClass.DUPLICATE_BAD,
                    f"{there.folder.name}/{stem}.csv is another document with the same key",
                    advice="Compare the file with the document. If the ERP has not imported it, remove it, "
                    "then retry; else link the document to the ERP's number.",
                )
            if erp_documents := self.find(document.kind, document.id):
                return erp_documents[0]
            hand_over(
                self._layout,
                stem,
                content,
                len(lines),
                generated_at=instant(document.received_at),
                attached=attached,
                kind=document.kind,
                key=document.id,
                lines=lines,
                document_sha256=proof,
            )
        return ErpDocument(stem, None, "waiting")

    def advance(self, document: Document, erp_document: ErpDocument) -> Outcome:
        """Return the ERP's answer, or `handed_over` while there is none."""
        stem = _stem(document.kind, document.id)
        with reachable(self._layout):
            answer = newest_answer(self._layout, self._options, stem)
            if answer:
                return answer.outcome
            if handed_over(self._layout, stem):
                return Outcome(State.HANDED_OVER, reason=sentence("waits_for_pick_up"))
        raise ErpError(
            ErrorClass.UNKNOWN,
            f"{stem} is neither in to_erp nor in archive, and there is no acknowledgement of it",
        )

    def answer(self, kind: str, key: str) -> Outcome | None:
        """Return the ERP's newest answer to the document with our *key*, or None."""
        with reachable(self._layout):
            answer = newest_answer(self._layout, self._options, _stem(kind, key))
        return answer.outcome if answer is not None else None

    def _rendered(self, document: Document, attached: tuple[Attached, ...]) -> tuple[bytes, list[int]]:
        """Return the document as CSV, and the numbers of its lines."""
        names = {receipt.sha256: receipt.name for receipt in attached}
        missing = [
            cited
            for line in document.body["lines"]
            for cited in line.get("receipts") or ()
            if cited.removeprefix("sha256:") not in names
        ]
        if missing:
            raise ErpError(
                ErrorClass.REJECT_OFFICE,
                "One of its receipts is missing on the server.",
                raw=f"the document cites the receipt {missing[0]}, which is not on the server",
                advice="Restore the receipt and retry; or return the document to the rep, who sends it again.",
            )
        write = WRITES[document.kind]
        rows = write.rows(document, names)
        return csv_bytes(write.columns, rows, self._options), [row["line_no"] for row in rows]


def _stem(kind: str, key: str) -> str:
    if kind not in WRITES:
        raise ErpError(
            ErrorClass.CONFIG, f"the flat-file connector does not forward {kind}, only {', '.join(WRITES)}"
        )
    if not ULID.fullmatch(key):
        raise ErpError(ErrorClass.CONFIG, f"{key!r} is not a ULID and cannot name a file")
    return document_stem(kind, key)


def _attached(stem: str, document: Document) -> tuple[Attached, ...]:
    """Return the receipts named by their content: the name that a device gave is never used as a path."""
    receipts = {receipt.sha256: receipt for receipt in document.receipts}
    alike = Counter(sha256[:8] for sha256 in receipts)
    attached = []
    for sha256, receipt in sorted(receipts.items()):
        prefix = sha256[:8] if alike[sha256[:8]] == 1 else sha256
        ending = EXTENSIONS[receipt.media_type]
        attached.append(Attached(f"{stem}_{prefix}.{ending}", sha256, receipt.content_sha256, receipt.open))
    return tuple(attached)
