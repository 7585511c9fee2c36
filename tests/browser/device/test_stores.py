"""What browsers do to stored data, and what the device does about it."""

import base64
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from backend.sync.unsent_import import read_export
from backend.webapp.builder.paths import APP
from tests.browser.device.conftest import Pages

LAYOUTS = sorted((Path(__file__).parent / "layouts").glob("*.json"))
"""The outbox as each released app wrote it; a new layout of an item adds a file, and no file is ever
changed.
"""
SESSION = {
    "server": "https://x.test", "issuer": "x", "device_id": "D1", "rep": "R1", "rep_name": "Ana", "company":
    "X", "key": "key-1", "access_token": None, "access_until": 0, "refresh_token": "r", "enrolment": "E1",
}  # fmt: skip
OPEN = """async session => {
    globalThis.device = new m.Device({ suffix: "-stores", zone: "UTC" });
    await device.stores.outbox.write(t => m.outboxDatabase.writeJson(t, "session", "current", session));
    await device.start();
}"""


@pytest.fixture
def enrolled(page: Page) -> Page:
    """A page with an enrolled `device` that has never synced."""
    page.evaluate(OPEN, SESSION)
    return page


def capture(page: Page, **more: Any) -> str:
    return str(page.evaluate("more => device.capture({ kind: 'order', body: { n: 1 }, ...more })", more))


def test_there_is_a_file_of_the_layout_of_today(page: Page) -> None:
    versions = [json.loads(path.read_text())["versions"] for path in LAYOUTS]
    assert page.evaluate("() => m.outboxDatabase.VERSIONS") == versions[-1], "add a file to layouts/"


@pytest.mark.parametrize("path", LAYOUTS, ids=lambda path: path.stem)
def test_this_app_opens_the_outbox_of_every_released_app(page: Page, path: Path) -> None:
    """Written by plain IndexedDB, as that app left it; read by the modules of today."""
    layout = json.loads(path.read_text())
    result = page.evaluate(
        """async layout => {
            const name = "satchel-outbox-released";
            await new Promise((resolve, reject) => {
                const request = indexedDB.open(name, layout.database_version);
                request.onupgradeneeded = () => {
                    const database = request.result;
                    for (const name of layout.stores) database.createObjectStore(name, { keyPath: "key" });
                };
                request.onerror = () => reject(request.error);
                request.onsuccess = () => {
                    const transaction = request.result.transaction("item", "readwrite");
                    for (const { key, version, base64 } of layout.items) {
                        transaction.objectStore("item").put({ key, version, bytes: m.bytes(base64) });
                    }
                    transaction.oncomplete = () => { request.result.close(); resolve(); };
                };
            });
            const device = new m.Device({ suffix: "-released" });
            const due = await device.stores.outbox.read(t => m.outbox.dueDocuments(t, "R1"));
            const photo = await device.stores.outbox.read(t =>
                m.outboxDatabase.readBytes(t, "photo", layout.photo.sha256));
            const drafts = await device.drafts();
            return {
                rep: (await device.identity()).rep,
                due: due.map(({ id, sha256, frozen }) => [id, sha256, new TextDecoder().decode(frozen)]),
                photo: m.sha.sha256(photo),
                drafts: drafts.map(({ kind, body }) => [kind, body]),
                stages: (await device.documents()).map(({ id, stage }) => [id, stage]),
                syncs: (await device.diagnostics()).syncs.length,
            };
        }""",
        layout,
    )
    assert result == layout["read"] | {"photo": layout["photo"]["sha256"]}


def test_a_newer_layout_is_refused_and_not_overwritten(enrolled: Page) -> None:
    outcome = enrolled.evaluate(
        """async () => {
            await device.stores.outbox.write(t =>
                t.objectStore("item").put({ key: "draft/x", version: 99, bytes: new Uint8Array([1]) }));
            const read = await m.outcome(() => device.drafts());
            const kept = await device.stores.outbox.read(t => t.objectStore("item").get("draft/x"));
            return { code: read.error.code, version: kept.version };
        }"""
    )
    assert outcome == {"code": "newer_layout", "version": 99}


def test_a_database_that_the_system_closes_is_opened_again(enrolled: Page) -> None:
    """A phone closes databases while the app sleeps: a list is never empty because of it."""
    id = capture(enrolled)
    enrolled.evaluate(
        """async () => {
            for (const d of [device.stores.outbox, device.stores.replica]) (await d._open()).close();
        }"""
    )
    assert enrolled.evaluate("async () => (await device.documents()).map(d => d.id)") == [id]
    enrolled.evaluate("async () => (await device.stores.outbox._open()).close()")
    second = capture(enrolled)
    assert enrolled.evaluate("async () => (await device.documents()).map(d => d.id)") == [id, second]


def test_a_database_that_stays_closed_is_an_error_and_no_empty_list(enrolled: Page) -> None:
    capture(enrolled)
    outcome = enrolled.evaluate(
        """async () => {
            device.stores.outbox._open = async () => ({
                objectStoreNames: ["item"],
                close() {},
                transaction() {
                    throw new DOMException("Connection to Indexed Database server lost", "UnknownError");
                },
            });
            return m.outcome(() => device.documents());
        }"""
    )
    assert outcome["error"]["code"] == "database_closed"


def test_a_full_disk_stores_nothing_and_keeps_the_draft(enrolled: Page) -> None:
    """The quota ends in the middle of a capture: its document, its photo and the end of its draft, or none."""
    result = enrolled.evaluate(
        """async () => {
            const photo = { bytes: new TextEncoder().encode("%PDF-1.4 x"), filename: "x.pdf" };
            const draft = { kind: "order", body: { n: 2 }, route: "/order/1", photos: [], supersedes: null };
            await device.saveDraft("1", draft);
            const put = IDBObjectStore.prototype.put;
            IDBObjectStore.prototype.put = function (value, ...more) {
                if (!String(value.key).startsWith("processing/")) return put.call(this, value, ...more);
                throw new DOMException("no room", "QuotaExceededError");
            };
            const outcome = await m.outcome(() =>
                device.capture({ kind: "order", body: { n: 2 }, photos: [photo], draft: "1" }));
            IDBObjectStore.prototype.put = put;
            const items = await device.stores.outbox.read(t => t.objectStore("item").getAllKeys());
            return { code: outcome.error.code, items };
        }"""
    )
    assert result["code"] == "disk_full"
    assert [key for key in result["items"] if key.split("/")[0] in ("document", "processing", "photo")] == []
    assert "draft/1" in result["items"]


def test_a_captured_document_takes_the_place_of_its_draft(enrolled: Page) -> None:
    result = enrolled.evaluate(
        """async () => {
            const photo = { bytes: new TextEncoder().encode("%PDF-1.4 y"), filename: "y.pdf" };
            const draft = { kind: "expense_claim", body: {}, route: "/claim/1", photos: [], supersedes: null };
            const [sha256] = await device.saveDraft("1", draft, [photo]);
            const body = { p: `sha256:${sha256}` };
            const id = await device.capture({ kind: "expense_claim", body, draft: "1" });
            const [one] = await device.documents();
            const { deletions } = await device.diagnostics();
            return { ids: one.id === id, photos: one.photos.length, drafts: await device.drafts(), deletions };
        }"""
    )
    assert (result["ids"], result["photos"], result["drafts"]) == (True, 1, [])
    assert [(d["why"], d["what"], d["count"]) for d in result["deletions"]] == [("draft_saved", "drafts", 1)]


def test_a_receipt_that_is_not_on_the_phone_is_a_fault(enrolled: Page) -> None:
    outcome = enrolled.evaluate(
        """() => m.outcome(() => {
            const body = { p: `sha256:${'0'.repeat(64)}` };
            return device.capture({ kind: 'expense_claim', body });
        })"""
    )
    assert [fault["code"] for fault in outcome["error"]["faults"]] == ["receipt_required"]
    assert enrolled.evaluate("() => device.documents()") == []


def test_a_file_that_is_no_receipt_is_refused(enrolled: Page) -> None:
    for data, code in ((b"<html>", "receipt_type"), (b"GIF89a", "receipt_type")):
        outcome = enrolled.evaluate(
            "data => m.outcome(async () => m.photos.photoOf(m.bytes(data), 'x'))",
            base64.b64encode(data).decode(),
        )
        assert outcome["error"]["code"] == code
    large = enrolled.evaluate(
        """() => m.outcome(async () => {
            const bytes = new Uint8Array(m.limits.LIMITS.receipt_bytes + 1);
            bytes.set([0xff, 0xd8, 0xff]);
            return m.photos.photoOf(bytes, "x.jpg");
        })"""
    )
    assert large["error"]["code"] == "receipt_too_large"


def test_the_export_is_read_by_the_server(enrolled: Page, tmp_path: Path) -> None:
    """A zip of our own writer, read by `satchel import-unsent`: the frozen bytes and the receipt, also signed
    out.
    """
    id = enrolled.evaluate(
        """() => device.capture({
            kind: "expense_claim", body: { p: `sha256:${m.sha.sha256("%PDF-1.4 z")}` },
            photos: [{ bytes: new TextEncoder().encode("%PDF-1.4 z"), filename: "ü.pdf" }],
        })"""
    )
    packed = enrolled.evaluate("async () => m.base64url.base64((await device.exportUnsent()).bytes)")
    (tmp_path / "unsent.zip").write_bytes(base64.b64decode(packed))
    export = read_export(tmp_path / "unsent.zip")
    assert (export.rep, export.device, [document["id"] for document in export.documents]) == ("R1", "D1", [id])
    enrolled.evaluate("() => device.signOut()")
    signed_out = enrolled.evaluate("async () => m.base64url.base64((await device.exportUnsent()).bytes)")
    (tmp_path / "signed-out.zip").write_bytes(base64.b64decode(signed_out))
    assert read_export(tmp_path / "signed-out.zip").rep == "R1"
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))) as archive:
        assert archive.testzip() is None
        (document,) = json.loads(archive.read("documents.json"))
        assert document["id"] == id
        assert json.loads(archive.read("about.json")) == {"rep": "R1", "device": "D1"}
        (receipt,) = [name for name in archive.namelist() if name.startswith("receipts/")]
        assert archive.read(receipt) == b"%PDF-1.4 z"


def test_signing_out_keeps_what_is_not_sent(enrolled: Page) -> None:
    id = capture(enrolled)
    enrolled.evaluate("() => device.signOut()")
    assert enrolled.evaluate("() => device.identity()") is None
    assert enrolled.evaluate("async () => (await device.documents()).map(d => d.id)") == [id]
    assert enrolled.evaluate("async () => (await device.exportUnsent()).count") == 1


def test_a_wrong_clock_is_corrected_by_the_server_s(enrolled: Page) -> None:
    """Three years behind, and three years ahead; a clock that is right within minutes is used as it is."""
    for years in (-3, 3):
        result = enrolled.evaluate(
            """async years => {
                const server = Date.UTC(2026, 10, 23, 9);
                let wall = server + years * 365 * 86400000;
                const zone = "Europe/Berlin";
                const device = new m.Device({ suffix: `-clock${years}`, wall: () => wall, zone });
                await device.clock.noteReply({ server_time: new Date(server).toISOString() }, "");
                wall += 3600000;
                const { shown } = await device.clock.warning();
                const now = await device.clock.now() - server;
                return { now, shown: shown === wall, today: await device.today() };
            }""",
            years,
        )
        assert result == {"now": 3_600_000, "shown": True, "today": "2026-11-23"}
    assert (
        enrolled.evaluate("() => m.clock.trueTime({ server: 1e12, device: 1e12 }, 1e12 + 60000)")
        == 1e12 + 60000
    )


def test_only_one_module_deletes(pages: Pages) -> None:
    """Every deletion on the phone goes through `store/deletions.js`, which says why, how many and at which
    cursor.
    """
    deleting = re.compile(
        r"objectStore\([^)]*\)\s*\.(?:delete|clear)\(|objects\.(?:delete|clear)\(|deleteDatabase\("
    )
    modules = {
        path.relative_to(APP / "device").as_posix(): path.read_text() for path in (APP / "device").rglob("*.js")
    }
    assert [name for name, text in modules.items() if deleting.search(text)] == ["store/deletions.js"]
    others = re.compile(r"\.(delete|clear)\(")
    allowed = {
        "capture",
        "store/rows.js",
        "store/parts.js",
        "sync/download.js",
        "search/index.js",
        "remote.js",
        "segment.js",
    }
    deletes_too = {name for name, text in modules.items() if others.search(text)} - {"store/deletions.js"}
    assert deletes_too <= allowed, (
        "Maps, Sets and parts have `delete` too; look whether this one deletes stored data"
    )
    page = pages()
    # And nothing else can: a cursor of IndexedDB deletes as well.
    assert all("openCursor" not in text for text in modules.values())
    assert page.evaluate("() => typeof m.deletions.deleteRecorded") == "function"
