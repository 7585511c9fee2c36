"""The comparison counts every kind of fault as the right finding, and finds nothing in a sound run."""

from dataclasses import replace

import pytest

from tests.browser.chaos.broken import BROKEN, Broken
from tests.browser.chaos.comparison import (
    FINDINGS,
    WITHDRAWAL,
    Evidence,
    PhoneDocument,
    Result,
    ServerDocument,
    compare,
)
from tests.browser.chaos.faults import BY_NAME
from tests.browser.chaos.product import edited
from tests.browser.chaos.steps import edits

ORDER = ServerDocument("01ORDER", "order", "m-1", "accepted", "aa")
CLAIM = ServerDocument("01CLAIM", "expense_claim", "m-2", "accepted", "bb", frozenset({"r1"}))
GONE = ServerDocument("01GONE", "order", "m-3", "withdrawn", "cc")
WITHDRAWN = ServerDocument("01BACK", WITHDRAWAL, "01GONE", "accepted", "dd")
SOUND = Evidence(
    saved=frozenset({"m-1", "m-2", "m-3"}),
    attempted=frozenset({"m-1", "m-2", "m-3", "m-4"}),
    phone=[PhoneDocument("01ORDER", "m-1", "aa"), PhoneDocument("01CLAIM", "m-2", "bb")],
    server=[ORDER, CLAIM, GONE, WITHDRAWN],
    erp=["m-1"],
    listed=frozenset({"01ORDER", "01GONE", "01BACK"}),
    withdrawn=frozenset({"01GONE"}),
    accepted=frozenset({"01ORDER", "01CLAIM"}),
    receipts=frozenset({"r1"}),
)
OTHERS = [CLAIM, GONE, WITHDRAWN]


def _findings(evidence: Evidence) -> dict[str, int]:
    result = compare(evidence, Result(["a fault"]))
    return {finding: getattr(result, finding) for finding in FINDINGS if getattr(result, finding)}


def test_a_run_without_faults_has_no_findings() -> None:
    assert _findings(SOUND) == {}


@pytest.mark.parametrize(
    ("evidence", "findings"),
    [
        pytest.param(replace(SOUND, saved=SOUND.saved | {"m-4"}), {"lost": 1}, id="saved, and nowhere"),
        pytest.param(
            replace(SOUND, listed=SOUND.listed | {"01WAS"}), {"lost": 1}, id="once on the screen, and nowhere"
        ),
        pytest.param(
            replace(SOUND, server=[*SOUND.server, replace(ORDER, id="01TWICE", state="queued")]),
            {"doubled": 1},
            id="twice",
        ),
        pytest.param(
            replace(SOUND, server=[*SOUND.server, replace(ORDER, id="01X", mark="m-9", state="queued")]),
            {"doubled": 1},
            id="nobody captured it",
        ),
        pytest.param(replace(SOUND, erp=["m-1", "m-1"]), {"doubled": 1}, id="twice in the ERP"),
        pytest.param(
            replace(SOUND, server=[*SOUND.server, replace(WITHDRAWN, id="01AGAIN")]),
            {"doubled": 1},
            id="withdrawn twice",
        ),
        pytest.param(
            replace(SOUND, server=[ORDER, CLAIM, replace(GONE, state="queued"), WITHDRAWN]),
            {"differing": 1},
            id="withdrawn, and on its way",
        ),
        pytest.param(replace(SOUND, erp=["m-1", "m-3"]), {"differing": 1}, id="withdrawn, and in the ERP"),
        pytest.param(
            replace(SOUND, server=[replace(ORDER, sha256="ee"), *OTHERS]), {"differing": 1}, id="other bytes"
        ),
        pytest.param(replace(SOUND, receipts=frozenset()), {"incomplete": 1}, id="a receipt is missing"),
        pytest.param(
            replace(SOUND, server=[replace(ORDER, state="parked"), *OTHERS], erp=[]),
            {"overstated": 1},
            id="accepted on the screen only",
        ),
        pytest.param(replace(SOUND, erp=[]), {"overstated": 1}, id="accepted, and not in the ERP"),
        pytest.param(
            replace(SOUND, phone=[*SOUND.phone, PhoneDocument("01HERE", "m-4", "ff")]),
            {"overstated": 1},
            id="on the phone alone, which says that nothing is missing",
        ),
        pytest.param(replace(SOUND, waits="1 not sent"), {"waiting": 1}, id="it still waits"),
    ],
)
def test_each_violation_is_reported_as_its_finding(evidence: Evidence, findings: dict[str, int]) -> None:
    assert _findings(evidence) == findings


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_each_broken_app_and_all_steps_apply_to_the_source(broken: Broken) -> None:
    assert edited([*broken.edits, *edits("http://127.0.0.1:1")])
    assert set(broken.faults) <= set(BY_NAME)
