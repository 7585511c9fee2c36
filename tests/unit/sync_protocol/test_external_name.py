"""A name from outside is the name of a file in one folder, or refused."""

from pathlib import Path

import pytest

from sync_protocol.external_name import NameRefused, file_in, plain_name
from tests.unit.hostile_names import HOSTILE_NAMES


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_a_hostile_name_is_refused_in_one_printable_line(name: object) -> None:
    with pytest.raises(NameRefused) as refused:
        file_in(Path("/folder"), name)
    assert str(refused.value).isprintable() and str(refused.value).isascii() and len(str(refused.value)) < 250


@pytest.mark.parametrize(
    "name",
    [
        "units.csv",
        "ORDER_01KBR9Z8Q5T0000000000000AC.manifest.json",
        "FORECAST_W%201~ab_2026-11_000001_0123abcd.csv",
        "a" * 64,
        "a" * 255,
        "_x~0123",
        "console.csv",
        "a..b",
    ],
)
def test_a_plain_name_is_a_file_of_the_folder(name: str) -> None:
    assert file_in(Path("/folder"), name) == Path("/folder", name)
    assert plain_name(name) == name
