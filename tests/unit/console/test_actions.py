"""Actions on a document, causes and batches, as forms of the console."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from backend.identity import audit
from backend.inbox.models import Submission
from backend.office import accounts
from backend.office.service import OfficeService
from tests.unit.api.installation import Installation, Phone
from tests.unit.console.browser import Person, signed_in
from tests.unit.sync.company import order_body, submission

IDS = [f"01KB00000000000000000001{n:02}" for n in range(25)]
CAUSE = "reject_office-0123456789"
PAGE = f"/office/documents/{IDS[0]}"
XSS = "<img src=x onerror=alert(1)>"


@pytest.fixture
def parked(installation: Installation, phone: Phone) -> Installation:
    """Orders that are parked for one cause."""
    phone.push(*(submission(id, order_body(notes=id)) for id in IDS))

    def park(session: Any) -> None:
        for row in session.scalars(select(Submission).where(Submission.id.in_(IDS))):
            row.state, row.owner, row.reason, row.cause = "parked", "office", "over the limit", CAUSE
            row.error_class, row.raw_reason = "reject_office", XSS

    installation.change(park)
    return installation


@pytest.fixture
def anna(parked: Installation) -> Person:
    return signed_in(parked, "anna", "order_desk")


def states(installation: Installation) -> list[str]:
    with installation.sessions() as session:
        rows = session.execute(select(Submission.id, Submission.state).order_by(Submission.id)).all()
    return [row.state for row in rows if row.id in IDS]


def act(person: Person, action: str, **fields: str) -> Any:
    return person.post(f"{PAGE}/actions/{action}", PAGE, **fields)


def begin(person: Person, **fields: str) -> Any:
    return person.post(f"/office/causes/{CAUSE}/batches", f"/office/causes/{CAUSE}", **fields)


def test_a_document_is_sent_again_in_one_click_and_stopped_in_another(
    anna: Person, parked: Installation
) -> None:
    reply = act(anna, "retry", why="limit raised")
    assert (reply.status_code, reply.location) == (303, PAGE)
    assert states(parked)[0] == "queued"
    assert "Stop it before it is sent" in anna.get(PAGE).text
    act(anna, "recall")
    assert states(parked)[0] == "parked"
    with parked.sessions() as session:
        entries = audit.entries(session, subject=IDS[0])
    assert [(entry.actor, entry.action) for entry in reversed(entries)] == [
        ("user:anna", "parked.retry"),
        ("user:anna", "parked.recall"),
    ]


def test_a_refusal_says_why_and_changes_nothing(anna: Person, parked: Installation) -> None:
    reply = act(anna, "cancel")
    assert (reply.status_code, "is required, because the rep reads it" in reply.text) == (422, True)
    reply = act(anna, "done")
    assert reply.status_code == 422 and "only change requests can be done" in reply.text
    assert act(anna, "cancel", why="x" * 1001).status_code == 422
    assert states(parked)[0] == "parked"


def test_only_the_actions_of_a_persons_roles_are_offered_and_accepted(parked: Installation) -> None:
    auditor = signed_in(parked, "olga", "auditor")
    assert "actions/" not in auditor.get(PAGE).text
    assert act_anywhere(auditor, "retry").status_code == 403
    planner = signed_in(parked, "pia", "planning")
    assert act_anywhere(planner, "retry").status_code == 403, "planning reads orders, and acts on forecasts"
    foreign = signed_in(parked, "sven", "order_desk", territory="SE")
    assert act_anywhere(foreign, "retry").status_code == 404
    assert states(parked) == ["parked"] * len(IDS)


def act_anywhere(person: Person, action: str) -> Any:
    return person.post(f"{PAGE}/actions/{action}")


def test_addresses_that_name_nothing_are_not_found(anna: Person) -> None:
    for path in (
        f"{PAGE}/actions/nonsense",
        "/office/documents/x/actions/retry",
        "/office/batches/x/undo",
        f"/office/batches/{IDS[0]}/continue",
        "/office/causes/" + "x" * 200 + "/batches",
    ):
        assert anna.post(path).status_code == 404, path
    assert anna.get("/office/batches/x").status_code == anna.get("/office/causes/%00").status_code == 404
    assert "No document waits" in anna.get("/office/causes/config-1").text


def test_the_start_page_leads_to_the_cause_and_five_are_tried(anna: Person, parked: Installation) -> None:
    assert f'href="/office/causes/{CAUSE}"' in anna.get("/office/").text
    page = anna.get(f"/office/causes/{CAUSE}").text
    assert "wait for this: 25," in page and "&lt;img" in page and "<img" not in page
    reply = begin(anna, action="retry", scope="few")
    assert (reply.status_code, states(parked)) == (303, ["queued"] * 5 + ["parked"] * 20)
    batch = anna.get(reply.location).text
    assert batch.count(">done<") == 5 and "Undo what is not sent yet" in batch


def test_a_batch_of_all_continues_in_steps_and_is_undone(anna: Person, parked: Installation) -> None:
    path = begin(anna, action="retry", scope="all", why="limit raised").location
    assert states(parked) == ["queued"] * 20 + ["parked"] * 5
    assert 'value="20" max="25"' in anna.get(path).text
    assert anna.post(f"{path}/continue", path).location == path
    assert states(parked) == ["queued"] * 25
    assert anna.post(f"{path}/undo", path).location == path
    assert states(parked) == ["parked"] * 25
    page = anna.get(path).text
    assert page.count("parked again") == 25 and "Undone by anna" in page and "<form" in page
    assert re.search(r'action="[^"]+/undo"', page) is None


def test_a_batch_that_lacks_something_says_so_and_keeps_what_was_typed(
    anna: Person, parked: Installation
) -> None:
    reply = begin(anna, action="cancel", scope="all")
    assert reply.status_code == 422 and "is required, because the rep reads it" in reply.text
    reply = begin(anna, action="fix", field="lines[0].unit", old="KT", new="CRT", scope="all")
    assert reply.status_code == 422 and 'value="CRT"' in reply.text
    assert re.search(r'value="all" selected', reply.text)
    assert begin(anna, action="nonsense").status_code == 422
    assert states(parked) == ["parked"] * len(IDS)


def test_it_may_retry_and_not_cancel_and_sees_the_batches_of_others(anna: Person, parked: Installation) -> None:
    ivo = signed_in(parked, "ivo", "it")
    assert begin(ivo, action="cancel", why="x").status_code == 403
    assert begin(ivo, action="retry").status_code == 303
    path = begin(anna, action="return", why="ask the customer", scope="few").location
    page = ivo.get(path).text
    assert page.count(">done<") == 5 and "/undo" not in page
    assert ivo.post(f"{path}/continue").status_code == 403


def test_a_session_that_ends_meanwhile_settles_nothing_more(
    anna: Person, parked: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, performed = anna.token(f"/office/causes/{CAUSE}"), 0
    perform = OfficeService.perform

    def revoked_after_three(*given: Any, **more: Any) -> Any:
        nonlocal performed
        performed += 1
        if performed == 4:
            parked.change(lambda s: accounts.revoke(s, "anna", by="user:x", now=parked.clock.now()))
        return perform(*given, **more)

    monkeypatch.setattr(OfficeService, "perform", revoked_after_three)
    reply = anna.send(f"/office/causes/{CAUSE}/batches", {"csrf": token, "action": "retry", "scope": "all"})
    assert (reply.status_code, reply.location) == (303, "/office/sign-in")
    assert states(parked).count("queued") == 3
