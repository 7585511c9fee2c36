"""The rules since revision 2, shown to bite on the reference device with one of its parts taken out.

Each part is one that the tiny device does not have in the same form: SQL, files, httpx.
"""

import datetime as dt
import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from sync_protocol.canonical import canonical
from sync_protocol.conformance import segment_rules
from sync_protocol.conformance.device import run_drivers
from sync_protocol.device.driver import Driver
from sync_protocol.device.store import checks, offers, outbox, replica, rows
from sync_protocol.device.store.database import Database
from sync_protocol.device.store.partfile import PartFile
from sync_protocol.device.sync import segments
from sync_protocol.segment import Segment, decode, encode, name_of

Patch = Callable[[pytest.MonkeyPatch], None]


class Local(Driver):
    """The reference device's driver, in this process."""

    def send(self, command: dict[str, Any]) -> dict[str, Any]:
        return self.answer(command)

    def kill(self) -> None:
        self.close()


class Locals:
    """One driver for all."""

    def __init__(self) -> None:
        self._main = Local()

    def main(self) -> Local:
        return self._main

    def another(self) -> Local:
        return Local()


@pytest.fixture
def drivers() -> Iterator[Locals]:
    made = Locals()
    yield made
    made.main().close()


def without_ranges(patch: pytest.MonkeyPatch) -> None:
    build = httpx.Client.build_request

    def plain(self: httpx.Client, *arguments: Any, **options: Any) -> httpx.Request:
        request = build(self, *arguments, **options)
        request.headers.pop("Range", None)
        return request

    patch.setattr(httpx.Client, "build_request", plain)


def believing(patch: pytest.MonkeyPatch) -> None:
    def unchecked(data: bytes, *, sha256: str, most: int) -> Segment:
        return decode(data, sha256=name_of(data), most=most)

    patch.setattr(PartFile, "content", lambda self: self.path.read_bytes())
    patch.setattr(segments, "decode", unchecked)


def without_new_positions(patch: pytest.MonkeyPatch) -> None:
    run = Database.run

    def skip(self: Database, sql: str, *values: Any) -> int:
        return 0 if sql.startswith("UPDATE record SET position") else run(self, sql, *values)

    patch.setattr(Database, "run", skip)


def without_grace(delete: Callable[..., list[str]]) -> Callable[..., list[str]]:
    return lambda db, server_time, grace: delete(db, server_time, dt.timedelta(0))


BROKEN: dict[str, Patch] = {
    "segments": lambda patch: patch.setattr(offers, "finish", lambda db: None),
    "segment-range": without_ranges,
    "segment-gone": lambda patch: patch.setattr(segments, "_IN_RANGE", f"{segments._IN_RANGE} AND 0"),
    "segment-damaged": believing,
    "check": lambda patch: patch.setattr(checks, "matches_server", lambda db: True),
    "check-equal": lambda patch: patch.setattr(checks, "matches_server", lambda db: False),
    "rebase": lambda patch: patch.setattr(replica, "RESET_REBASE", "never"),
    "rebase-positions": without_new_positions,
    "repair-positions": lambda patch: patch.setattr(rows, "OVERRIDE", rows.PUT),
    "due-again": lambda patch: patch.setattr(outbox, "push_all_again", lambda db: None),
    "results-then-reset": lambda patch: patch.setattr(outbox, "push_all_again", lambda db: None),
    "enrol-again": lambda patch: patch.setattr(outbox, "push_all_again", lambda db: None),
    "rebase-due-again": lambda patch: patch.setattr(
        outbox, "NOT_PUSHED_AGAIN", (*outbox.NOT_PUSHED_AGAIN, "accepted")
    ),
    "rebase-not-due-again": lambda patch: patch.setattr(outbox, "NOT_PUSHED_AGAIN", ()),
    "seven-days": lambda patch: patch.setattr(outbox, "delete_final", without_grace(outbox.delete_final)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_kit_names_the_rule_that_a_patched_device_breaks(
    drivers: Locals, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    BROKEN[name](monkeypatch)
    (result,) = run_drivers(drivers, [name])
    assert result.outcome == "fail", f"a device that breaks {name} passes"


def test_the_kits_segment_has_a_column_of_each_form() -> None:
    canonical_rows = [
        (str(record["id"]), canonical(record).decode()) for record in segment_rules.people(1, 2, 3)
    ]
    value = json.loads(
        gzip.decompress(encode(("territory:SE", "customers"), segment_rules.LOW, canonical_rows))
    )
    columns = value["columns"]
    assert set(columns["id"]) == {"shared", "rest"}
    assert columns["kind"] == "organisation|organisation|organisation"
    assert set(columns["addresses"]) == {"lengths", "items"} and set(columns["addresses"]["items"]) == {"table"}
    assert columns["notes"] == ["ring | knock", None, None]
    assert value["absent"] == {"newer": [0, 2]}


def test_a_repair_does_not_excuse_a_page_applied_wrongly(
    drivers: Locals, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = "DELETE FROM record WHERE collection = ?1 AND key = ?2 AND ?3 <> '' AND ?4 > 0"
    monkeypatch.setattr(replica, "_GONE", blind)
    (result,) = run_drivers(drivers, ["move-put-first"])
    assert result.outcome == "fail"
    assert "verification" in result.detail or "missing" in result.detail
