"""The start page: what waits for the person, by cause and age, and a part that asks again without a page."""

import datetime as dt
import re
from typing import Any

import pytest

from backend.console.language import label
from backend.delivery.models import Breaker
from backend.device_reports.models import DeviceReport
from backend.office import overview
from backend.office.access import Grant, OfficeUser
from backend.office.roles import Role
from tests.conftest import MONDAY
from tests.unit.api.installation import Installation, Phone
from tests.unit.console.browser import signed_in
from tests.unit.office.rows import stored

HOUR = dt.timedelta(hours=1)


def put(installation: Installation, *rows: Any) -> None:
    installation.change(lambda session: session.add_all(rows))


def park(n: int, error_class: str, owner: str, hours: int, **values: Any) -> Any:
    return stored(
        f"01KB00000000000000000000{n:02}",
        state="parked",
        error_class=error_class,
        cause=error_class,
        owner=owner,
        at=MONDAY - hours * HOUR,
        **values,
    )


def test_parked_documents_are_grouped_by_cause_oldest_first_for_those_who_must_act(
    installation: Installation,
) -> None:
    put(
        installation,
        park(1, "reject_office", "office", 3),
        park(2, "reject_office", "office", 9),
        park(3, "duplicate_bad", "office", 5),
        park(4, "config", "it", 7),
        park(5, "reject_office", "office", 99, kind="expense_claim"),
        park(7, "approval", "office", 2, rep="R2"),
    )

    def causes(*grants: Grant) -> list[tuple[str, int]]:
        with installation.sessions() as session:
            listed = overview.waiting_causes(session, OfficeUser("a", grants), MONDAY)
            return [(each.error_class, each.documents) for each in listed]

    desk = Grant(Role.ORDER_DESK, None)
    assert causes(desk) == [("reject_office", 2), ("duplicate_bad", 1), ("approval", 1)]
    assert causes(Grant(Role.FINANCE, None))[0] == ("reject_office", 3)
    assert causes(Grant(Role.IT, None)) == [("config", 1)]
    assert causes(Grant(Role.SUPERVISOR, "SE")) == [("approval", 1)]
    assert causes(Grant(Role.AUDITOR, None)) == causes(Grant(Role.WAREHOUSE, None)) == []
    page = signed_in(installation, "anna", "order_desk").get("/office/").text
    refused, twice, config = (
        label("en", f"park.{name}") for name in ("reject_office", "duplicate_bad", "config")
    )
    assert page.index(refused) < page.index(twice)
    assert config not in page


def test_the_page_says_whether_the_erp_is_reachable_and_what_waits(
    installation: Installation,
) -> None:
    anna = signed_in(installation, "anna", "order_desk")
    assert "Everything is delivered" in anna.get("/office/").text
    put(installation, stored("01KB0000000000000000000001", title="C1 <b>Meier</b>", at=MONDAY - HOUR))
    page = anna.get("/office/").text
    assert "C1 &lt;b&gt;Meier&lt;/b&gt;" in page and "1 hour" in page and "Reachable" in page
    put(
        installation,
        Breaker(connector="flatfile", opened_at=MONDAY, reason="the share is full", probes=0, incidents=1),
    )
    page = anna.get("/office/").text
    assert "Nothing is sent since 2026-11-23 09:00" in page and "the share is full" in page


def test_phones_are_shown_to_those_who_may_see_them(installation: Installation, phone: Phone) -> None:
    put(
        installation,
        DeviceReport(
            device=phone.device_id, rep="R1", reported_at=MONDAY - HOUR, app_version="1", platform="x",
            unsent=[{"id": "X", "kind": "order"}], unsent_total=3,
        ),
    )  # fmt: skip
    installation.clock.advance(hours=25)
    desk = signed_in(installation, "anna", "order_desk").get("/office/").text
    assert "Still on phones" in desk and "3: Order" in desk and "Pixel" in desk
    assert "Still on phones" not in signed_in(installation, "bert", "finance").get("/office/").text
    elsewhere = signed_in(installation, "cleo", "supervisor", territory="SE").get("/office/").text
    assert "Pixel" not in elsewhere and "3: Order" not in elsewhere


def test_a_part_that_has_not_changed_costs_no_page(installation: Installation) -> None:
    anna = signed_in(installation, "anna", "order_desk")
    page = anna.get("/office/")
    tag = page.headers["ETag"]
    assert tag.replace('"', "&#34;") in page.text.replace("\\&#34;", "&#34;")
    same = anna.get("/office/", htmx=True, **{"If-None-Match": tag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    put(installation, park(1, "reject_office", "office", 3))
    changed = anna.get("/office/", htmx=True, **{"If-None-Match": tag})
    assert changed.status_code == 200 and changed.text.strip().startswith('<div id="live"')
    assert "<html" not in changed.text and changed.headers["ETag"] != tag
    # A whole page is always sent: the browser shows another one.
    assert anna.get("/office/", **{"If-None-Match": tag}).status_code == 200


def test_another_person_gets_another_tag(installation: Installation) -> None:
    tag = signed_in(installation, "anna", "order_desk").get("/office/").headers["ETag"]
    bert = signed_in(installation, "bert", "order_desk")
    assert bert.get("/office/", htmx=True, **{"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("accepted", ["br", "gzip"])
def test_the_first_load_is_below_a_hundred_kilobytes(installation: Installation, accepted: str) -> None:
    anna = signed_in(installation, "anna", "order_desk", "it")
    page = anna.get("/office/", **{"Accept-Encoding": accepted})
    names = re.findall(r'(?:src|href)="(/office/files/[^"]+)"', anna.get("/office/").text)
    assert len(names) == 4
    files = [anna.get(name, **{"Accept-Encoding": accepted}) for name in names]
    assert {file.status_code for file in files} == {200}
    assert all("immutable" in file.headers["Cache-Control"] for file in files)
    assert len(page.data) + sum(len(file.data) for file in files) < 100_000
