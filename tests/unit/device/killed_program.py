"""A program for test_kill: opens the device in a folder, does one thing, and may be killed while at it."""

import datetime as dt
import sys
from itertools import count
from pathlib import Path

from sync_protocol.device.device import Device
from tests.unit.device import company
from tests.unit.device.capture.test_capture import photo
from tests.unit.device.feed_server import FeedServer


def main(folder: Path, command: str) -> None:
    server = FeedServer()
    company.publish(server.feed)
    server.valid_tokens.add("access-1-0")
    monday = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
    with Device(folder, http=server.network, now=lambda: monday, zone="Europe/Berlin") as device:
        if command == "capture":
            file = photo()
            device.capture("expense_claim", company.claim_body(file.ref), receipts=[file])
        elif command == "capture for ever":
            for n in count():
                file = photo(str(n))
                saved = device.capture("expense_claim", company.claim_body(file.ref), receipts=[file])
                print(saved.id, flush=True)
        elif command == "pull":
            server.feed.page_rows = 3
            device.sync()
        elif command == "segments":
            server.feed.build_in_segments((company.TERRITORY, "customers"), 1)
            device.sync()
        elif command == "repair":
            device.sync()
        elif command != "open":
            raise SystemExit(f"no such command: {command}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
