"""The recording ERP without a disk, for tests with many documents and one process."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.unit.delivery.recording_erp import RecordingErp


class MemoryErp(RecordingErp):
    """What the recording ERP keeps in files is kept in this object."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, **options)
        self._guard = threading.RLock()
        self._kept: dict[str, Any] = {}

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._guard:
            yield

    def _lines(self, name: str) -> list[dict[str, Any]]:
        return list(self._kept.get(name, []))

    def _append(self, name: str, entry: Mapping[str, Any]) -> None:
        self._kept.setdefault(name, []).append(entry)

    def _overwrite(self, name: str, entries: Iterable[Mapping[str, Any]]) -> None:
        self._kept[name] = list(entries)

    def _read(self, name: str, default: Any) -> Any:
        return self._kept.get(name, default)

    def _write(self, name: str, value: Any) -> None:
        self._kept[name] = value
