"""The rules since revision 2, shown to bite on the reference device with one of its parts taken out."""

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
from sync_protocol.device.store import checks, offers, replica
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

    def plain(self: httpx.Client, *arguments: Any, **more: Any) -> httpx.Request:
        request = build(self, *arguments, **more)
        request.headers.pop("Range", None)
        return request

    patch.setattr(httpx.Client, "build_request", plain)


def believing(patch: pytest.MonkeyPatch) -> None:
    def unchecked(data: bytes, *, sha256: str, most: int) -> Segment:
        return decode(data, sha256=name_of(data), most=most)

    patch.setattr(PartFile, "content", lambda self: self.path.read_bytes())
    patch.setattr(segments, "decode", unchecked)


BROKEN: dict[str, Patch] = {
    "segments": lambda patch: patch.setattr(offers, "finish", lambda db: None),
    "segment-range": without_ranges,
    "segment-gone": lambda patch: patch.setattr(segments, "_IN_RANGE", f"{segments._IN_RANGE} AND 0"),
    "segment-damaged": believing,
    "check": lambda patch: patch.setattr(checks, "matches_server", lambda db: True),
    "check-equal": lambda patch: patch.setattr(checks, "matches_server", lambda db: False),
    "rebase": lambda patch: patch.setattr(replica, "RESET_REBASE", "never"),
}


def test_there_is_a_broken_device_for_each_rule() -> None:
    assert list(BROKEN) == [rule.name for rule in segment_rules.RULES]


@pytest.mark.parametrize("name", BROKEN)
def test_a_device_without_a_part_is_told_which_rule_it_breaks(
    drivers: Locals, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    BROKEN[name](monkeypatch)
    (verdict,) = run_drivers(drivers, [name])
    assert verdict.outcome == "fail", f"a device that breaks {name} passes"


def test_the_kits_segment_has_a_column_of_each_form() -> None:
    rows = [(str(record["id"]), canonical(record).decode()) for record in segment_rules.people(1, 2, 3)]
    value = json.loads(gzip.decompress(encode(("territory:SE", "customers"), segment_rules.LOW, rows)))
    columns = value["columns"]
    assert set(columns["id"]) == {"shared", "rest"}
    assert columns["kind"] == "organisation|organisation|organisation"
    assert set(columns["addresses"]) == {"lengths", "items"} and set(columns["addresses"]["items"]) == {"table"}
    assert columns["notes"] == ["ring | knock", None, None]
    assert value["absent"] == {"newer": [0, 2]}


def test_a_page_applied_wrongly_is_not_excused_by_being_repaired(
    drivers: Locals, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = "DELETE FROM record WHERE collection = ?1 AND key = ?2 AND ?3 <> '' AND ?4 > 0"
    monkeypatch.setattr(replica, "_GONE", blind)
    (verdict,) = run_drivers(drivers, ["move-put-first"])
    assert verdict.outcome == "fail"
    assert "verification" in verdict.detail or "missing" in verdict.detail
