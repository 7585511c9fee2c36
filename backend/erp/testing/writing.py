"""What every connector does alike when it writes."""

from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from backend.erp.errors import ErpError, ErrorClass
from backend.erp.port import Connector
from backend.erp.records import Document, ForecastLine, Outcome
from backend.erp.testing.fixture import ConnectorFixture
from sync_protocol.submission import State

REFUSED = frozenset({ErrorClass.REJECT_REP, ErrorClass.REJECT_OFFICE})


def final_outcome(connector: Connector, erp: ConnectorFixture, document: Document) -> Outcome:
    """Advance a created document to its end, through the late acknowledgement if there is one."""
    [erp_document] = connector.find(document.kind, document.id)
    outcome = connector.advance(document, erp_document)
    if outcome.state is not State.HANDED_OVER:
        return outcome
    erp.work()
    [late] = [answer for answer in connector.acknowledgements() if answer.key == document.id]
    assert late.kind == document.kind
    connector.confirm(late.token)
    return late.outcome


class WritingContract:
    """Writing: create once, find, advance, refusals, forecasts, acknowledgements. Its fixtures are those of
    `ReadingContract`."""

    @pytest.mark.parametrize("kind", ["order", "expense_claim"])
    def test_find_is_empty_before_create_and_one_after(
        self, erp: ConnectorFixture, connector: Connector, kind: str
    ) -> None:
        document = _document(erp, connector, kind)
        assert connector.find(kind, document.id) == []
        created = connector.create(document)
        [erp_document] = connector.find(kind, document.id)
        assert erp_document.external_id == created.external_id
        erp.work()
        assert erp.count(kind, document.id) == 1

    @pytest.mark.parametrize("kind", ["order", "expense_claim"])
    def test_a_document_reaches_its_end_with_a_number(
        self, erp: ConnectorFixture, connector: Connector, kind: str
    ) -> None:
        document = _document(erp, connector, kind)
        connector.create(document)
        outcome = final_outcome(connector, erp, document)
        assert outcome.state is State.ACCEPTED, outcome
        assert outcome.number
        assert outcome.external_id

    @pytest.mark.parametrize("kind", ["order", "expense_claim"])
    def test_submitting_twice_creates_one(self, erp: ConnectorFixture, connector: Connector, kind: str) -> None:
        document = _document(erp, connector, kind)
        connector.create(document)
        if kind in connector.capabilities().enforces_key:
            try:
                connector.create(document)
            except ErpError as error:
                assert error.error_class is ErrorClass.DUPLICATE_OK
        assert len(connector.find(kind, document.id)) == 1
        erp.work()
        assert erp.count(kind, document.id) == 1

    @pytest.mark.parametrize("kind", ["order", "expense_claim"])
    def test_a_lost_reply_then_find_then_advance_is_one_document(
        self, erp: ConnectorFixture, connector: Connector, kind: str
    ) -> None:
        document = _document(erp, connector, kind)
        with closing(erp.connect()) as lost:
            lost.create(document)  # the reply is lost with the process that called
        first = final_outcome(connector, erp, document)
        [erp_document] = connector.find(kind, document.id)
        with closing(erp.connect()) as other:
            again = other.advance(document, erp_document)
        assert (again.state, again.number, again.external_id) == (
            first.state,
            first.number,
            first.external_id,
        )
        assert erp.count(kind, document.id) == 1

    def test_a_refusal_carries_the_erps_own_words(self, erp: ConnectorFixture, connector: Connector) -> None:
        document = erp.refused_order()
        try:
            connector.create(document)
            outcome = final_outcome(connector, erp, document)
        except ErpError as error:
            assert error.error_class in REFUSED
            assert erp.refusal_words() in error.raw
            assert error.message
        else:
            assert outcome.state is State.REJECTED
            assert erp.refusal_words() in (outcome.raw or "")
            assert outcome.reason
            assert all(set(fault) == {"code", "field", "message"} for fault in outcome.errors)

    def test_a_forecast_set_twice_is_set_once(self, erp: ConnectorFixture, connector: Connector) -> None:
        if "forecast" not in connector.capabilities().kinds:
            pytest.skip("this ERP has no forecast")
        lines = erp.forecast_lines()
        first = connector.upsert_forecast(lines)
        assert set(first) == {line.product_id for line in lines}
        erp.work()
        with closing(erp.connect()) as other:
            second = other.upsert_forecast(lines)
        assert _ids(second) == _ids(first)

    def test_a_forecast_line_keeps_its_id_when_its_quantity_changes(
        self, erp: ConnectorFixture, connector: Connector
    ) -> None:
        if "forecast" not in connector.capabilities().kinds:
            pytest.skip("this ERP has no forecast")
        lines = erp.forecast_lines()
        first = connector.upsert_forecast(lines)
        more = [ForecastLine(**{**vars(line), "quantity": line.quantity + Decimal(1)}) for line in lines]
        assert _ids(connector.upsert_forecast(more)) == _ids(first)
        assert _ids(connector.upsert_forecast(lines)) == _ids(first)

    def test_acknowledgements_stay_until_they_are_confirmed(
        self, erp: ConnectorFixture, connector: Connector
    ) -> None:
        document = erp.order()
        connector.create(document)
        [erp_document] = connector.find("order", document.id)
        if connector.advance(document, erp_document).state is not State.HANDED_OVER:
            assert list(connector.acknowledgements()) == []
            return
        erp.work()
        [answer] = connector.acknowledgements()
        assert list(connector.acknowledgements()) == [answer]
        connector.confirm(answer.token)
        assert list(connector.acknowledgements()) == []
        connector.confirm(answer.token)  # safe to call again

    def test_a_document_is_found_by_the_erps_number(self, connector: Connector, erp: ConnectorFixture) -> None:
        document = erp.order()
        connector.create(document)
        outcome = final_outcome(connector, erp, document)
        assert outcome.number is not None
        [erp_document] = connector.find_by_number("order", outcome.number)
        assert (erp_document.external_id, erp_document.key) == (outcome.external_id, document.id)
        assert connector.find_by_number("order", f"{outcome.number}-none") == []


def _document(erp: ConnectorFixture, connector: Connector, kind: str) -> Document:
    if kind not in connector.capabilities().kinds:
        pytest.skip(f"this connector does not forward {kind}")
    return erp.order() if kind == "order" else erp.claim()


def _ids(erp_lines: Mapping[str, Any]) -> dict[str, str]:
    return {product: line.external_id for product, line in erp_lines.items()}
