"""Reps and their phones for scenarios."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.scenarios.node import Node
from tests.scenarios.rep import FieldRep

Enrol = Callable[..., FieldRep]


@pytest.fixture
def enrol(tmp_path: Path) -> Iterator[Enrol]:
    """`enrol(node, "R1")` gives a rep with a phone of its own; all phones are put away at the end."""
    phones: list[FieldRep] = []

    def make(node: Node, rep: str, url: str | None = None) -> FieldRep:
        phones.append(FieldRep(node, rep, tmp_path / f"phone{len(phones)}", url))
        return phones[-1]

    yield make
    for phone in phones:
        phone.device.close()
