"""Run the reference device for the conformance kit: one JSON object per line, in and out.

`python -m sync_protocol.device.driver`. docs/conformance.md lists the commands.
"""

import base64
import contextlib
import json
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

from sync_protocol.device.capture import documents
from sync_protocol.device.device import Device
from sync_protocol.device.errors import DeviceError, Revoked
from sync_protocol.device.store.receipts import receipt_from_bytes

Json = dict[str, Any]
"""A command or an answer; docs/conformance.md lists the keys of each."""


class Driver:
    """Execute commands for one device."""

    def __init__(self) -> None:
        self._device: Device | None = None

    def answer(self, command: Json) -> Json:
        """Execute *command*, `{"do": name, …arguments}`, and return the answer, `{"ok": true, …}`."""
        commands: dict[str, Callable[..., Json]] = {
            "open": self._open,
            "enrol": self._enrol,
            "sync": self._sync,
            "capture": self._capture,
            "dismiss": self._dismiss,
            "dump": self._dump,
        }
        arguments = {name: value for name, value in command.items() if name != "do"}
        try:
            return {"ok": True, **commands[command["do"]](**arguments)}
        except DeviceError as error:
            return {"ok": False, "error": error.technical or str(error)}

    def close(self) -> None:
        """Close the device."""
        if self._device is not None:
            self._device.close()

    @property
    def device(self) -> Device:
        """The open device."""
        if self._device is None:
            raise DeviceError("open a folder first")
        return self._device

    def _open(self, folder: str) -> Json:
        self.close()
        self._device = Device(folder, sleep=lambda seconds: None, zone="UTC")
        return {}

    def _enrol(self, server: str, code: str) -> Json:
        self.device.enrol(code, server, name="conformance")
        return {}

    def _sync(self, at_once: int = 1) -> Json:
        """Sync; with *at_once*, so many times at the same time, as an app may that is woken in the middle."""
        others = [threading.Thread(target=self._sync_beside) for _ in range(at_once - 1)]
        for other in others:
            other.start()
        try:
            report = self.device.sync()
        except Revoked as revoked:
            return {"ok": False, "error": str(revoked)}
        finally:
            for other in others:
                other.join()
        if report.problem is not None:
            return {"ok": False, "error": report.problem.technical or str(report.problem)}
        return {"complete": report.complete}

    def _sync_beside(self) -> None:
        beside = Driver()
        with contextlib.suppress(DeviceError):
            beside._open(str(self.device.folder))
            beside._sync()
        beside.close()

    def _dismiss(self, id: str) -> Json:
        self.device.dismiss(id)
        return {}

    def _capture(self, kind: str, body: Json, receipts: list[Json]) -> Json:
        files = [receipt_from_bytes(base64.b64decode(file["base64"]), file["name"]) for file in receipts]
        return {"id": self.device.capture(kind, body, receipts=files).id}

    def _dump(self) -> Json:
        rows = self.device.db.rows("SELECT collection, key, body FROM record ORDER BY collection, key")
        return {
            "enrolled": self.device.identity is not None,
            "records": [[row["collection"], row["key"], json.loads(row["body"])] for row in rows],
            "documents": [
                {"id": document.id, "stage": document.stage} for document in documents.documents(self.device.db)
            ],
        }


def drive(commands: TextIO, answers: TextIO) -> None:
    """Answer each line of *commands* with a line in *answers*, until the commands end."""
    driver = Driver()
    for line in commands:
        answers.write(json.dumps(driver.answer(json.loads(line))) + "\n")
        answers.flush()
    driver.close()


if __name__ == "__main__":
    drive(sys.stdin, sys.stdout)
