"""The adapter: implements the port with the other modules of this package."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from backend.connectors.tryton import features, health, http
from backend.connectors.tryton.client import Client
from backend.connectors.tryton.errors import guard_reply
from backend.connectors.tryton.features import Features
from backend.connectors.tryton.forecasts import Forecasts
from backend.connectors.tryton.incremental import IncrementalReader
from backend.connectors.tryton.lookups import Lookups
from backend.connectors.tryton.mapper import READS, WRITES, source
from backend.connectors.tryton.options import Options
from backend.connectors.tryton.sources import Source
from backend.connectors.tryton.workflow import Sender
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
from sync_protocol.catalogue.forecast import FORECAST

SHORT_QUIET_SECONDS = 1.0
"""With the companion module the database refuses a second document, so a short wait is enough."""
QUIET_SECONDS = 1800.0
"""Without it: only the database's limit of 30 minutes ends a writing call of Tryton."""
MAX_IN_FLIGHT = 2
"""Confirming under a credit limit locks tables, so more is not faster."""
FEATURES_SECONDS = 300.0
HOUR = 3600.0


class TrytonConnector:
    """One company in one Tryton. Thread-safe."""

    name = "tryton"

    def __init__(self, options: Options, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._clock = clock
        self._client = Client(options)
        self._lookups = Lookups(self._client, options)
        self._senders = {kind: write.sender(self._client, self._lookups) for kind, write in WRITES.items()}
        self._forecasts = Forecasts(self._client, self._lookups)
        self._reader = IncrementalReader(
            self._client,
            page=options.page_size,
            overlap=options.overlap_seconds,
            refresh=options.refresh_hours * HOUR,
            snapshot=options.snapshot_hours * HOUR,
        )
        self._features: tuple[float, Features, tuple[str, ...]] | None = None

    def check(self) -> Health:
        """Return whether Tryton answers, its version and clock, and its problems."""
        return health.check(self._client, self._lookups)

    def capabilities(self) -> Capabilities:
        """Return what can be done with this Tryton. Raises `ErpError` if it does not answer."""
        with guard_reply(writes=False):
            present, notes = self._cached_features()
            enforced = frozenset(kind for kind, write in WRITES.items() if write.model in present.keyed)
            kinds = frozenset({*WRITES, *([FORECAST.name] if present.forecasts else [])})
            quiet = SHORT_QUIET_SECONDS if enforced == frozenset(WRITES) else QUIET_SECONDS
            return Capabilities(
                collections=tuple(READS), kinds=kinds, enforces_key=enforced, lists_keys=frozenset(READS),
                quiet_seconds=quiet, max_in_flight=MAX_IN_FLIGHT,
                slowest_seconds=http.longest(self._options.timeout_seconds), notes=notes,
            )  # fmt: skip

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        """Return up to *limit* records of *collection* after *watermark* (None: from the start)."""
        with guard_reply(writes=False):
            return self._reader.read(self._source(collection), watermark, limit)

    def reread(self, collection: str, keys: Sequence[str]) -> ReadPage:
        """Read single records of *collection* again."""
        with guard_reply(writes=False):
            return self._reader.reread(self._source(collection), keys)

    def keys(self, collection: str) -> Iterator[str]:
        """Yield the keys of all records that exist."""
        with guard_reply(writes=False):
            yield from self._reader.keys(self._source(collection))

    def find(self, kind: str, key: str) -> list[ErpDocument]:
        """Return the documents that carry our key."""
        with guard_reply(writes=False):
            return self._sender(kind).find(key, self._present())

    def find_by_number(self, kind: str, number: str) -> list[ErpDocument]:
        """Return the documents with Tryton's *number*, each with the key it carries."""
        with guard_reply(writes=False):
            return self._sender(kind).find_by_number(number, self._present())

    def create(self, document: Document) -> ErpDocument:
        """Create the document as a draft with our key."""
        with guard_reply(writes=True):
            return self._sender(document.kind).create(document, self._present())

    def advance(self, document: Document, erp_document: ErpDocument) -> Outcome:
        """Advance the document: an order to confirmed, an expense claim to posted."""
        with guard_reply(writes=True):
            return self._sender(document.kind).advance(document, erp_document)

    def upsert_forecast(self, lines: Iterable[ForecastLine]) -> dict[str, ErpDocument]:
        """Set each line of Tryton's forecast to its quantity."""
        with guard_reply(writes=True):
            if not self._present().forecasts:
                raise ErpError(ErrorClass.CONFIG, "Tryton lacks the module stock_forecast; install it.")
            return self._forecasts.upsert(lines)

    def acknowledgements(self) -> Iterable[Acknowledgement]:
        """Tryton answers at once, so there are none."""
        return ()

    def answer(self, kind: str, key: str) -> None:
        """Return None: nothing is handed over, so nothing is answered later."""

    def confirm(self, token: str) -> None:
        """Do nothing: there are no acknowledgements."""

    def close(self) -> None:
        """Close connections."""
        self._client.close()

    def _present(self) -> Features:
        return self._cached_features()[0]

    def _cached_features(self) -> tuple[Features, tuple[str, ...]]:
        """Return the features of Tryton and the notes, at most some minutes old: modules change rarely."""
        cached, now = self._features, self._clock()
        if cached is None or now - cached[0] > FEATURES_SECONDS:
            present = features.look(self._client)
            cached = self._features = (now, present, health.notes(self._client, present))
        return cached[1:]

    def _source(self, collection: str) -> Source:
        return source(collection, self._lookups, self._present())

    def _sender(self, kind: str) -> Sender:
        if kind not in self._senders:
            raise ErpError(ErrorClass.CONFIG, f"The Tryton connector does not forward {kind!r}.")
        return self._senders[kind]
