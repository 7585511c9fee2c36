"""`satchel device …` at a terminal."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.cli.device import capture, tables
from backend.cli.device import group as device_cli
from backend.clock import ManualClock
from sync_protocol.conformance.http_server import Reply, Request, problem
from sync_protocol.conformance.scripted_server import CODE, ISSUER
from sync_protocol.device.device import Device
from tests.unit.device import company
from tests.unit.device.capture.test_capture import photo
from tests.unit.device.feed_server import FeedServer

Run = Callable[..., Result]


@pytest.fixture
def run(server: FeedServer, folder: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on the device's folder, against the scripted server."""

    def opened(where: Path) -> Device:
        return Device(
            where, http=server.network, now=clock.now, sleep=lambda seconds: None, zone="Europe/Berlin"
        )

    monkeypatch.setattr(device_cli, "open_device", opened)
    monkeypatch.setattr(capture, "open_device", opened)
    monkeypatch.setattr(tables.console, "_width", 200)

    def command(*arguments: str, fails: bool = False) -> Result:
        result = CliRunner().invoke(device_cli.device_group, ["--folder", str(folder), *arguments])
        assert (result.exit_code != 0) == fails, result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return command


@pytest.fixture
def ready(run: Run) -> Run:
    run("enrol", CODE, "--server", ISSUER)
    assert "records" in run("sync").output
    return run


def test_enrol_and_sync_say_what_happened_and_what_is_next(run: Run) -> None:
    assert "Not enrolled" in run("status").output
    assert "Next: satchel device sync" in run("enrol", CODE, "--server", ISSUER).output
    assert "Never synced" in run("status").output
    assert "received" in run("sync").output
    assert "Nothing new." in run("sync").output
    assert re.search(r"customers .* 2 .* 2026-11-23 09:00 CET", run("status", "--check").output)


def test_a_wrong_code_is_one_sentence(run: Run) -> None:
    output = run("enrol", "WRONG", "--server", ISSUER, fails=True).output
    assert output.startswith("Error: ") and "Traceback" not in output


def test_an_order_is_captured_offline_and_sent_with_the_next_sync(ready: Run, server: FeedServer) -> None:
    server.network.offline = True
    saved = ready(
        "order", "--customer", "alpha", "--line", "pencil:12", "--line", "P1:2:box:17.50", "--po", "PO 7"
    )
    assert "Saved" in saved.output
    assert "next sync sends it" in ready("outbox").output
    assert "Nothing is lost" in ready("sync", "--tries", "1", fails=True).output
    server.network.offline = False
    assert "1 received" in ready("sync").output
    (document,) = server.inbox.values()
    assert [line["unit_price"] for line in document["body"]["lines"]] == ["1.50", "17.50"]
    assert document["body"]["customer_reference"] == "PO 7"
    assert "waiting for the ERP" in ready("outbox").output


def test_a_forecast_is_captured(ready: Run) -> None:
    assert "Saved" in ready("forecast", "--warehouse", "main", "--period", "2026-12", "--line", "P1:40").output
    assert "Forecast 2026-12" in ready("outbox").output


def test_a_claim_is_captured_with_a_receipt_for_each_line(
    ready: Run, server: FeedServer, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jpg").write_bytes(photo(name).data)
    first, second = tmp_path / "a.jpg", f"2={tmp_path / 'b.jpg'}"
    lines = ("--line", "meals:42.00:Lunch: two people:2026-11-20", "--line", "meals:30:Dinner")
    purpose = ("--purpose", "Fair: day 1", "--customer", "C1")
    ready("claim", *purpose, *lines, "--receipt", str(first), "--receipt", second)
    assert "2 receipts sent" in ready("sync").output
    (document,) = server.inbox.values()
    lunch, dinner = document["body"]["lines"]
    assert (lunch["description"], lunch["date"]) == ("Lunch: two people", "2026-11-20")
    assert lunch["receipts"] == [photo("a").ref] and photo("b").ref in dinner["receipts"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("order", "--customer", "C9", "--line", "P1:1"), "no customer 'C9'"),
        (("order", "--customer", "C1", "--line", "P1"), "PRODUCT:QTY"),
        (("order", "--customer", "C1", "--line", "P1:0.5"), "line 1, quantity: "),
        (("order", "--customer", "C1", "--line", "P2:1:pc:1.00"), "not for sale"),
        (("claim", "--purpose", "x", "--customer", "C1", "--line", "meals:42.00:Lunch"), "needs a receipt"),
        (("claim", "--purpose", "x", "--line", "meals:5:Tea"), "name the customer or the project"),
        (("claim", "--purpose", "x", "--line", "meals:5"), "CATEGORY:AMOUNT:DESCRIPTION"),
        (("claim", "--purpose", "x", "--line", "meals:5:Tea", "--receipt", "none.jpg"), "cannot be read"),
        (("show", "customers", "C9"), "no customer 'C9'"),
        (("dismiss", "01ARZ3NDEKTSV4RRFFQ69G5FAV"), "no document"),
    ],
)
def test_a_wrong_argument_gets_a_plain_message_and_stores_nothing(
    ready: Run, arguments: tuple[str, ...], message: str
) -> None:
    output = ready(*arguments, fails=True).output
    assert message in output and "Traceback" not in output
    assert "The outbox is empty." in ready("outbox").output


def test_lists_customers_and_products_are_readable(ready: Run) -> None:
    assert "Alpha Café" in ready("list", "customers", "--match", "cafe").output
    assert "There are more" in ready("list", "customers", "--limit", "1").output
    assert '"currency": "EUR"' in ready("show", "customers", "C1").output
    assert "Ann" in ready("customer", "N-C1").output
    assert re.search(r"SKU-P1 .* 1\.50 EUR .* W1 8", ready("products", "pencil", "--customer", "C1").output)


def test_a_refused_document_shows_why_and_can_be_put_aside(ready: Run, server: FeedServer) -> None:
    fault = {"code": "field_invalid", "field": "lines[0]", "message": "is [wrong]"}
    ready("order", "--customer", "C1", "--line", "P1:1")
    match = re.search(r"[0-9A-Z]{26}", ready("outbox").output)
    assert match is not None
    id = match[0]
    server.results[id] = {"id": id, "status": "refused", "state": None, "sha256": None, "errors": [fault]}
    assert "line 1: is [wrong]" in ready("sync").output
    assert "line 1: is [wrong]" in ready("outbox").output
    assert "dismissed" in ready("dismiss", id).output


def test_a_revoked_device_says_where_the_unsent_documents_are(
    ready: Run, server: FeedServer, folder: Path
) -> None:
    ready("order", "--customer", "C1", "--line", "P1:1")
    server.revoked = True
    output = ready("sync", fails=True).output.replace("\n", "")
    assert "revoked" in output and "unsent-" in output
    assert len(list(folder.glob("unsent-*.zip"))) == 1


def test_status_check_reports_damage(ready: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(photo().data)
    ready(
        "claim",
        "--purpose",
        "x",
        "--project",
        "y",
        "--line",
        "meals:42:Lunch",
        "--receipt",
        str(tmp_path / "a.jpg"),
    )
    (folder / "receipts" / photo().sha256).write_bytes(b"bit rot")
    assert "differs from the captured file" in ready("status", "--check", fails=True).output


def test_watching_continues_through_failures(
    ready: Run, server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.once("/v1/pull", lambda request: problem(503, "unavailable", retry_after=5))
    reports = 0

    def stop_after_three(report: object) -> None:
        nonlocal reports
        reports += 1
        if reports == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(tables, "print_report", stop_after_three)
    assert "Aborted" in ready("sync", "--watch", fails=True).output


def test_a_first_sync_by_segments_says_when_the_device_can_be_used_and_that_it_is_verified(
    run: Run, server: FeedServer
) -> None:
    server.feed.build_in_segments(("territory:NW", "customers"), 1)
    run("enrol", CODE, "--server", ISSUER)
    output = run("sync").output
    assert "the device can be used" in output and "Verified" in output
    assert re.search(r"Last verified [^;]*$", run("status").output)


def test_a_download_that_was_cut_is_shown_and_continues(run: Run, server: FeedServer) -> None:
    server.feed.build_in_segments(("territory:NW", "customers"), 1)
    run("enrol", CODE, "--server", ISSUER)
    fetched = 0

    def second_is_busy(request: Request) -> Reply | None:
        nonlocal fetched
        fetched += "segments" in request.path
        return problem(503, "unavailable") if fetched == 2 else None

    server.override = second_is_busy
    assert "run it again to continue" in run("sync", "--tries", "1", fails=True).output
    assert re.search(r"Download: 1 of 2 records", run("status").output)
    server.override = None
    assert "Verified" in run("sync").output


def test_an_altered_record_is_reported_and_repaired(ready: Run, folder: Path) -> None:
    def alter() -> None:
        with Device(folder) as device:
            device.db.run("UPDATE record SET body = replace(body, 'Alpha', 'Omega') WHERE key = 'C1'")

    alter()
    assert "altered on this device: 1;" in ready("status", "--check").output
    assert "the next sync repairs" in ready("status", "--check").output
    assert "1 records replaced" in ready("sync").output
    assert "altered" not in ready("status", "--check").output
    alter()
    assert "altered on this device: 1." in ready("verify").output
    assert "Alpha" in ready("customer", "C1").output


def test_verify_that_cannot_compare_fails(ready: Run, server: FeedServer, folder: Path) -> None:
    with Device(folder) as device:
        device.db.run("UPDATE record SET body = replace(body, 'Alpha', 'Omega') WHERE key = 'C1'")
    server.override = lambda request: problem(503, "unavailable") if "verify" in request.path else None
    assert "verification did not succeed" in ready("verify", "--tries", "1", fails=True).output


def test_what_the_rep_should_know_is_said_in_plain_words_with_saved(ready: Run, server: FeedServer) -> None:
    server.feed.put("territory:NW", "customers", "C1", company.customer("C1", "Alpha Café", block_order=True))
    expired = company.price_list("L1") | {"name": "Trade", "valid_to": "2026-06-30"}
    server.feed.put("everyone", "price_lists", "L1", expired)
    ready("sync")
    blocked = "Note: Alpha Café is blocked for orders; the order will wait until somebody in the ERP decides"
    old_prices = "Note: the prices are from Trade, which was valid until 2026-06-30"
    searched = ready("products", "pencil", "--customer", "C1").output
    assert blocked in searched and old_prices in searched
    saved = ready("order", "--customer", "C1", "--line", "pencil:12", "--line", "pencil:1:pc:0").output
    assert "Saved" in saved and blocked in saved and old_prices in saved
    assert "Note: line 2: the price of Pencil is 0" in saved
    assert "note: line 2: the price of Pencil is 0" in ready("outbox").output


def test_warnings_of_the_server_are_said_after_the_sync(ready: Run, server: FeedServer, folder: Path) -> None:
    ready("order", "--customer", "C1", "--line", "pencil:12")
    warning = {
        "code": "customer_blocked",
        "field": "customer_id",
        "message": "Alpha Café is blocked for orders",
    }
    with Device(folder) as device:
        [document] = device.documents()
    server.results[document.id] = {
        "id": document.id, "status": "received", "state": "queued", "sha256": document.sha256, "errors": [],
        "warnings": [warning],
    }  # fmt: skip
    assert "Alpha Café is blocked" in ready("sync").output


def test_a_wrong_clock_is_said_at_capture_sync_and_status(ready: Run, clock: ManualClock) -> None:
    assert "clock" not in ready("status").output
    clock.advance(days=5 * 365)
    sentence = "Note: This device's clock is wrong: it shows 2031-11-22 09:00 UTC"
    assert sentence in ready("sync").output
    assert sentence in ready("status").output
    assert sentence in ready("order", "--customer", "C1", "--line", "pencil:12").output
