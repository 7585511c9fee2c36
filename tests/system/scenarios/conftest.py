"""Reps and their phones for scenarios."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync_protocol.device.device import Device
from tests.system.scenarios.node import Node
from tests.system.scenarios.rep import FieldRep

Enrol = Callable[..., FieldRep]


@pytest.fixture
def enrol(tmp_path: Path) -> Iterator[Enrol]:
    """`enrol(node, "R1")` returns a rep with a phone of their own; all phones are closed at the end."""
    phones: list[FieldRep] = []

    def make(node: Node, rep: str, url: str | None = None) -> FieldRep:
        device = Device(tmp_path / f"phone{len(phones)}", sleep=lambda seconds: None, zone="Europe/Berlin")
        phones.append(FieldRep(device))
        code = node.command("rep", "code", rep).strip().splitlines()[-1]
        device.enrol(code, url or node.url, name=f"phone of {rep}")
        return phones[-1]

    yield make
    for phone in phones:
        phone.device.close()
