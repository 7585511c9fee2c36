"""A kind and a collection that only a test declares: list, page and form appear without code in the app."""

import json
import re
from collections.abc import Iterator

import pytest
from marshmallow import fields
from playwright.sync_api import Page, Route, expect

from sync_protocol.catalogue import COLLECTIONS, KINDS
from sync_protocol.channel import everyone
from sync_protocol.collection import BodySchema, Collection, Kind, RecordSchema
from sync_protocol.contract import contract
from sync_protocol.fields import Bounded, Count, Date, Flag, Key, Prose, Quantity, Text
from sync_protocol.presentation import Form, ListView
from sync_protocol.wording import TEXTS, Words
from tests.browser.appearance import check_all
from tests.browser.phone import Phone


class SampleSchema(RecordSchema):
    id = Key(required=True)
    name = Prose(120, required=True)
    shelf = Prose(40, required=True)


class HandoutSchema(BodySchema):
    sample_id = Key(required=True, references="samples")
    given_on = Date(required=True)
    is_gift = Flag(load_default=False)
    remark = Text(200, load_default=None, allow_none=True)


class VisitLineSchema(BodySchema):
    line_no = Count(required=True, least=1, most=100)
    topic = Text(80, required=True)
    minutes = Quantity(required=True, above="0", most="600")


class VisitSchema(HandoutSchema):
    lines = Bounded(fields.Nested(VisitLineSchema), least=1, most=20, required=True)


SAMPLES = Collection(
    name="samples",
    summary="Samples.",
    schema=SampleSchema,
    channel=everyone(),
    priority=1,
    columns=("shelf",),
    view=ListView(title="name"),
)
VISIT = Kind(
    name="visit",
    summary="A visit.",
    schema=VisitSchema,
    order_key=lambda body, rep: rep,
    form=Form(title="sample_id", prefill={"given_on": ("today",), "lines.line_no": ("line_number",)}),
)
WORDS = {
    "collection.samples": ("Samples", "样品"),
    "collection.samples.item": ("Sample", "样品"),
    "kind.visit": ("Visit", "拜访"),
    "field.samples.shelf": ("Shelf", "货架"),
    "field.visit.sample_id": ("Sample", "样品"),
    "field.visit.given_on": ("Given on", "赠送日期"),
    "field.visit.is_gift": ("Gift", "赠品"),
    "field.visit.remark": ("Remark", "说明"),
    "field.visit.lines": ("Topics", "话题"),
    "field.visit.lines.topic": ("Topic", "话题"),
    "field.visit.lines.minutes": ("Minutes", "分钟"),
}
RECORD = {"id": "S1", "name": "Sample of blue paint", "shelf": "Left"}
WITH_RECORD = """async record => {
    const base = document.querySelector("script[type=module]").src.replace("main.js", "");
    const { device, changes } = await import(base + "shell/device.js");
    const call = device.call;
    const isOurs = args => args[0] === "samples";
    const answers = {
        status: async () => {
            const status = await call.status();
            return { ...status, records: { ...status.records, samples: 1 } };
        },
        search: async (...args) => (isOurs(args) ? [record] : call.search(...args)),
        record: async (...args) => (isOurs(args) ? record : call.record(...args)),
    };
    device.call = new Proxy(call, { get: (target, name) => answers[name] ?? target[name] });
    device._notify();
}"""
"""Adds a record to what the replica answers: the server of these tests has no such collection."""


@pytest.fixture
def declaring(rep: Page, connected: Phone, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """The window of a phone whose contract has the declarations above, and whose replica has a record."""
    for key, pair in WORDS.items():
        monkeypatch.setitem(TEXTS, key, Words(*pair))
    declared = contract({**COLLECTIONS, SAMPLES.name: SAMPLES}, {**KINDS, VISIT.name: VISIT})
    assert {each["name"] for each in declared["collections"]} > {"samples"}

    def answer(route: Route) -> None:
        route.fulfill(content_type="application/json", body=json.dumps({**declared, "version": "0" * 16}))

    connected.context.route("**/app/contract.json", answer)
    connected.open()
    expect(rep.get_by_role("button", name="New Visit")).to_be_visible()
    rep.evaluate(WITH_RECORD, RECORD)
    yield rep
    connected.context.unroute("**/app/contract.json")


def test_a_declared_kind_and_collection_appear_without_code(declaring: Page, tools: None) -> None:
    page = declaring
    page.get_by_role("link", name="Samples").click()
    row = page.locator("ul.rows a")
    expect(row).to_contain_text("Left")
    check_all(page, "declared-list")
    row.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(RECORD["name"])
    expect(page.get_by_text("Shelf")).to_be_visible()
    check_all(page, "declared-page")
    page.get_by_role("button", name="New Visit").click()
    expect(page.locator("#sample_id")).to_have_text(RECORD["name"])
    expect(page.get_by_label("Given on")).not_to_have_value("")
    page.get_by_role("button", name="Add a line").click()
    page.get_by_label("Topic").fill("Prices")
    page.get_by_label("Minutes").fill("a while")
    page.get_by_label("Remark").fill("Liked it")
    expect(page.get_by_text("Enter a number, such as 3 or 0.5.")).to_be_visible()
    check_all(page, "declared-form")
    page.get_by_label("Minutes").fill("700")
    page.get_by_label("Remark").focus()
    expect(page.get_by_text("Must be at most 600, not 700")).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page).to_have_url(re.compile("/app/$"))
