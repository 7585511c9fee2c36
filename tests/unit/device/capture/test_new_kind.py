"""A kind that only the catalogue declares: the device captures, checks, lists, pushes and shows it."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from backend.cli.device.tables import print_records
from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.catalogue.rules import name_of
from sync_protocol.collection import OFFICE, BodySchema, Kind
from sync_protocol.device.capture import forms
from sync_protocol.device.device import Device
from sync_protocol.device.errors import CaptureRefused
from sync_protocol.fields import Key, Text
from tests.unit.device.capture.test_capture import photo
from tests.unit.device.feed_server import FeedServer
from tests.unit.device.test_cli import Run, ready, run

__all__ = ["ready", "run"]


class VisitBodySchema(BodySchema):
    visited = Key(required=True, references="customers")
    summary = Text(400, required=True)
    photo = Text(80, load_default=None, allow_none=True)


VISIT = Kind(
    name="visit",
    summary="A visit.",
    schema=VisitBodySchema,
    order_key=lambda body, rep: f"rep:{rep}",
    title=lambda body, lookup: f"Visit to {name_of(lookup, 'customers', body['visited'])}",
    destination=OFFICE,
)


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, VISIT.name, VISIT)


def test_a_kind_that_only_the_catalogue_declares_is_captured_pushed_and_shown(
    device: Device, server: FeedServer
) -> None:
    picture = photo()
    body = {"visited": "C1", "summary": "Signed", "photo": picture.ref}
    saved = device.capture("visit", body, receipts=[picture])
    assert (saved.title, saved.stage) == ("Visit to Alpha Café", "on_device")
    # The reference that its schema declares puts it on the customer's page.
    assert [document.id for document in device.customer("C1").pending_documents] == [saved.id]
    assert device.customer("C2").pending_documents == []
    report = device.sync()
    assert server.inbox[saved.id]["body"] == body and report.receipts == 1
    server.publish_state(saved.id, state="accepted")
    device.sync()
    (document,) = device.documents()
    # It does not go to the ERP, so accepted does not mean "in the ERP".
    assert document.state_label == "done"


def test_a_kind_that_only_the_catalogue_declares_is_checked_at_capture(device: Device) -> None:
    with pytest.raises(CaptureRefused) as refused:
        device.capture("visit", {"visited": "C9", "summary": "Signed"})
    assert [(fault.code.code, fault.field) for fault in refused.value.faults] == [("unknown_record", "visited")]
    with pytest.raises(CaptureRefused) as refused:
        device.capture("visit", {"visited": "C1"})
    assert [(fault.code.code, fault.field) for fault in refused.value.faults] == [("field_missing", "summary")]


def test_any_kind_is_captured_at_a_terminal_from_its_body(
    ready: Run, server: FeedServer, tmp_path: Path
) -> None:
    body = tmp_path / "visit.json"
    body.write_text(json.dumps({"visited": "C1", "summary": "Signed"}))
    assert "Visit to Alpha Café" in ready("capture", "visit", "--file", str(body)).output
    assert re.search(r"Visit to Alpha Café .* on this device", ready("outbox").output)
    ready("sync")
    assert [document["kind"] for document in server.inbox.values()] == ["visit"]
    assert (
        "unknown kind 'vsit'; choose one of" in ready("capture", "vsit", "--file", str(body), fails=True).output
    )


def test_the_editor_starts_with_every_field_of_the_kind() -> None:
    assert forms.blank("visit") == {"visited": None, "summary": None, "photo": None}
    order = forms.blank("order")
    assert order["customer_id"] is None and set(order["lines"][0]) >= {"product_id", "quantity", "unit"}
    assert forms.blank("expense_claim")["lines"][0]["receipts"] == []


@pytest.mark.parametrize(("columns", "expected"), [((), ["id", "name", "status"]), (("status",), ["status"])])
def test_a_collection_is_shown_with_the_columns_that_it_declares(
    columns: tuple[str, ...],
    expected: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without columns, with the first fields of its records, also if only a newer server declares it."""
    if columns:
        declared = replace(COLLECTIONS["units"], name="visits", columns=columns)
        monkeypatch.setitem(COLLECTIONS, declared.name, declared)
    print_records("visits", [{"id": "V1", "name": "Anna", "status": "done"}], "UTC")
    heading = capsys.readouterr().out.splitlines()
    assert any(line.replace("│", " ").replace("┃", " ").split() == expected for line in heading)
