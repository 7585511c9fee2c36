"""What every connector does alike when it writes."""

from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import Document, ErpDocument, ForecastLine, Outcome
from backend.erp.testing.expectations import expect, expect_equal, expect_keys, only
from backend.erp.testing.fixture import ConnectorFixture
from sync_protocol.catalogue import KINDS
from sync_protocol.catalogue.forecast import FORECAST
from sync_protocol.catalogue.order import ORDER
from sync_protocol.submission import State

OWN_DOCUMENT = [kind.name for kind in KINDS.values() if kind.has_own_document]
REFUSED = frozenset({ErrorClass.REJECT_REP, ErrorClass.REJECT_OFFICE})


def final_outcome(connector: Connector, erp: ConnectorFixture, document: Document) -> Outcome:
    """Advance a created document to its end, through the late acknowledgement if there is one."""
    outcome = connector.advance(document, found_document(connector, document))
    if outcome.state is not State.HANDED_OVER:
        return outcome
    erp.work()
    late = only(
        (answer for answer in connector.acknowledgements() if answer.key == document.id),
        f"acknowledgements() gives the ERP's answer to {document.kind} {document.id} under the document's key",
    )
    expect_equal(late.kind, document.kind, "acknowledgements() gives the kind of the document")
    connector.confirm(late.token)
    return late.outcome


def found_document(connector: Connector, document: Document) -> ErpDocument:
    """Return the ERP's document for *document*, which was created."""
    return only(
        connector.find(document.kind, document.id),
        f"find({document.kind!r}, key) gives the document that create() has created",
    )


def expect_single(erp: ConnectorFixture, document: Document, rule: str) -> None:
    """Raise `RuleBroken` unless the ERP itself holds *document* once."""
    count = erp.count(document.kind, document.id)
    expect(count == 1, rule, expected="1 document in the ERP with our key", given=f"{count}")


class WritingContract:
    """Writing: create once, find, advance, refusals, forecasts, acknowledgements. Its fixtures are those of
    `ReadingContract`."""

    @pytest.mark.parametrize("kind", OWN_DOCUMENT)
    def test_find_is_empty_before_create_and_one_after(
        self, erp: ConnectorFixture, connector: Connector, kind: str
    ) -> None:
        document = _document(erp, connector, kind)
        expect_equal(
            list(connector.find(kind, document.id)), [], f"find({kind!r}, key) gives nothing before create()"
        )
        created = connector.create(document)
        expect_equal(
            found_document(connector, document).external_id,
            created.external_id,
            f"find({kind!r}, key) gives the external_id that create() gave",
        )
        erp.work()
        expect_single(erp, document, f"create() of a {kind} creates it in the ERP, under our key")

    @pytest.mark.parametrize("kind", OWN_DOCUMENT)
    def test_a_document_reaches_its_end_with_a_number(
        self, erp: ConnectorFixture, connector: Connector, kind: str
    ) -> None:
        document = _document(erp, connector, kind)
        connector.create(document)
        outcome = final_outcome(connector, erp, document)
        expect(
            outcome.state is State.ACCEPTED and bool(outcome.number and outcome.external_id),
            f"advance() takes a {kind} that the ERP accepts to its end, with the ERP's number and id",
            expected="state accepted, a number and an external_id",
            given=outcome,
        )

    @pytest.mark.parametrize("kind", [kind for kind in OWN_DOCUMENT if KINDS[kind].total])
    def test_a_total_that_the_erp_tells_is_the_one_that_the_rep_was_shown(
        self, erp: ConnectorFixture, connector: Connector, kind: str
    ) -> None:
        document, declared = _document(erp, connector, kind), KINDS[kind].total
        connector.create(document)
        outcome = final_outcome(connector, erp, document)
        shown = declared.of(document.body) if declared else None
        expect(
            outcome.total in (None, shown),
            f"The outcome of a {kind} gives the total that the rep was shown, or none",
            expected=shown,
            given=outcome.total,
        )

    @pytest.mark.parametrize("kind", OWN_DOCUMENT)
    def test_submitting_twice_creates_one(self, erp: ConnectorFixture, connector: Connector, kind: str) -> None:
        document = _document(erp, connector, kind)
        connector.create(document)
        if kind in connector.capabilities().enforces_key:
            try:
                connector.create(document)
            except ErpError as error:
                expect(
                    error.error_class is ErrorClass.DUPLICATE_OK,
                    f"create() of a {kind} that the ERP has already returns it, or raises DUPLICATE_OK",
                    expected="an ErpError of class DUPLICATE_OK",
                    given=f"an ErpError of class {error.error_class.name}: {error}",
                )
        found_document(connector, document)
        erp.work()
        expect_single(erp, document, f"create() of the same {kind} twice creates it once")

    @pytest.mark.parametrize("kind", OWN_DOCUMENT)
    def test_a_lost_reply_then_find_then_advance_is_one_document(
        self, erp: ConnectorFixture, connector: Connector, kind: str
    ) -> None:
        document = _document(erp, connector, kind)
        with closing(erp.connect()) as lost:
            lost.create(document)  # the reply is lost with the process that called
        first = final_outcome(connector, erp, document)
        erp_document = found_document(connector, document)
        with closing(erp.connect()) as other:
            again = other.advance(document, erp_document)
        expect_equal(
            (again.state, again.number, again.external_id),
            (first.state, first.number, first.external_id),
            f"advance() of a finished {kind} in another process gives the same state, number and id again",
        )
        expect_single(erp, document, f"A {kind} whose reply was lost is found and advanced, not created again")

    def test_a_refusal_carries_the_erps_own_words(self, erp: ConnectorFixture, connector: Connector) -> None:
        document = erp.refused_order()
        try:
            connector.create(document)
            outcome = final_outcome(connector, erp, document)
        except ErpError as error:
            expect(
                error.error_class in REFUSED and erp.refusal_words() in error.raw and bool(error.message),
                "create() or advance() of an order that the ERP refuses says so, in the ERP's own words in raw",
                expected=f"REJECT_REP or REJECT_OFFICE, {erp.refusal_words()!r} in raw, and a message",
                given=f"{error.error_class.name}, raw {error.raw!r}, message {error.message!r}",
            )
        else:
            expect(
                outcome.state is State.REJECTED
                and erp.refusal_words() in (outcome.raw or "")
                and bool(outcome.reason),
                "The outcome of an order that the ERP refuses says so, with the ERP's own words in raw",
                expected=f"state rejected, {erp.refusal_words()!r} in raw, and a reason",
                given=outcome,
            )
            expect(
                all(set(fault) == {"code", "field", "message"} for fault in outcome.errors),
                "The outcome's errors are faults for the phone",
                expected="code, field and message in each",
                given=outcome.errors,
            )

    def test_a_forecast_set_twice_is_set_once(self, erp: ConnectorFixture, connector: Connector) -> None:
        if FORECAST.name not in connector.capabilities().kinds:
            pytest.skip("this ERP has no forecast")
        lines = erp.forecast_lines()
        first = connector.upsert_forecast(lines)
        expect_keys(
            set(first),
            {line.product_id for line in lines},
            "upsert_forecast() gives an ERP line for each product",
        )
        erp.work()
        with closing(erp.connect()) as other:
            second = other.upsert_forecast(lines)
        expect_equal(
            _ids(second),
            _ids(first),
            "upsert_forecast() of the same lines in another process changes the same lines",
        )

    def test_a_forecast_line_keeps_its_id_when_its_quantity_changes(
        self, erp: ConnectorFixture, connector: Connector
    ) -> None:
        if FORECAST.name not in connector.capabilities().kinds:
            pytest.skip("this ERP has no forecast")
        lines = erp.forecast_lines()
        first = connector.upsert_forecast(lines)
        more = [ForecastLine(**{**vars(line), "quantity": line.quantity + Decimal(1)}) for line in lines]
        rule = "upsert_forecast() changes the quantity of a line and keeps its id"
        expect_equal(_ids(connector.upsert_forecast(more)), _ids(first), rule)
        expect_equal(_ids(connector.upsert_forecast(lines)), _ids(first), rule)

    def test_acknowledgements_stay_until_they_are_confirmed(
        self, erp: ConnectorFixture, connector: Connector
    ) -> None:
        document = erp.example(ORDER.name)
        connector.create(document)
        if connector.advance(document, found_document(connector, document)).state is not State.HANDED_OVER:
            expect_equal(
                list(connector.acknowledgements()),
                [],
                "acknowledgements() gives nothing if advance() gives the ERP's answer at once",
            )
            expect_equal(
                connector.answer(document.kind, document.id),
                None,
                "answer() gives nothing if advance() gives the ERP's answer at once",
            )
            return
        erp.work()
        answer = only(connector.acknowledgements(), "acknowledgements() gives the ERP's answer once")
        expect_equal(
            list(connector.acknowledgements()),
            [answer],
            "acknowledgements() gives an answer again until it is confirmed: its reader may be killed",
        )
        connector.confirm(answer.token)
        expect_equal(list(connector.acknowledgements()), [], "acknowledgements() omits a confirmed answer")
        expect_equal(
            connector.answer(document.kind, document.id),
            answer.outcome,
            "answer() gives a confirmed answer again",
        )
        connector.confirm(answer.token)  # safe to call again

    def test_a_document_is_found_by_the_erps_number(self, connector: Connector, erp: ConnectorFixture) -> None:
        document = erp.example(ORDER.name)
        connector.create(document)
        outcome = final_outcome(connector, erp, document)
        number = outcome.number or ""
        expect(
            bool(number), "The outcome of an accepted order has its number", expected="a number", given=outcome
        )
        erp_document = only(
            connector.find_by_number(document.kind, number), "find_by_number() gives the document of the number"
        )
        expect_equal(
            (erp_document.external_id, erp_document.key),
            (outcome.external_id, document.id),
            "find_by_number() gives the ERP's id and our key",
        )
        expect_equal(
            list(connector.find_by_number(document.kind, f"{number}-none")),
            [],
            "find_by_number() gives nothing for a number that does not exist",
        )


def _document(erp: ConnectorFixture, connector: Connector, kind: str) -> Document:
    if kind not in connector.capabilities().kinds:
        pytest.skip(f"this connector does not forward {kind}")
    return erp.example(kind)


def _ids(erp_lines: Mapping[str, Any]) -> dict[str, str]:
    return {product: line.external_id for product, line in erp_lines.items()}
