"""A program for test_kill: opens the device in a folder, does one thing, and may be killed while at it."""

import datetime as dt
import sys
from itertools import count
from pathlib import Path

from sync_protocol.device.device import Device
from tests.unit.device import company
from tests.unit.device.fake_server import FakeServer
from tests.unit.device.test_capture import photo


def main(folder: Path, what: str) -> None:
    server = FakeServer()
    company.publish(server.feed)
    server.valid_access.add("access-0-0")
    monday = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
    with Device(folder, http=server, now=lambda: monday, zone="Europe/Berlin") as device:
        if what == "capture":
            file = photo()
            device.capture("expense_claim", company.claim_body(file.ref), receipts=[file])
        elif what == "capture for ever":
            for n in count():
                file = photo(str(n))
                saved = device.capture("expense_claim", company.claim_body(file.ref), receipts=[file])
                print(saved.id, flush=True)
        elif what == "pull":
            server.page_rows = 3
            device.sync()
        elif what == "segments":
            server.feed.build((company.TERRITORY, "customers"), 1)
            device.sync()
        elif what == "repair":
            device.sync()
        elif what != "open":
            raise SystemExit(f"no such thing: {what}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
