"""Packing: segments tile all keys, hold every row once, keep their size, and their names if nothing changed."""

import json
import random
from collections.abc import Sequence
from itertools import pairwise

import pytest

from backend.sync.segments import packing
from backend.sync.segments.packing import MAX_BYTES, MIN_BYTES, PackedSegment, Row, pack
from sync_protocol import segment
from sync_protocol.segment import decode

STREAM = ("territory:NW", "customers")
PLAIN = 16 * 1024 * 1024


def row(key: int, noise: int = 2_000, seed: int = 0) -> Row:
    """A row whose record hardly compresses: *noise* hexadecimal digits."""
    text = random.Random(f"{seed}:{key}").randbytes(noise // 2).hex()
    return f"K{key:07}", json.dumps({"id": f"K{key:07}", "text": text}, separators=(",", ":"))


def compressible_row(key: str, length: int) -> Row:
    """A row whose record compresses to nothing."""
    return key, f'{{"id":"{key}","text":"{"a" * length}"}}'


def packed(rows: Sequence[Row], boundaries: Sequence[str] = ()) -> list[PackedSegment]:
    segments = list(pack(STREAM, rows, boundaries))
    assert segments[0].range.start == "" and segments[-1].range.end is None
    assert all(a.range.end == b.range.start for a, b in pairwise(segments))
    decoded = [decode(segment.data, sha256=segment.name, most=PLAIN).rows for segment in segments]
    assert [row for rows_of_one in decoded for row in rows_of_one] == list(rows)
    assert [segment.rows for segment in segments] == [len(rows_of_one) for rows_of_one in decoded]
    return segments


def starts(segments: Sequence[PackedSegment]) -> list[str]:
    return [segment.range.start for segment in segments]


def names(segments: Sequence[PackedSegment]) -> list[str]:
    return [segment.name for segment in segments]


def test_no_rows_make_one_empty_segment_over_all_keys() -> None:
    assert [(segment.rows, segment.range.start, segment.range.end) for segment in packed([])] == [(0, "", None)]


def test_a_large_stream_becomes_segments_of_the_promised_size(
    quick_compression: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "_LEVEL", quick_compression)
    segments = packed([row(n) for n in range(2_000)])
    assert len(segments) > 8
    assert all(MIN_BYTES <= len(built.data) <= MAX_BYTES for built in segments)


def test_an_unchanged_stream_keeps_every_name() -> None:
    rows = [row(n) for n in range(1_200)]
    first = packed(rows)
    assert names(packed(rows, starts(first))) == names(first)


def test_one_changed_row_changes_one_name() -> None:
    rows = [row(n) for n in range(1_200)]
    first = packed(rows)
    rows[700] = row(700, seed=1)
    second = packed(rows, starts(first))
    assert len(set(names(first)) - set(names(second))) == 1
    assert len(second) == len(first)


def test_a_grown_segment_is_split_and_its_neighbours_keep_their_names() -> None:
    rows = [row(n * 10) for n in range(1_200)]
    first = packed(rows)
    second_range = first[1].range
    grown = sorted([*rows, *(row(n + 1) for n in range(0, 12_000, 10) if f"K{n + 1:07}" in second_range)])
    repacked = packed(grown, starts(first))
    assert len(set(names(first)) & set(names(repacked))) == len(first) - 1
    assert all(MIN_BYTES <= len(segment.data) <= MAX_BYTES for segment in repacked)


def test_a_shrunken_segment_joins_its_neighbour() -> None:
    rows = [row(n) for n in range(1_200)]
    first = packed(rows)
    for emptied in (first[1], first[-1], first[0]):
        left = [r for r in rows if r[0] not in emptied.range or r[0].endswith("00")]
        repacked = packed(left, starts(first))
        assert len(repacked) < len(first) + 1
        assert all(MIN_BYTES <= len(segment.data) <= MAX_BYTES for segment in repacked)
        assert len(set(names(first)) & set(names(repacked))) >= len(first) - 3


def test_a_stream_that_shrank_to_nothing_is_one_segment_again() -> None:
    first = packed([row(n) for n in range(1_200)])
    assert len(packed([row(5)], starts(first))) == 1


def test_records_that_compress_to_nothing_are_bounded_by_what_a_phone_can_hold() -> None:
    rows = [compressible_row(f"K{n:07}", 1_000) for n in range(12_000)]
    segments = packed(rows)
    assert len(segments) >= 3
    assert names(packed(rows, starts(segments))) == names(segments)


def test_compression_that_changes_on_the_way_breaks_no_size() -> None:
    even = [compressible_row(f"A{n:07}", 300) for n in range(4_000)]
    lively = [row(n) for n in range(800)]
    assert all(len(segment.data) <= MAX_BYTES for segment in packed(even + lively + [row(9_000_000)]))
    assert all(len(segment.data) <= MAX_BYTES for segment in packed(sorted(lively + even)))


def test_a_single_record_larger_than_a_segment_stands_alone() -> None:
    rows = [row(1), row(2, 900_000), row(3)]
    assert [segment.rows for segment in packed(rows)] == [1, 1, 1]


@pytest.mark.parametrize("seed", range(4))
def test_repeated_rebuilding_keeps_the_segment_sizes(seed: int) -> None:
    rng = random.Random(seed)
    rows = {n: row(n) for n in range(0, 8_000, 10)}
    before: list[str] = []
    for round_number in range(4):
        segments = packed([rows[n] for n in sorted(rows)], before)
        assert all(MIN_BYTES <= len(segment.data) <= MAX_BYTES for segment in segments)
        before = starts(segments)
        for n in rng.sample(sorted(rows), 60):
            del rows[n]
        low = rng.randrange(6_000)
        rows.update({n: row(n, seed=round_number) for n in range(low, low + rng.randrange(600))})


def test_packing_holds_at_most_two_segments_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    peak = 0
    add = packing._Packer.add

    def watched(self: packing._Packer, segment: Row) -> None:
        nonlocal peak
        add(self, segment)
        peak = max(peak, self.plain_bytes + (sum(len(b) for _, b in self.last[1]) if self.last else 0))

    monkeypatch.setattr(packing._Packer, "add", watched)
    packed([row(n) for n in range(3_000)])
    assert 0 < peak < 4 * MAX_BYTES
