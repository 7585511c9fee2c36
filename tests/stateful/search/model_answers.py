"""The reading side of the model: pages, segments, verification, as docs/protocol.md tells them."""

from collections.abc import Mapping, Sequence
from typing import Any

from sync_protocol.canonical import canonical
from sync_protocol.change import Stream
from sync_protocol.checksum import Checksum, hash_text, record_hash
from sync_protocol.cursor import Cursor, Mark, decode_cursor
from sync_protocol.pull import RESET_EPOCH, RESET_REBASE, SEGMENTS_SINCE
from sync_protocol.segment import KeyRange, encode, name_of
from tests.stateful.search.model import ModelFeed, Offered, State, dumped
from tests.stateful.search.server import Behind, OtherEpoch, Refused

FEW = 2
"""Rows up to which a range is compared row by row, and parts into which a larger one is split."""


class ModelServer(ModelFeed):
    """The whole server."""

    def pull(self, rep: str, cursor: str | None, schema: int, rows: int | None) -> bytes:
        granted, now = list(self.granted(rep, schema)), self.now
        asked = decode_cursor(cursor) if cursor else Cursor(now.epoch)
        held, reset = self.across_epochs(asked, schema)
        if held.seen > now.position:
            raise Behind
        kept = {s: mark for s, mark in held.marks.items() if s in granted and not self.missed(s, mark)}
        page = _Page(self, rows)
        for stream in granted:
            mark = kept.get(stream, Mark(0, now.position))
            offered = self.on_offer(stream) if schema >= SEGMENTS_SINCE and not mark.position else None
            if stream in kept:
                page.marks[stream] = mark
            if stream in now.rows and offered:
                page.offer(offered, mark)
            elif stream in now.rows:
                page.read(stream, mark)
        drop = [] if reset == RESET_EPOCH else sorted(set(asked.marks) - set(kept))
        return page.render(reset, drop)

    def across_epochs(self, asked: Cursor, schema: int) -> tuple[Cursor, str | None]:
        """Return what is left of *asked* in this epoch, and what the page says about it."""
        now = self.now
        if asked.epoch == now.epoch:
            return asked, None
        whole = [s for s, mark in asked.marks.items() if mark.position and mark.position >= mark.as_of]
        marks = {s: Mark(now.position) for s in whole if s in now.rows} if schema >= SEGMENTS_SINCE else {}
        return Cursor(now.epoch, now.position, marks), RESET_REBASE if marks else RESET_EPOCH

    def missed(self, stream: Stream, mark: Mark) -> bool:
        return mark.covered < self.now.floors.get(stream, 0)

    def on_offer(self, stream: Stream) -> Offered | None:
        return next((s for s in self.now.sets if s.stream == stream and not s.retired), None)

    def build(self, stream: Stream, cuts: Sequence[str]) -> None:
        live, starts = self.now.live(stream), ["", *sorted(set(cuts))]
        sheets = []
        for start, end in zip(starts, [*starts[1:], None], strict=True):
            inside = KeyRange(start, end)
            rows = [(key, canonical(record).decode()) for key, record in sorted(live.items()) if key in inside]
            data = encode(stream, inside, rows)
            self.files[name_of(data)] = data
            sheets.append((inside, name_of(data), len(data), len(rows)))
        self.retire(stream)
        self.now.sets = [s for s in self.now.sets if (s.stream, s.position) != (stream, self.now.position)]
        self.now.sets.append(Offered(stream, self.now.position, sheets))

    def retire(self, stream: Stream) -> None:
        for one in self.now.sets:
            one.retired = one.retired or one.stream == stream

    def sweep(self) -> None:
        self.now.sets = [one for one in self.now.sets if not one.retired]
        named = {name for one in self.now.sets for _, name, *_ in one.sheets}
        self.files = {name: data for name, data in self.files.items() if name in named}

    def segment(self, rep: str, name: str, schema: int) -> bytes:
        heard = set(self.granted(rep, SEGMENTS_SINCE))
        found = [one for one in self.now.sets if any(name == other for _, other, *_ in one.sheets)]
        if name not in self.files:
            for one in found:  # a backup may name files that are gone
                one.retired = True
        if name not in self.files or not any(one.stream in heard for one in found):
            raise Refused
        return self.files[name]

    def verify(self, rep: str, question: Mapping[str, Any]) -> bytes:
        cursor, now = decode_cursor(question["cursor"]), self.now
        if cursor.epoch != now.epoch:
            raise OtherEpoch
        if cursor.seen > now.position:
            raise Behind
        answer = _Answer(now, cursor, set(self.granted(rep, question["schema"])))
        if question.get("sums") is not None:
            sums = {_stream(s): Checksum(s["count"], int(s["sum"], 16)) for s in question["sums"]}
            for stream in sorted(sums.keys() | cursor.marks.keys()):
                if answer.stands(stream) and now.checksum(stream) != sums.get(stream, Checksum()):
                    answer.drill(stream, KeyRange())
        for part in question.get("split", []):
            if answer.stands(_stream(part)):
                answer.split(_stream(part), _range(part))
        for part in question.get("rows", []):
            if answer.stands(_stream(part)):
                answer.repair(_stream(part), _range(part), dict(part["rows"]))
        return answer.render()

    def standby(self, dump: State) -> "ModelServer":
        copy = type(self)()
        copy.now, copy.files = dump.copy(), dict(self.files)
        return copy


class _Page:
    """A page under way; *rows* are left for it (None: as many as there are)."""

    def __init__(self, server: ModelServer, rows: int | None) -> None:
        self.now, self.left = server.now, rows if rows is not None else 1_000_000
        self.marks: dict[Stream, Mark] = {}
        self.then: dict[Stream, Mark] = {}
        self.complete = True
        self.changes: list[Any] = []
        self.offers: list[Any] = []

    def offer(self, offered: Offered, mark: Mark) -> None:
        channel, collection = offered.stream
        for within, name, size, rows in offered.sheets:
            self.offers.append(
                {
                    "channel": channel, "collection": collection, "priority": 1, "from": within.start,
                    "to": within.end, "sha256": name, "bytes": size, "rows": rows,
                    "position": offered.position, "url": None,
                }
            )  # fmt: skip
        self.marks[offered.stream] = Mark(0, min(mark.as_of, offered.position))
        self.then[offered.stream] = Mark(offered.position)
        self.complete = False

    def read(self, stream: Stream, mark: Mark) -> None:
        rows = sorted((p, key, r) for key, (p, r) in self.now.rows[stream].items() if p > mark.position)
        sent, self.left = rows[: self.left], max(0, self.left - len(rows))
        if len(sent) == len(rows):
            self.marks[stream] = Mark(self.now.position)
        else:
            self.complete = False
            if sent or mark.position:
                self.marks[stream] = Mark(sent[-1][0] if sent else mark.position, mark.as_of)
        put = [[p, record] for p, _, record in sent if record is not None]
        gone = [[p, key] for p, key, record in sent if record is None]
        if sent:
            self.changes.append({"channel": stream[0], "collection": stream[1], "put": put, "gone": gone})

    def render(self, reset: str | None, drop: list[Stream]) -> bytes:
        now = self.now
        cursor = Cursor(now.epoch, now.position, self.marks)
        then = Cursor(now.epoch, now.position, {**self.marks, **self.then})
        check = Checksum.total(now.checksum(stream) for stream in self.marks).as_wire()
        return dumped(
            {
                "epoch": now.epoch, "cursor": cursor.encode(), "complete": self.complete, "head": now.position,
                "reset": reset, "drop": drop, "changes": self.changes, "segments": self.offers,
                "then": then.encode() if self.then else None, "check": check if self.complete else None,
                "server_time": "2026-11-23T09:00:00Z", "poll_after": 60,
            }
        )  # fmt: skip


class _Answer:
    """The answer to one step of a verification."""

    def __init__(self, now: State, cursor: Cursor, granted: set[Stream]) -> None:
        self.now, self.cursor, self.heard = now, cursor, granted & cursor.marks.keys()
        self.drop: list[Stream] = []
        self.pull_first: list[Stream] = []
        self.ranges: list[Any] = []
        self.repairs: list[Any] = []

    def stands(self, stream: Stream) -> bool:
        """Say whether *stream* can be compared with the device's."""
        if stream not in self.heard:
            self.drop.append(stream)
            return False
        mark = self.cursor.marks[stream]
        behind = mark.position < self.now.head_of(stream) or mark.covered < self.now.floors.get(stream, 0)
        if behind:
            self.pull_first.append(stream)
        return not behind

    def split(self, stream: Stream, within: KeyRange) -> None:
        """Split a range; one that cannot be split would be asked about for ever, so its stream begins again."""
        if sum(key in within for key in self.now.live(stream)) > FEW:
            self.drill(stream, within)
        else:
            self.drop.append(stream)

    def drill(self, stream: Stream, within: KeyRange) -> None:
        keys = sorted(key for key in self.now.live(stream) if key in within)
        middle = keys[len(keys) // 2] if len(keys) > FEW else None
        parts = [KeyRange(within.start, middle), KeyRange(middle, within.end)] if middle else [within]
        for part in parts:
            held = {k: r for k, r in self.now.live(stream).items() if k in part}
            sum = Checksum.of(record_hash(stream[1], key, record) for key, record in held.items())
            self.ranges.append({**_named(stream), "from": part.start, "to": part.end, **sum.as_wire()})

    def repair(self, stream: Stream, within: KeyRange, held: Mapping[str, str]) -> None:
        rows = {
            k: row for k, row in self.now.rows.get(stream, {}).items() if k in within and row[1] is not None
        }
        wrong = {k for k, row in rows.items() if held.get(k) != hash_text(record_hash(stream[1], k, row[1]))}
        put = [list(rows[key]) for key in sorted(wrong)]
        gone = sorted(held.keys() - rows.keys())
        if put or gone:
            self.repairs.append({**_named(stream), "put": put, "gone": gone})

    def render(self) -> bytes:
        named = {s: mark for s, mark in self.cursor.marks.items() if s not in self.drop}
        cursor = None
        if len(named) < len(self.cursor.marks):
            cursor = Cursor(self.cursor.epoch, self.cursor.seen, named).encode()
        found = {"ranges": self.ranges, "repairs": self.repairs, "pull_first": self.pull_first}
        return dumped({"epoch": self.now.epoch, "cursor": cursor, "drop": self.drop, **found})


def _named(stream: Stream) -> dict[str, Any]:
    return {"channel": stream[0], "collection": stream[1]}


def _stream(named: Mapping[str, Any]) -> Stream:
    return named["channel"], named["collection"]


def _range(named: Mapping[str, Any]) -> KeyRange:
    return KeyRange(named["from"], named["to"])
