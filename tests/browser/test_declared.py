"""A kind and a collection that only a test declares: a real server, its ERP's files, and no code in the app.

A record comes from the ERP's export to the phone, and a document from the phone to the ERP's folder.
"""

import csv
import hashlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import declared_catalogue as declared
from tests.browser.appearance import check_all
from tests.browser.phone import Phone
from tests.browser.steps import connect
from tests.eventually import eventually
from tests.system.scenarios.node import ROOT, Node

ROWS = [("S1", "Sample of blue paint", "Left"), ("S2", "Sample of red paint", "Right")]
REP = "V1"


def export(erp: Path) -> None:
    """Write an export of the samples, as an ERP does."""
    for name in ("to_erp", "acks", "archive", "rejected"):
        (erp / name).mkdir(parents=True)
    folder = erp / "from_erp" / "20261123T090000Z"
    folder.mkdir(parents=True)
    lines = [",".join(declared.SAMPLES_FILE.columns), *(",".join(row) for row in ROWS)]
    data = "".join(f"{line}\n" for line in lines).encode()
    (folder / "samples.csv").write_bytes(data)
    entry = {"rows": len(ROWS), "sha256": hashlib.sha256(data).hexdigest()}
    manifest = {"generated_at": "2026-11-23T09:00:00Z", "files": {"samples.csv": entry}}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def extended(built_app: None, tmp_path: Path) -> Iterator[Node]:
    """A server whose processes all have the declarations, and whose ERP exports samples."""
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "sitecustomize.py").write_text(declared.START)
    export(tmp_path / "erp")
    environ = {
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "start"), str(ROOT)]),
        "SATCHEL_ERP_FOLDER": str(tmp_path / "erp"),
        "SATCHEL_ERP_COLLECTIONS": "samples",
    }
    with Node(tmp_path, environ) as node:
        node.command("init")
        node.command("ingest")
        node.command("rep", "add", REP, "Vera Visit")
        node.start_web()
        yield node


@pytest.fixture
def visitor(browser: Browser, extended: Node) -> Iterator[Page]:
    """The window of a phone that has synced with that server."""
    phone = Phone(browser, extended.url)
    yield connect(phone, extended, REP)
    phone.close()


def choose_language(page: Page, name: str) -> None:
    address = page.url
    page.goto("/app/settings")
    page.locator("select").first.select_option(label=name)
    page.goto(address)


def test_a_declared_kind_and_collection_are_usable_without_code(
    visitor: Page, extended: Node, tmp_path: Path, tools: None
) -> None:
    page = visitor
    page.get_by_role("link", name="Samples").click()
    expect(page.locator("ul.rows a")).to_have_count(2)
    page.get_by_role("searchbox").fill("blue")
    row = page.locator("ul.rows a")
    expect(row).to_have_count(1)
    expect(row).to_have_text(re.compile("Sample of blue paint.*Left", re.DOTALL))
    check_all(page, "declared-list")
    row.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sample of blue paint")
    expect(page.get_by_text("Shelf")).to_be_visible()
    check_all(page, "declared-page")
    choose_language(page, "简体中文")
    expect(page.get_by_text("货架")).to_be_visible()
    page.get_by_role("button", name="新建拜访").click()
    for label in ("赠送日期", "赠品", "说明", "话题"):
        expect(page.get_by_text(label).first).to_be_visible()
    choose_language(page, "English")
    expect(page.locator("#sample_id")).to_have_text("Sample of blue paint")
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
    page.get_by_label("Minutes").fill("12,5")
    page.get_by_label("Remark").focus()
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(re.compile("/app/outbox$"))
    page.get_by_role("link", name="Visit · Sample of blue paint").click()
    expect(page.locator("section[role=status]")).to_contain_text("Queued")
    expect(page.locator("ol.lines li")).to_have_text(re.compile(r"Prices · 12\.5"))
    # A message keeps the language in which it was said.
    expect(page.get_by_text("Saved on this phone.")).to_have_count(0)
    check_all(page, "declared-document")
    assert "1 queued" in extended.command("submissions", "--rep", REP)
    extended.start_worker()
    folder = tmp_path / "erp" / "to_erp"
    eventually(lambda: list(folder.glob("VISIT_*.manifest.json")) != [], "the visit is in the ERP's folder")
    (file,) = folder.glob("VISIT_*.csv")
    (line,) = csv.DictReader(file.read_text("utf-8-sig").splitlines())
    assert (line["sample_id"], line["topic"], line["minutes"]) == ("S1", "Prices", "12.5")
    assert line["remark"] == "Liked it"
