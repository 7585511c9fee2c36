"""The histories of `known_histories.py`, each played on every server with every kind of phone."""

import json
from typing import Any

import pytest

from tests.stateful.histories.checks import differences
from tests.stateful.histories.world import REPS
from tests.stateful.phones import MinimalPhone
from tests.stateful.reference_phone import ReferencePhone
from tests.stateful.search.conditions import MakeServer
from tests.stateful.search.counter_proofs import COUNTER_PROOFS, CounterProof
from tests.stateful.search.history_steps import ALL, NW, REP, SE, History, complete, moved
from tests.stateful.search.known_histories import KNOWN
from tests.stateful.search.model import ModelServer
from tests.stateful.search.mutants import WEAKENED
from tests.stateful.search.server import Server
from tests.stateful.search.state_machine import Histories


@pytest.fixture(params=["model", "sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> Server:
    if request.param == "model":
        return ModelServer()
    make: MakeServer = request.getfixturevalue(f"on_{request.param}")
    return make()


@pytest.fixture(params=[MinimalPhone, ReferencePhone], ids=["minimal", "reference"])
def company(request: pytest.FixtureRequest, server: Server) -> Histories:
    """R1 reads NW with the customers 1 and 3 and their orders; 2 and 4 are in SE, which R2 reads."""
    machine = Histories(server, {rep: request.param(rep) for rep in REPS})
    machine.begin(grants=[NW, SE, NW], role_lacks=ALL)
    return machine


@pytest.mark.parametrize("history", KNOWN, ids=lambda history: history.__name__)
def test_after_a_known_history_every_replica_equals_the_server(history: History, company: Histories) -> None:
    history(company)
    company.teardown()


@pytest.mark.parametrize("server", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(
    "proof", COUNTER_PROOFS, ids=lambda proof: f"{proof.history.__name__}-without-{proof.without.__name__}"
)
def test_without_its_rule_a_known_history_ends_in_the_damage_that_the_rule_prevents(
    proof: CounterProof, company: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof.without(monkeypatch)
    with pytest.raises(AssertionError):
        proof.history(company)
    phone = company.phones[REP]
    assert differences(company.world.expected(REP, phone.schema), phone.content()) == list(proof.damage)


@pytest.mark.parametrize("weakened", WEAKENED, ids=lambda weakened: weakened.__name__)
def test_a_known_history_fails_on_a_model_without_the_rule(weakened: type[ModelServer]) -> None:
    failed = 0
    for history in KNOWN:
        company = Histories(weakened(), {rep: MinimalPhone(rep) for rep in REPS})
        company.begin(grants=[NW, SE, NW], role_lacks=ALL)
        try:
            history(company)
            company.teardown()
        except AssertionError:
            failed += 1
    assert failed, "no known history fails without this rule"


def test_a_late_reply_to_a_verification_repairs_nothing(company: Histories) -> None:
    """While the server's repairs are on their way a page arrives that knows better."""
    company.back_up()
    company.publish(moved("1", "NW"))
    complete(company)
    company.restore()
    phone = company.phones[REP]
    company.pull(rep=REP, size=None, pages=1, behind=False)  # rebased; its first repair is done here
    company.publish(moved("1", "NW"))
    complete(company)
    company.publish(moved("1", "NW"))
    contents, questions = phone.content(), 0

    def late(question: Any) -> Any:
        nonlocal questions
        questions += 1
        reply = json.loads(company.server.verify(REP, {**question, "schema": 2}))
        if questions == 1:
            reply |= {
                "pull_first": [],
                "repairs": [
                    {
                        "channel": NW,
                        "collection": "customers",
                        "put": [[1, contents["customers", "1"]]],
                        "gone": [],
                    }
                ],
            }
            complete(company)
        return reply

    phone.repair(late)
    assert differences(company.world.expected(REP, 2), phone.content()) == []
