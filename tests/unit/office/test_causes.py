"""Parked documents by cause."""

from sqlalchemy import event, text

from backend.office.causes import causes, of_cause
from backend.office.queries import list_parked
from tests.unit.delivery.inbox_fixture import ORDER
from tests.unit.office.office_fixture import OfficeFixture

OTHER = {**ORDER, "notes": "x"}


def keys(office: OfficeFixture) -> dict[str, int]:
    with office.inbox.sessions() as session:
        return {cause.cause: cause.documents for cause in causes(session, now=office.inbox.clock.now())}


def test_nothing_is_parked(office: OfficeFixture) -> None:
    office.inbox.capture()
    assert keys(office) == {}


def test_documents_are_counted_by_cause_and_the_greatest_group_is_first(office: OfficeFixture) -> None:
    duplicate = office.inbox.capture(customer="C9")
    office.inbox.change(duplicate, state="parked", error_class="duplicate_bad", cause="duplicate_bad-1")
    refused = [office.park(customer=f"C{n}") for n in range(3)]
    office.inbox.clock.advance(minutes=1)
    with office.inbox.sessions() as session:
        first, second = causes(session, now=office.inbox.clock.now())
        page = list_parked(session, now=office.inbox.clock.now(), cause=of_cause(first.cause))
    assert (first.error_class, first.documents, dict(first.kinds)) == ("reject_office", 3, {"order": 3})
    assert first.example is not None and first.example.id == refused[0]
    assert first.oldest is not None and first.newest is not None and first.oldest <= first.newest
    assert [document.id for document in page.documents] == refused
    assert (second.cause, second.documents) == ("duplicate_bad-1", 1)
    office.act("retry", refused[1])
    assert keys(office) == {first.cause: 2, "duplicate_bad-1": 1}


def test_documents_parked_on_arrival_are_grouped_by_their_class(office: OfficeFixture) -> None:
    request = {"submission_id": "01KB0000000000000000000001", "action": "cancel", "message": "x"}
    for kind, body in (
        ("change_request", request),
        ("hologram", {"x": 1}),
        ("relic", {"x": 2}),
        ("order", OTHER),
    ):
        id = office.inbox.capture(body, kind=kind)
        office.inbox.change(id, state="parked")
    assert keys(office) == {"unknown_kind": 2, "approval": 1, "change_request": 1}
    with office.inbox.sessions() as session:
        page = list_parked(session, now=office.inbox.clock.now(), cause=of_cause("unknown_kind"))
    assert sorted(document.kind for document in page.documents) == ["hologram", "relic"]


def test_the_number_of_statements_grows_with_the_causes_and_not_with_the_documents(
    office: OfficeFixture,
) -> None:
    def statements() -> int:
        count = 0

        def counted(*given: object) -> None:
            nonlocal count
            count += 1

        with office.inbox.sessions() as session:
            engine = session.get_bind()
            event.listen(engine, "before_cursor_execute", counted)
            try:
                causes(session, now=office.inbox.clock.now())
            finally:
                event.remove(engine, "before_cursor_execute", counted)
        return count

    office.park(customer="C1")
    before = statements()
    for n in range(2, 6):
        office.park(customer=f"C{n}")
    assert statements() == before


def test_the_list_of_a_cause_uses_its_index(office: OfficeFixture) -> None:
    """The index has few entries, because a document is in it only while it is parked."""
    with office.inbox.sessions() as session:
        dialect = session.get_bind().dialect.name
        if dialect == "postgresql":
            session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN " if dialect == "postgresql" else "EXPLAIN QUERY PLAN "
        statement = "SELECT seq FROM submission WHERE state = 'parked' AND cause = 'x' ORDER BY updated_at, seq"
        plan = "\n".join(str(row) for row in session.execute(text(explain + statement)))
    assert "submission_by_cause" in plan
