"""A rep whose territory is taken away reads which one, not "0 gone"."""

from sync_protocol.device.device import Device
from tests.unit.device.company import TERRITORY, customer
from tests.unit.device.feed_server import FeedServer
from tests.unit.device.test_cli import Run, ready, run

__all__ = ["ready", "run"]

LOCAL = ("customers", "contacts", "receivables", "orders", "credit")


def test_a_purged_territory_is_named_with_the_number_of_its_records(device: Device, server: FeedServer) -> None:
    before = sum(count for name, count in device.status().counts.items() if name in LOCAL)
    for collection in LOCAL:
        server.feed.revoke((TERRITORY, collection))
    report = device.sync()
    assert report.lost == {TERRITORY.replace(":", " "): before} and before > 0
    assert report.gained == []
    assert device.sync().lost == {}


def test_a_warehouse_is_named_as_people_call_it(device: Device, server: FeedServer) -> None:
    server.feed.revoke(("warehouse:W1", "stock_levels"))
    assert list(device.sync().lost) == ["warehouse W1 (Main)"]
    server.feed.grant(("warehouse:W1", "stock_levels"))
    assert device.sync().gained == ["warehouse W1 (Main)"]


def test_a_new_territory_is_named_and_the_first_sync_is_not_news(enrolled: Device, server: FeedServer) -> None:
    assert enrolled.sync().gained == []
    server.feed.grant(("territory:S", "customers"))
    server.feed.put("territory:S", "customers", "C9", {**customer("C9", "Omega"), "territory": "S"})
    assert enrolled.sync().gained == ["territory S"]


def test_a_collection_that_the_role_no_longer_has_is_named_and_not_the_territory(
    device: Device, server: FeedServer
) -> None:
    server.feed.revoke((TERRITORY, "contacts"))
    server.feed.revoke(("everyone", "expense_categories"))
    assert set(device.sync().lost) == {"contacts", "expense categories"}


def test_the_terminal_says_what_was_taken_away_and_what_is_new(ready: Run, server: FeedServer) -> None:
    for collection in LOCAL:
        server.feed.revoke((TERRITORY, collection))
    server.feed.grant(("territory:S", "customers"))
    server.feed.put("territory:S", "customers", "C9", {**customer("C9", "Omega"), "territory": "S"})
    output = ready("sync").output
    assert f"You no longer have {TERRITORY.replace(':', ' ')}: " in output
    assert "You now have territory S." in output
    assert " 0 deleted" not in output
