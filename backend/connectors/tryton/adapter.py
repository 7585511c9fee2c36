"""The connector: answers the port by asking the parts beside this file."""

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
"""With the companion module a second document is refused by the database, so little is gained by waiting."""
QUIET_SECONDS = 1800.0
"""Without the companion module: Tryton bounds a writing call by nothing but its database's 30 minutes."""
FEATURES_SECONDS = 300.0
HOUR = 3600.0


class TrytonConnector:
    """One company in one Tryton. Safe for several threads."""

    name = "tryton"

    def __init__(self, options: Options, clock: Callable[[], float] = time.monotonic) -> None:
        self._options = options
        self._clock = clock
        self._client = Client(options)
        self._lookups = Lookups(self._client, options)
        self._senders = {kind: write.sender(self._client, self._lookups) for kind, write in WRITES.items()}
        self._forecasts = Forecasts(self._client, self._lookups)
        self._follower = IncrementalReader(
            self._client,
            page=options.page_size,
            overlap=options.overlap_seconds,
            refresh=options.refresh_hours * HOUR,
            snapshot=options.snapshot_hours * HOUR,
        )
        self._features: tuple[float, Features, tuple[str, ...]] | None = None

    def check(self) -> Health:
        """Say whether Tryton answers, its version and clock, and what stands in the way."""
        return health.check(self._client, self._lookups)

    def capabilities(self) -> Capabilities:
        """Say what can be done with the Tryton that was found; raises `ErpError` if it does not answer."""
        with guard_reply(writes=False):
            found, notes = self._looked()
            enforced = frozenset(kind for kind, write in WRITES.items() if write.model in found.keyed)
            kinds = frozenset({*WRITES, *([FORECAST.name] if found.forecasts else [])})
            quiet = self._options.quiet_seconds
            if quiet is None:
                quiet = SHORT_QUIET_SECONDS if enforced == frozenset(WRITES) else QUIET_SECONDS
            return Capabilities(
                collections=tuple(READS), kinds=kinds, enforces_key=enforced, lists_keys=frozenset(READS),
                quiet_seconds=quiet, max_in_flight=self._options.max_in_flight,
                slowest_seconds=http.longest(self._options.timeout_seconds), notes=notes,
            )  # fmt: skip

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        """Return up to *limit* records of *collection* after *watermark* (None: from the start)."""
        with guard_reply(writes=False):
            return self._follower.read(self._source(collection), watermark, limit)

    def reread(self, collection: str, keys: Sequence[str]) -> ReadPage:
        """Return single records of *collection* anew."""
        with guard_reply(writes=False):
            return self._follower.reread(self._source(collection), keys)

    def keys(self, collection: str) -> Iterator[str]:
        """List the keys of all records that exist."""
        with guard_reply(writes=False):
            yield from self._follower.keys(self._source(collection))

    def find(self, kind: str, key: str) -> list[ErpDocument]:
        """Return the documents that carry our key."""
        with guard_reply(writes=False):
            return self._sender(kind).find(key, self._found())

    def find_by_number(self, kind: str, number: str) -> list[ErpDocument]:
        """Return the documents under Tryton's *number*, with the key that each carries."""
        with guard_reply(writes=False):
            return self._sender(kind).find_by_number(number, self._found())

    def create(self, document: Document) -> ErpDocument:
        """Create the document as a draft, under our key."""
        with guard_reply(writes=True):
            return self._sender(document.kind).create(document, self._found())

    def advance(self, document: Document, found: ErpDocument) -> Outcome:
        """Take the document on: an order to confirmed, a claim to posted."""
        with guard_reply(writes=True):
            return self._sender(document.kind).advance(document, found)

    def upsert_forecast(self, lines: Iterable[ForecastLine]) -> dict[str, ErpDocument]:
        """Set each line of Tryton's forecast to its quantity."""
        with guard_reply(writes=True):
            if not self._found().forecasts:
                raise ErpError(ErrorClass.CONFIG, "Tryton lacks the module stock_forecast; install it.")
            return self._forecasts.upsert(lines)

    def acknowledgements(self) -> Iterable[Acknowledgement]:
        """Tryton answers at once, so there are none."""
        return ()

    def confirm(self, token: str) -> None:
        """There are no acknowledgements to put away."""

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _found(self) -> Features:
        return self._looked()[0]

    def _looked(self) -> tuple[Features, tuple[str, ...]]:
        """Return what Tryton has, as of some minutes ago: modules come and go seldom."""
        known, now = self._features, self._clock()
        if known is None or now - known[0] > FEATURES_SECONDS:
            found = features.look(self._client)
            known = self._features = (now, found, health.notes(self._client, found))
        return known[1:]

    def _source(self, collection: str) -> Source:
        return source(collection, self._lookups, self._found())

    def _sender(self, kind: str) -> Sender:
        if kind not in self._senders:
            raise ErpError(ErrorClass.CONFIG, f"The Tryton connector does not forward {kind!r}.")
        return self._senders[kind]
