"""The values of the port: a document has the date of its own time zone."""

import datetime as dt

import pytest

from backend.erp.records import Document, RepInfo


@pytest.mark.parametrize(
    ("captured", "received", "zone", "day"),
    [
        ("2026-12-31T23:30:00Z", "2026-12-31T23:30:05Z", "Europe/Berlin", "2027-01-01"),
        ("2026-12-31T23:30:00Z", "2027-01-04T08:00:00Z", "Europe/Berlin", "2027-01-01"),
        ("2026-12-31T23:30:00Z", "2026-12-31T23:30:05Z", "UTC", "2026-12-31"),
        ("2027-01-01T05:00:00Z", "2027-01-01T05:00:01Z", "America/New_York", "2027-01-01"),
        ("2027-01-01T04:59:00Z", "2027-01-01T05:00:01Z", "America/New_York", "2026-12-31"),
        ("2026-12-31T23:30:00Z", "2026-12-31T23:30:05Z", "No/Such_Zone", "2026-12-31"),
        ("2031-05-05T08:00:00Z", "2026-12-31T23:30:05Z", "Europe/Berlin", "2027-01-01"),
        ("2019-05-05T08:00:00Z", "2026-12-31T23:30:05Z", "Europe/Berlin", "2027-01-01"),
    ],
)
def test_a_document_has_the_date_of_its_own_zone(captured: str, received: str, zone: str, day: str) -> None:
    document = Document(
        "01KB0000000000000000000001", "expense_claim", {}, RepInfo("R1", "Rep", None), captured,
        dt.datetime.fromisoformat(received), zone=zone,
    )  # fmt: skip
    assert document.captured_on.isoformat() == day
