"""An ERP that takes a fixed time for each document and costs nothing else, so that only forwarding is measured.

It is a folder with one file per document, named by our key, which holds the times when its `create` began and
ended. Several processes use it.
"""

import datetime as dt
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

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
from sync_protocol.submission import State


class SlowErp:
    """`create` takes *seconds*, everything else takes no time."""

    name = "slow"
    enforces_key = False

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder, self.seconds = folder, seconds
        folder.mkdir(parents=True, exist_ok=True)

    def created(self) -> dict[str, tuple[float, float]]:
        """Return our key of each document → when its `create` began and ended (seconds, monotonic clock)."""
        times = {}
        for path in self.folder.iterdir():
            started, ended = path.read_text().split()
            times[path.name] = (float(started), float(ended))
        return times

    def check(self) -> Health:
        return Health("slow 1", dt.datetime.now(dt.UTC))

    def capabilities(self) -> Capabilities:
        return Capabilities((), frozenset({"order"}), frozenset(), frozenset(), quiet_seconds=60.0)

    def read(self, collection: str, watermark: str | None, limit: int) -> ReadPage:
        return ReadPage((), "0", more=False)

    def keys(self, collection: str) -> Iterable[str]:
        return ()

    def find(self, kind: str, key: str) -> list[ErpDocument]:
        return [ErpDocument(key, None, "draft")] if (self.folder / key).exists() else []

    def create(self, document: Document) -> ErpDocument:
        started = time.monotonic()
        time.sleep(self.seconds)
        try:
            with (self.folder / document.id).open("x") as file:
                file.write(f"{started} {time.monotonic()}")
        except FileExistsError:
            raise ErpError(ErrorClass.DUPLICATE_BAD, "the document was created twice") from None
        return ErpDocument(document.id, None, "draft")

    def advance(self, document: Document, erp_document: ErpDocument) -> Outcome:
        return Outcome(State.ACCEPTED, erp_document.external_id, f"SO{erp_document.external_id}")

    def upsert_forecast(self, lines: Iterable[ForecastLine]) -> dict[str, ErpDocument]:
        return {}

    def acknowledgements(self) -> Iterable[Acknowledgement]:
        return ()

    def answer(self, kind: str, key: str) -> None:
        pass

    def confirm(self, token: str) -> None:
        pass

    def close(self) -> None:
        pass


def connect(options: Mapping[str, str]) -> SlowErp:
    """Return the connector, as an entry point does; options: folder, seconds."""
    return SlowErp(Path(options["folder"]), float(options["seconds"]))
