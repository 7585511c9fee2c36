"""Rows of segments, as the replica stores them."""

from sync_protocol.device.store.rows import segment_rows
from sync_protocol.segment import KeyRange, Segment


def test_a_collection_of_a_newer_server_may_have_nothing_that_is_searched() -> None:
    segment = Segment(("everyone", "routes"), KeyRange(), ["N1", "N2"], {"code": "N1|N2"}, {})
    rows = list(segment_rows(segment, 7))
    assert [(row[0], row[1], row[3], row[4], row[6]) for row in rows] == [
        ("routes", "N1", 7, '{"code":"N1"}', ""),
        ("routes", "N2", 7, '{"code":"N2"}', ""),
    ]
