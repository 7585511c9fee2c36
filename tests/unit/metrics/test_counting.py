"""What one process counts: requests, results, pages, and what the ERP makes of documents."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend import metrics
from backend.clock import ManualClock
from backend.database.core import Sessions
from backend.metrics.metric import Counter
from backend.settings import SettingError, Settings, read_settings
from backend.sync.page import etag_of
from tests.unit.api.installation import Installation, Phone, install
from tests.unit.delivery.inbox_fixture import InboxFixture
from tests.unit.delivery.recording_erp import RecordingErp
from tests.unit.metrics.change import Change
from tests.unit.sync.company import customer, order_body, say, submission

ID = "01KBR9Z8Q5T00000000000{:04}"


@pytest.fixture
def installation(tmp_path: Path, clock: ManualClock) -> Iterator[Installation]:
    with install(read_settings({"SATCHEL_FOLDER": str(tmp_path / "instance")}), clock) as installation:
        yield installation


@pytest.fixture
def phone(installation: Installation) -> Phone:
    return installation.phone()


def test_push_results_are_counted_by_status(phone: Phone) -> None:
    pushes, results = Change(metrics.PUSHES), Change(metrics.PUSH_RESULTS)
    received, other = (
        submission(ID.format(1), order_body()),
        submission(ID.format(1), order_body(reference="other")),
    )
    rejected = submission(ID.format(2), order_body(customer_id="nobody"))
    assert phone.push(received, rejected).status_code == 200
    assert phone.push(received).status_code == 200
    assert phone.push(other).status_code == 200
    assert phone.push().status_code == 200
    assert pushes() == {(): 3}
    assert results() == {("received",): 1, ("refused",): 1, ("duplicate",): 1, ("quarantined",): 1}


def test_pages_rows_and_bytes_are_counted(installation: Installation, phone: Phone) -> None:
    pages, rows, size = Change(metrics.PAGES), Change(metrics.PAGE_ROWS), Change(metrics.PAGE_BYTES)
    page = phone.pull()
    put = sum(len(change["put"]) for change in page.json["changes"])
    assert pages() == {("changes",): 1} and rows() == {(): put} and size() == {(): len(page.data)}
    cursor = page.json["cursor"]
    assert phone.pull(cursor).status_code == 200
    assert phone.pull(cursor, headers={"If-None-Match": f'W/"{etag_of(cursor)}"'}).status_code == 304
    say(installation.sessions, customer("C1", "NW", name="New"))
    phone.pull(cursor)
    assert pages() == {("changes",): 2, ("idle",): 1, ("unchanged",): 1}
    assert rows() == {(): put + 1}


def test_requests_are_counted_by_route_and_never_by_path(installation: Installation, phone: Phone) -> None:
    requests, problems = Change(metrics.HTTP_REQUESTS), Change(metrics.HTTP_PROBLEMS)
    seconds = Change(metrics.HTTP_SECONDS)
    for n in range(20):
        installation.client.get(f"/secret/{n}")
        phone.ask("GET", f"/v1/segments/{n:064}")
    installation.client.open("/livez", method="BREW")
    installation.client.get("/livez")
    assert requests() == {
        ("GET", "none", "404"): 20,
        ("GET", "/v1/segments/<sha256>", "404"): 20,
        ("other", "none", "405"): 1,
        ("GET", "/livez", "200"): 1,
    }
    assert seconds() == {("none",): 21, ("/v1/segments/<sha256>",): 20, ("/livez",): 1}
    assert problems()[("not_found",)] == 40


def test_a_fleet_of_devices_makes_no_more_series(installation: Installation) -> None:
    installation.phone().pull()
    before = {metric.name: len(metric.samples()) for metric in metrics.METRICS}
    devices = []
    for n in range(12):
        phone = installation.phone("R2" if n % 2 else "R1")
        phone.pull()
        phone.push(submission(ID.format(100 + n), order_body()))
        devices.append(phone.device_id)
    after = {metric.name: len(metric.samples()) for metric in metrics.METRICS}
    grown = {name for name in after if after[name] > before[name]}
    assert grown <= {"satchel_http_requests_total", "satchel_http_request_duration_seconds"}
    labels = str([[*metric.samples()] for metric in metrics.METRICS])
    assert not [device for device in devices if device in labels]
    assert "/v1/push" in labels


def test_labels_beyond_the_limit_are_counted_as_other() -> None:
    counter = Counter("satchel_test_total", "A mistake.", ("device",), most=5)
    for n in range(100):
        counter.labels(f"D{n}").inc()
    assert counter.samples() == {**{(f"D{n}",): 1 for n in range(5)}, ("other",): 95}


@pytest.mark.parametrize(
    ("mode", "outcome", "state"),
    [
        ("refuse", "reject_rep", "rejected"),
        ("503", "transient", "queued"),
        ("timeout", "unknown", "unknown"),
        ("", "answered", "accepted"),
    ],
)
def test_attempts_are_counted_by_outcome_and_connector(
    sessions: Sessions,
    clock: ManualClock,
    settings: Settings,
    tmp_path: Path,
    mode: str,
    outcome: str,
    state: str,
) -> None:
    inbox = InboxFixture(sessions, clock, settings, RecordingErp(tmp_path / "erp"))
    attempts, settled, calls = (Change(m) for m in (metrics.ATTEMPTS, metrics.SETTLED, metrics.ERP_CALLS))
    if mode:
        inbox.erp.script("create", mode)
    inbox.capture()
    assert inbox.forward_one() == 1
    assert settled() == {(state,): 1}
    assert calls()[("recording", "create", outcome)] == 1
    assert calls()[("recording", "find", "answered")] == 1
    assert sum(attempts().values()) == sum(calls().values())
    assert attempts()[("recording", outcome)] >= 1


def test_an_exception_of_a_connector_counts_as_an_unknown_outcome(
    sessions: Sessions, clock: ManualClock, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = InboxFixture(sessions, clock, settings, RecordingErp(tmp_path / "erp"))
    monkeypatch.setattr(inbox.erp, "create", lambda document: 1 / 0)
    calls = Change(metrics.ERP_CALLS)
    inbox.capture()
    inbox.forward_one()
    assert calls()[("recording", "create", "unknown")] == 1


@pytest.mark.parametrize("address", [":9464", "9464", "127.0.0.1", "127.0.0.1:0", "::1:9464", "127.0.0.1:x"])
def test_an_address_says_host_and_port(address: str) -> None:
    with pytest.raises(SettingError, match="SATCHEL_METRICS_ADDRESS"):
        read_settings({"SATCHEL_METRICS_ADDRESS": address})


@pytest.mark.parametrize("address", ["", "127.0.0.1:9464", "[::1]:9464", "metrics.internal:9464"])
def test_an_address_is_used_unchanged(address: str) -> None:
    assert read_settings({"SATCHEL_METRICS_ADDRESS": address}).metrics_address == address
