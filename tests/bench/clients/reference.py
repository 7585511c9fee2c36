"""The reference device of Satchel: with SQLite, search index, checks and fsync on the device."""

import tempfile
from collections.abc import Sized
from typing import Any

from sync_protocol.device.device import Device
from tests.bench.clients.client import Address
from tests.bench.clients.wire import Refused, Wire


class ReferenceClient:
    """Enrols when it is created, so that only the sync is timed."""

    def __init__(self, address: Address) -> None:
        self.wire = Wire(address.port)
        self._folder = tempfile.TemporaryDirectory(prefix="satchel-bench-")
        self._device = Device(self._folder.name, zone="Europe/Berlin")
        self._device.enrol(address.options["code"], f"http://127.0.0.1:{address.port}")
        self.state: Any = None

    def first_sync(self) -> Sized:
        return self._sync()

    def delta(self) -> Sized:
        return self._sync()

    def _sync(self) -> Sized:
        report = self._device.sync()
        if report.problem is not None or not report.complete:
            raise Refused(f"the reference device could not sync: {report.problem}")
        self.wire.received += report.received
        self.wire.sent += report.sent
        return range(sum(self._device.status().counts.values()))
