"""The adapter: implements the port with files in a shared folder."""

from collections.abc import Iterable, Sequence

from backend.clock import Clock, SystemClock
from backend.connectors.flatfile.acknowledgements import Mailbox
from backend.connectors.flatfile.documents import Documents
from backend.connectors.flatfile.errors import setup_fault
from backend.connectors.flatfile.forecasts import Forecasts
from backend.connectors.flatfile.health import check
from backend.connectors.flatfile.layout import Layout
from backend.connectors.flatfile.mapper import WRITES
from backend.connectors.flatfile.options import Options
from backend.connectors.flatfile.reader import Reader
from backend.erp.errors import ErpError, ErrorClass
from backend.erp.records import (
    Acknowledgement,
    Capabilities,
    Document,
    ErpDocument,
    ForecastLine,
    Health,
    Outcome,
    ReadPage,
)
from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.forecast import FORECAST

QUIET_SECONDS = 30.0
"""After this time a file that was being written is in the folder, or never will be."""
_PAGE = 1_000
"""Records of an export that are searched at a time."""


class FlatFileConnector:
    """An ERP behind a shared folder. No method waits for the ERP, which answers in files."""

    name = "flatfile"

    def __init__(self, options: Options, clock: Clock | None = None) -> None:
        layout = Layout(options.folder)
        self._clock = clock or SystemClock()
        self._layout = layout
        self._options = options
        self._reader = Reader(layout, options, self._clock)
        self._documents = Documents(layout, options)
        self._forecasts = Forecasts(layout, options)
        self._mailbox = Mailbox(layout, options)

    def check(self) -> Health:
        """Check the folders, the newest exports, and files that were left behind."""
        return check(self._layout, self._options, self._clock.now())

    def capabilities(self) -> Capabilities:
        """Return what is read and written. The folder enforces our key, which is part of the file's name."""
        return Capabilities(
            collections=self._options.collections,
            kinds=frozenset((*WRITES, FORECAST.name)),
            enforces_key=frozenset(WRITES),
            lists_keys=frozenset(self._options.collections),
            quiet_seconds=QUIET_SECONDS,
        )

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        """Return a page of the newest export that has *collection*; no records if it was read already."""
        self._require(collection)
        return self._reader.read(collection, watermark, limit)

    def reread(self, collection: str, keys: Sequence[str]) -> ReadPage:
        """Read single records of the newest export again. The id of a bad row is its file and line."""
        self._require(collection)
        return self._reader.reread(collection, keys)

    def keys(self, collection: str) -> Iterable[str]:
        """Yield the keys in the newest export, including those of rows that cannot be mapped."""
        self._require(collection)
        return self._reader.keys(collection)

    def find(self, kind: str, key: str) -> list[ErpDocument]:
        """Return the document if it was handed over and not refused."""
        return self._documents.find(kind, key)

    def find_by_number(self, kind: str, number: str) -> list[ErpDocument]:
        """Return the documents under *number* in the newest export, which lists only some kinds."""
        read_back = KINDS[kind].erp_record if kind in KINDS else None
        exported = WRITES[kind].exported if kind in WRITES else None
        if read_back is None or exported is None or read_back.collection not in self._options.collections:
            raise ErpError(
                ErrorClass.REJECT_OFFICE,
                f"The ERP's files do not list documents of kind {kind}, so no number can be looked up",
            )
        hits: list[ErpDocument] = []
        watermark: str | None = None
        while True:
            page = self._reader.read(read_back.collection, watermark, _PAGE)
            hits += [document for document in map(exported, page.records) if document.number == number]
            if not page.more:
                return hits
            watermark = page.watermark

    def create(self, document: Document) -> ErpDocument:
        """Hand over the document: its receipts, the CSV file, and the manifest last."""
        return self._documents.create(document)

    def advance(self, document: Document, erp_document: ErpDocument) -> Outcome:
        """Return the ERP's acknowledgement, or `handed_over` until there is one."""
        return self._documents.advance(document, erp_document)

    def upsert_forecast(self, lines: Iterable[ForecastLine]) -> dict[str, ErpDocument]:
        """Hand over the sums of one warehouse and month. They count as set once the file is written."""
        return self._forecasts.upsert(lines)

    def acknowledgements(self) -> Iterable[Acknowledgement]:
        """Return the acknowledgements in acks/."""
        return list(self._mailbox.acknowledgements())

    def answer(self, kind: str, key: str) -> Outcome | None:
        """Return the newest acknowledgement of the document, in acks/ or in the archive."""
        return self._documents.answer(kind, key)

    def confirm(self, token: str) -> None:
        """Move a settled document and its acknowledgement to the archive."""
        self._mailbox.confirm(token)

    def close(self) -> None:
        """Close open files."""
        self._reader.close()

    def _require(self, collection: str) -> None:
        if collection not in self._options.collections:
            raise setup_fault(
                f"{collection} is not read from files; there are {', '.join(self._options.collections)}"
            )
