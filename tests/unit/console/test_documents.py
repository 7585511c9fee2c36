"""The list of documents with its search, and a document's page: what each role sees, and texts of others."""

import json
import re
from typing import Any

import pytest

from backend.database.web_session import db
from backend.inbox.models import Attempt, Binding
from backend.office import documents
from backend.office.access import Grant, OfficeUser
from backend.office.documents import Filters
from backend.office.roles import Role
from tests.conftest import MONDAY
from tests.query_plans.explain import overhearing
from tests.unit.api.installation import Installation, Phone
from tests.unit.console.browser import signed_in
from tests.unit.office.rows import stored
from tests.unit.sync.company import order_body, submission

A, B, C, D = (f"01KB000000000000000000000{n}" for n in range(1, 5))
BINDING = {"connector": "flatfile", "entity": "order", "bound_at": MONDAY}
XSS = "<img src=x onerror=alert(1)>'\"&"
DESK = OfficeUser("anna", (Grant(Role.ORDER_DESK, None),))


def put(installation: Installation, *rows: Any) -> None:
    for row in rows:
        installation.change(lambda session, row=row: session.add(row))


def listed(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/office/documents/(\w+)"', page)


@pytest.fixture
def company(installation: Installation) -> Installation:
    """Documents A to C of R1, the last one a forecast, and D of R2."""
    put(
        installation,
        stored(A, state="accepted", erp_number="SO7", title="Order of Nordwind"),
        stored(B, state="parked", error_class="reject_office", cause="reject_office-1", owner="office"),
        stored(C, kind="forecast"),
        stored(D, rep="R2", body=json.dumps({"customer_reference": "PO-77"}, separators=(",", ":"))),
        Binding(**BINDING, local_id=A, external_id="7", number="SO7"),
    )
    return installation


def test_the_list_has_what_the_person_may_see_newest_first(company: Installation) -> None:
    assert listed(signed_in(company, "desk", "order_desk").get("/office/documents").text) == [D, B, A]
    assert listed(signed_in(company, "plan", "planning").get("/office/documents").text) == [D, C, B, A]
    north = signed_in(company, "north", "supervisor", territory="NW")
    assert listed(north.get("/office/documents").text) == [C, B, A]
    assert [north.get(f"/office/documents/{id}").status_code for id in (C, D)] == [200, 404]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("state=parked", [B]),
        ("kind=forecast", [C]),
        ("rep=R2", [D]),
        ("rep=R1&state=accepted", [A]),
        ("cause=reject_office-1", [B]),
        ("state=x&kind=%00", []),
        ("rep=%27%20OR%201=1--", []),
        ("kind=" + "x" * 300, [D, C, B, A]),
        ("before=x", [D, C, B, A]),
        ("before=99999999999999999999", [D, C, B, A]),
    ],
)
def test_filters_are_links_and_hostile_ones_find_nothing(
    company: Installation, query: str, ids: list[str]
) -> None:
    anna = signed_in(company, "anna", "planning", "order_desk")
    reply = anna.get(f"/office/documents?{query}")
    assert (reply.status_code, listed(reply.text)) == (200, ids)


def test_the_pages_have_every_document_once(installation: Installation) -> None:
    ids = [f"01KB{n:022}" for n in range(1, 121)]
    states = ("queued", "parked")
    installation.change(lambda s: s.add_all(stored(id, state=states[n % 2]) for n, id in enumerate(ids)))
    anna = signed_in(installation, "anna", "order_desk")
    path, seen_ids = "/office/documents?state=parked", []
    while path:
        page = anna.get(path).text
        seen_ids += listed(page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = following[1].replace("&amp;", "&") if following else ""
        # What arrives meanwhile comes before the first page and moves no document to another one.
        put(installation, stored(f"01KC{len(seen_ids):022}", state="parked"))
    assert seen_ids == [id for n, id in reversed(list(enumerate(ids))) if n % 2]


@pytest.mark.parametrize(
    ("text", "location"),
    [(A, A), (A.lower(), A), ("SO7", A), (f"  {B} ", B)],
)
def test_an_id_or_a_number_leads_to_the_document(company: Installation, text: str, location: str) -> None:
    reply = signed_in(company, "anna", "order_desk").get(f"/office/documents?q={text}")
    assert reply.location == f"/office/documents/{location}"


@pytest.mark.parametrize(
    ("text", "ids", "reps"),
    [
        ("01KB0000", (D, B, A), 0),
        ("nordwind", (A,), 0),
        ("PO-77", (D,), 0),
        ("PO-7", (), 0),
        ("R1", (), 1),
        ("%", (), 0),
        ("100%", (), 0),
        ("x" * 5000, (), 0),
        ("\x00", (), 0),
    ],
)
def test_words_find_titles_values_and_reps(
    company: Installation, text: str, ids: tuple[str, ...], reps: int
) -> None:
    with company.sessions() as session:
        results = documents.find(session, DESK, text, "flatfile")
    assert tuple(each.id for each in results.documents) == ids
    assert len([id for id, _ in results.reps if id == "R1"]) == reps


def test_a_search_reveals_nothing_of_others(company: Installation) -> None:
    anna = signed_in(company, "anna", "order_desk", territory="NW")
    for text in (C, D, "PO-77", "R2"):
        reply = anna.get(f"/office/documents?q={text}")
        assert (reply.status_code, listed(reply.text)) == (200, []), text
        assert "All documents of" not in reply.text


def test_the_page_has_the_timeline_of_a_document(installation: Installation, phone: Phone) -> None:
    phone.push(submission(A, order_body(notes=XSS)))
    put(
        installation,
        Attempt(
            submission_id=A, fence=1, worker="w1", connector="flatfile", step="create",
            started_at=MONDAY, outcome="refused", detail="credit limit " * 20,
        ),
    )  # fmt: skip
    page = signed_in(installation, "anna", "order_desk").get(f"/office/documents/{A}").text
    assert page.index("Received") < page.index("Sent to the ERP") and "<summary>refused</summary>" in page
    assert "no reply" not in page
    assert "Order</dd>" not in page and f"<code>{A}</code>" in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page and "<img" not in page


def test_texts_of_phones_and_of_the_erp_are_escaped_in_lists_and_pages(installation: Installation) -> None:
    put(
        installation,
        stored(
            A, state="parked", title=XSS, reason=XSS, raw_reason=XSS, advice=XSS, erp_number=XSS,
            error_class="config", reserved_by=XSS, reserved_until=MONDAY.replace(year=2030),
            captured_at=XSS, device=XSS, warnings=[{"code": "x", "field": "x", "message": XSS}],
            body=json.dumps({XSS: {XSS: [XSS, 1, True, None, {}]}}),
        ),
        Binding(connector="flatfile", entity=XSS, local_id=A, external_id=XSS, number=None, bound_at=MONDAY),
    )  # fmt: skip
    anna = signed_in(installation, "anna", "order_desk", "it")
    for path in ("/office/documents", f"/office/documents/{A}", "/office/", f"/office/documents?q={XSS}"):
        page = anna.get(path).text
        assert "<img" not in page and "onerror=alert(1)>" not in page, path
    assert page.count("&lt;img") >= 1


def test_a_kind_that_is_declared_elsewhere_has_a_page(installation: Installation) -> None:
    put(installation, stored(A, kind="visit", body='{"purpose":"demo","people":[{"name":"Li"}]}'))
    auditor = signed_in(installation, "anna", "auditor")
    assert listed(auditor.get("/office/documents").text) == [A]
    page = auditor.get(f"/office/documents/{A}").text
    assert "demo" in page and "Li" in page and "visit" in page


def test_a_documents_page_costs_few_statements(company: Installation) -> None:
    anna = signed_in(company, "anna", "order_desk")
    with company.app.app_context():
        engine = db.engine
    for path, most in (("/office/documents", 3), (f"/office/documents/{A}", 8)):
        with overhearing(engine) as overheard:
            assert anna.get(path).status_code == 200
        assert len(overheard.statements) <= most, path


def test_a_list_reads_a_page_and_one_row(company: Installation) -> None:
    with company.sessions() as session:
        page = documents.list_documents(session, DESK, Filters(), limit=2)
        assert ([each.id for each in page.documents], page.next) == ([D, B], page.documents[1].seq)
        rest = documents.list_documents(session, DESK, Filters(), before=page.next, limit=2)
        assert ([each.id for each in rest.documents], rest.next) == ([A], None)
