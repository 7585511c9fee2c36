"""The scripted server with a small company, and a device enrolled at it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.clock import ManualClock
from sync_protocol.conformance.scripted_server import CODE, ISSUER
from sync_protocol.device.device import Device
from tests.unit.device import company
from tests.unit.device.feed_server import FeedServer

Opened = Callable[..., Device]


@pytest.fixture
def server() -> Iterator[FeedServer]:
    """A server whose rep R1 may read everything of the small company; no request may break the wire's rules."""
    feed_server = FeedServer()
    company.publish(feed_server.feed)
    yield feed_server
    assert feed_server.faults == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "device"


@pytest.fixture
def opened(server: FeedServer, folder: Path, clock: ManualClock) -> Iterator[Opened]:
    """Open a device on the folder (or another one); all are closed at the end."""
    devices: list[Device] = []

    def open_device(where: Path = folder, **more: Any) -> Device:
        settings: dict[str, Any] = {
            "http": server.network, "now": clock.now, "sleep": lambda seconds: None, "draw": lambda: 0.5,
            "zone": "Europe/Berlin",
        }  # fmt: skip
        device = Device(where, **(settings | more))
        devices.append(device)
        return device

    yield open_device
    for device in devices:
        device.close()


@pytest.fixture
def enrolled(opened: Opened) -> Device:
    """A device that is enrolled and has not synced."""
    device = opened()
    device.enrol(CODE, ISSUER)
    return device


@pytest.fixture
def device(enrolled: Device) -> Device:
    """A device with a complete replica."""
    assert enrolled.sync().complete
    return enrolled
