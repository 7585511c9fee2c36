"""Times for people carry their zone, and are made by one function."""

import datetime as dt
from pathlib import Path

import pytest

import backend
import sync_protocol
from sync_protocol.local_time import local_time

MOMENT = dt.datetime(2026, 11, 23, 8, 43, 13, 457_591, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("zone", "timespec", "text"),
    [
        ("UTC", "minutes", "2026-11-23 08:43 UTC"),
        ("Europe/Berlin", "minutes", "2026-11-23 09:43 CET"),
        ("America/Sao_Paulo", "minutes", "2026-11-23 05:43 -03"),
        ("Mars/Olympus", "minutes", "2026-11-23 08:43 UTC"),
        ("UTC", "seconds", "2026-11-23 08:43:13 UTC"),
        ("UTC", "milliseconds", "2026-11-23 08:43:13.457 UTC"),
    ],
)
def test_a_time_is_in_the_zone_of_its_reader_and_names_it(zone: str, timespec: str, text: str) -> None:
    assert local_time(MOMENT, zone, timespec=timespec) == text
    assert local_time("2026-11-23T08:43:13.457591Z", zone, timespec=timespec) == text


def test_summer_time_is_another_zone_name() -> None:
    assert local_time("2026-07-01T08:00:00Z", "Europe/Berlin") == "2026-07-01 10:00 CEST"


@pytest.mark.parametrize("package", [backend, sync_protocol], ids=lambda package: package.__name__)
def test_no_other_code_formats_a_time_of_day_for_people(package: object) -> None:
    [root] = package.__path__
    elsewhere = [
        str(path)
        for path in sorted(Path(root).rglob("*.py"))
        if path.name != "local_time.py" and "%H:%M" in path.read_text()
    ]
    assert elsewhere == []
