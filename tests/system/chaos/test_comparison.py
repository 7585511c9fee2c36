"""The rig's comparison counts every kind of fault as the right finding, and finds nothing in a sound run."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.system.chaos.rig.comparison import Captured, ErpDocument, Evidence, compare
from tests.system.chaos.rig.run_result import FINDINGS, RunResult

ORDER, CLAIM, LATE = "01JORDER", "01JCLAIM", "01JLATE"
SOUND = Evidence(
    captured={
        ORDER: Captured("order", Decimal("12.50"), "CANARY-R1-a"),
        CLAIM: Captured("expense_claim", Decimal("18.40")),
    },
    acknowledged=frozenset({ORDER, CLAIM}),
    states={ORDER: "accepted", CLAIM: "accepted", LATE: "accepted"},
    erp_documents=[
        ErpDocument(ORDER, "order", "processing", Decimal("12.50"), "CANARY-R1-a"),
        ErpDocument(CLAIM, "expense_claim", "posted", Decimal("18.40")),
        # Captured just before the phone died: it is stored on the phone, but not logged.
        ErpDocument(LATE, "order", "confirmed", Decimal("3.00"), "CANARY-R1-b"),
    ],
)


def _with_order(change: Callable[[ErpDocument], list[ErpDocument]]) -> Evidence:
    """Return sound evidence in which the ERP has what *change* returns for the order."""
    order, *others = SOUND.erp_documents
    return replace(SOUND, erp_documents=[*change(order), *others])


def _findings(evidence: Evidence) -> dict[str, int]:
    result = compare(evidence, RunResult(["a fault"]))
    findings = {finding: getattr(result, finding) for finding in FINDINGS if getattr(result, finding)}
    assert bool(findings) == bool(result.messages), "each finding has a message"
    return findings


def test_a_run_without_faults_has_no_findings() -> None:
    assert _findings(SOUND) == {}
    result = compare(SOUND, RunResult(["a fault"]))
    assert (result.captured, result.acknowledged) == (3, 2)


@pytest.mark.parametrize(
    ("evidence", "findings"),
    [
        pytest.param(_with_order(lambda order: []), {"lost": 1}, id="not in the ERP"),
        pytest.param(
            replace(SOUND, acknowledged=SOUND.acknowledged | {"01JGONE"}),
            {"lost": 1},
            id="acknowledged, and neither on a phone nor in the ERP",
        ),
        pytest.param(
            replace(
                SOUND, captured={**SOUND.captured, "01JGONE": Captured("order", Decimal(1), "CANARY-R1-c")}
            ),
            {"lost": 1},
            id="captured, and gone from the phone before it was sent",
        ),
        pytest.param(_with_order(lambda order: [order, order]), {"doubled": 1}, id="twice"),
        pytest.param(
            _with_order(lambda order: [order, replace(order, key=None)]),
            {"doubled": 1},
            id="twice, and the second without our key",
        ),
        pytest.param(
            _with_order(lambda order: [order, replace(order, state="draft")]),
            {"doubled": 1},
            id="twice, and the second half done",
        ),
        pytest.param(
            _with_order(lambda order: [order, replace(order, key="01JOTHER", text="")]),
            {"doubled": 1},
            id="something that nobody captured",
        ),
        pytest.param(
            replace(SOUND, leaks=["CANARY-R2-x", "CANARY-R2-x", "CANARY-R2-y"]),
            {"leaked": 2},
            id="two documents of another rep, one of them in two answers",
        ),
        pytest.param(
            _with_order(lambda order: [replace(order, state="draft")]), {"differing": 1}, id="half done"
        ),
        pytest.param(
            _with_order(lambda order: [replace(order, total=Decimal("12.49"))]),
            {"differing": 1},
            id="another amount",
        ),
        pytest.param(
            replace(SOUND, states={**SOUND.states, CLAIM: "rejected"}),
            {"differing": 1},
            id="refused, says the phone, and the ERP has it",
        ),
        pytest.param(
            replace(SOUND, states={CLAIM: "accepted", LATE: "accepted"}),
            {"differing": 1},
            id="the phone knows nothing of it any more",
        ),
        pytest.param(replace(SOUND, waiting={2: "{}"}), {"waiting": 1}, id="a phone that did not converge"),
        pytest.param(
            replace(_with_order(lambda order: []), leaks=["CANARY-R2-x"], waiting={0: "{}"}),
            {"lost": 1, "leaked": 1, "waiting": 1},
            id="several at once",
        ),
    ],
)
def test_each_violation_is_reported_as_its_finding(evidence: Evidence, findings: dict[str, int]) -> None:
    assert _findings(evidence) == findings
