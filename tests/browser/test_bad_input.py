"""Every field of every form takes whatever is pasted into it: the contract says which fields there are.

A value is normalised or has a sentence at its field, nothing is lost, and phone and server agree.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from sync_protocol.catalogue import KINDS
from tests.browser.hostile import HOSTILE, bare, is_kept
from tests.browser.phone import Phone
from tests.browser.site import Site

NUMBERS = ("money", "price", "quantity", "percent", "count")
CAPTURED = [name for name, kind in KINDS.items() if kind.destination == "erp"]
SEARCHED = ("line breaks and tabs", "markup")
DATES = ("0001-01-01", "9999-12-31", "12026-01-01")
IMPORTS = """
    const base = document.querySelector("script[type=module]").src.replace("main.js", "");
    const { device } = await import(base + "shell/device.js");
"""
BEGIN = (
    "async name => {"
    + IMPORTS
    + """
    const { contract } = await import(base + "contract/contract.js");
    const { newBody, startDraft } = await import(base + "form/draft.js");
    const kind = contract.value.kinds.find(each => each.name === name);
    const month = new Date(Date.now() + 3e9).toISOString().slice(0, 7);
    const values = { text: "x", quantity: "1", money: "1", month };
    const fill = async (fields, into) => {
        for (const field of fields) {
            if (into[field.name] || !field.required || field.nullable) continue;
            const [record] = field.references ? await device.call.records(field.references, { limit: 1 }) : [];
            into[field.name] = record ? record.id : (values[field.type] ?? into[field.name]);
        }
        return into;
    };
    const [customer] = await device.call.records("customers", { limit: 1 });
    const given = kind.fields.some(each => each.name === "customer_id") ? { customer_id: customer.id } : {};
    const list = kind.fields.find(each => each.name === kind.lines);
    const line = list && await fill(list.item.fields, { line_no: 1 });
    for (const [path, [source, target]] of Object.entries(kind.options)) {
        const [name, own] = path.split(".");
        if (name !== list?.name) continue;
        const cited = source.split(".")[1];
        const { references } = list.item.fields.find(each => each.name === cited);
        const record = await device.call.record(references, line[cited]);
        const [records, value] = target.split(".");
        line[own] = record[records][0][value];
    }
    if (list) given[list.name] = [line];
    const id = await startDraft(name, await fill(kind.fields, await newBody(name, given)));
    return { id, kind };
}"""
)
"""Stores a draft with all that is required, by the contract alone; returns its id and the kind."""
CHECKED = (
    "async id => {"
    + IMPORTS
    + """
    const { kind, body } = await device.call.draft(id);
    return { kind, body, faults: (await device.call.check(kind, body)).faults.map(each => each.field) };
}"""
)
STORED = (
    "async ([id, path, shown]) => {"
    + IMPORTS
    + """
    const { body } = await device.call.draft(id);
    const value = path.match(/\\w+/g).reduce((all, part) => all?.[part], body);
    return String(value ?? "") === shown;
}"""
)
STAGES = (
    f"async () => {{ {IMPORTS} return (await device.call.documents()).map(each => [each.id, each.stage]); }}"
)
SENT = (
    "async ids => {"
    + IMPORTS
    + """
    const all = (await device.call.documents()).filter(each => ids.includes(each.id));
    return all.every(each => each.stage !== "on_device");
}"""
)
OPEN = "document.querySelectorAll('details').forEach(each => { each.open = true; })"


@pytest.fixture
def unharmed(rep: Page, connected: Phone) -> Iterator[Page]:
    """The window; afterwards no window or worker may have reported an error or an unhandled rejection."""
    before = len(connected.errors)
    yield rep
    assert connected.errors[before:] == []


def paths(kind: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each field of *kind* with its path; those of lines in the first one."""
    for field in kind["fields"]:
        yield field["name"], field
        for each in (field.get("item") or {}).get("fields") or []:
            yield f"{field['name']}[0].{each['name']}", each


def paste(field: Locator, typed: str) -> None:
    field.fill("")
    field.focus()
    field.page.keyboard.insert_text(typed)
    field.blur()


def check_field(page: Page, draft: str, path: str, typed: str, field: dict[str, Any]) -> None:
    """Check what has become of *typed* in the field at *path*."""
    shown = page.locator(f"[id='{path}']").input_value()
    page.wait_for_function(STORED, arg=[draft, path, shown])
    checked = page.evaluate(CHECKED, draft)
    is_faulty = path in checked["faults"]
    what = f"{path}, {typed[:30]!a} became {shown[:30]!a}"
    refused = {fault.field for fault in KINDS[checked["kind"]].form_faults(checked["body"])}
    assert path not in refused or is_faulty, f"{what}: the server refuses what the phone accepts"
    assert is_kept(typed, shown, is_number=field["type"] in NUMBERS), f"{what}: something is lost"
    notes = page.locator(f"[id='{path}-notes'] p.fault")
    if not is_faulty or (not bare(typed) and field["required"]):
        # What is still to be entered is said when the rep saves.
        expect(notes, what).to_have_count(0)
        return
    expect(notes.first, what).to_be_visible()
    sentence = notes.first.inner_text()
    assert re.search(r"\w{2,} \w{2,}", sentence), f"{what}: {sentence!r} is no sentence"
    assert not re.search(r"[a-z]_[a-z]|\{\w+\}|undefined|null|NaN", sentence.replace(shown, "")), sentence


@pytest.mark.parametrize("name", CAPTURED)
def test_each_field_takes_what_is_pasted(unharmed: Page, name: str) -> None:
    page = unharmed
    begun = page.evaluate(BEGIN, name)
    page.goto(f"/app/form/{begun['id']}")
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    page.evaluate(OPEN)
    tried = 0
    for path, field in paths(begun["kind"]):
        place = page.locator(f"[id='{path}']")
        if place.count() == 0 or not place.is_visible():
            continue
        tag, form, style = place.evaluate("each => [each.tagName, each.type, each.className]")
        if tag == "TEXTAREA" or (tag == "INPUT" and form == "text"):
            before = place.input_value()
            for typed in HOSTILE.values():
                paste(place, typed)
                check_field(page, begun["id"], path, typed, field)
            paste(place, before)
        elif tag == "INPUT" and form in ("date", "month"):
            before = place.input_value()
            for typed in DATES:
                place.fill(typed[: len(typed) - 3] if form == "month" else typed)
                place.blur()
                check_field(page, begun["id"], path, place.input_value(), field)
            place.fill(before)
        elif "picker" in style:
            # It searches, as the screen of the search does, whose test has all values.
            place.click()
            for typed in SEARCHED:
                paste(place, HOSTILE[typed])
                expect(place).to_be_visible()
            place.fill("")
            page.locator(".picker-open button.row").first.click()
        else:
            continue
        tried += 1
    assert tried >= 3, f"the form of {name} shows {tried} fields"


def test_each_cell_of_the_forecast_takes_what_is_pasted(unharmed: Page) -> None:
    page = unharmed
    page.goto("/app/new/forecast")
    page.locator("#warehouse_id").click()
    page.locator(".picker-open button.row").first.click()
    page.locator("#forecast-product").click()
    page.locator("#forecast-product").fill("P-0002")
    page.locator(".picker-open button.row").first.click()
    cell = page.locator("td input").last
    label = cell.get_attribute("aria-label")
    for typed in HOSTILE.values():
        paste(cell, typed)
        shown = cell.input_value()
        assert is_kept(typed, shown, is_number=True), f"{label}: {typed!a} became {shown!a}"
        is_number = re.fullmatch(r"\d{1,8}(\.\d{1,6})?", shown) is not None
        notes = page.locator(f"[id='{cell.get_attribute('id')}-notes']")
        if not bare(typed):
            expect(notes, typed[:30]).to_have_text("")
        elif not is_number:
            # A number may be a fault too: not every unit has decimals.
            expect(notes, typed[:30]).to_have_text(re.compile(r"\w{2,} \w{2,}"))


def test_what_the_phone_accepts_the_server_accepts(unharmed: Page) -> None:
    """Documents whose texts are all hostile are sent, and none is refused."""
    page = unharmed
    texts = [typed for typed in HOSTILE.values() if bare(typed) and len(typed) < 60]
    begun = []
    for n, name in enumerate(each for each in CAPTURED if each != "forecast"):
        form = page.evaluate(BEGIN, name)
        page.goto(f"/app/form/{form['id']}")
        expect(page.get_by_role("button", name="Save")).to_be_visible()
        page.evaluate(OPEN)
        for m, (path, field) in enumerate(paths(form["kind"])):
            place = page.locator(f"[id='{path}']")
            if field["type"] == "text" and place.count() and place.is_visible():
                paste(place, texts[(7 * n + m) % len(texts)])
        page.get_by_role("button", name="Save").click()
        expect(page).not_to_have_url(re.compile("/app/form/"))
        begun.append(page.evaluate(STAGES)[-1][0])
    page.goto("/app/outbox")
    page.get_by_role("button", name="Sync now").click()
    page.wait_for_function(SENT, arg=begun)
    stages = dict(page.evaluate(STAGES))
    assert {stages[each] for each in begun} <= {"received", "queued", "awaiting_approval"}


def test_the_reason_of_a_withdrawal_takes_what_is_pasted(unharmed: Page) -> None:
    page = unharmed
    begun = page.evaluate(BEGIN, "order")
    page.goto(f"/app/form/{begun['id']}")
    page.get_by_role("button", name="Save").click()
    expect(page).not_to_have_url(re.compile("/app/form/"))
    page.goto(f"/app/document/{page.evaluate(STAGES)[-1][0]}")
    expect(page.locator("section[role=status]")).to_contain_text("Queued")
    page.get_by_role("button", name="Withdraw").click()
    reason = page.get_by_label("Why?")
    for typed in HOSTILE.values():
        paste(reason, typed)
        assert is_kept(typed, reason.input_value(), is_number=False)
    paste(reason, HOSTILE["5000 characters"])
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator("#ask-notes")).to_have_text(re.compile("400.*5000"))
    expect(reason).to_have_value(HOSTILE["5000 characters"])
    paste(reason, HOSTILE["line breaks and tabs"])
    page.get_by_role("button", name="Send", exact=True).click()
    expect(reason).to_have_count(0)
    page.goto("/app/outbox")
    expect(page.get_by_role("link", name=re.compile("^Withdrawal · Order")).first).to_be_visible()


def test_searches_take_what_is_pasted(unharmed: Page) -> None:
    page = unharmed
    for address in ("/app/search", "/app/list/customers", "/app/record/products/P0001"):
        page.goto(address)
        field = page.get_by_role("searchbox").or_(page.get_by_label("Quantity")).first
        for typed in HOSTILE.values():
            paste(field, typed)
            expect(field).to_be_visible()


@pytest.mark.parametrize(("locale", "thousand"), [("en-GB", "1234"), ("zh-CN", "1234"), ("de-DE", "1.234")])
def test_a_comma_is_read_as_the_phone_writes_it(
    browser: Browser, site: Site, locale: str, thousand: str
) -> None:
    """Only "1,234" can be read in two ways. A point is always a decimal point: the app writes numbers so."""
    phone = Phone(browser, site.url, locale=locale)
    script = """async texts => {
        const base = document.querySelector("script[type=module]").src.replace("main.js", "");
        const { decimal } = await import(base + "form/cleaning.js");
        return texts.map(decimal);
    }"""
    typed = [
        "1,234",
        "1.234",
        "2,5",
        "0,125",
        "1,2345",
        "1.234,5",
        "1,234.5",
        "1,234,567",
        "1 234,5",
        "\u22121",
    ]
    numbers = [thousand, "1.234", "2.5", "0.125", "1.2345", "1234.5", "1234.5", "1234567", "1234.5", "-1"]
    assert phone.open().evaluate(script, typed) == numbers
    phone.close()
