"""`satchel parked causes` and `satchel parked batch …`: many documents repaired at a terminal."""

import json

from tests.unit.cli.conftest import Satchel
from tests.unit.cli.test_parked import inbox as inbox
from tests.unit.cli.test_parked import park
from tests.unit.delivery.inbox_fixture import InboxFixture


def only_cause(satchel: Satchel) -> str:
    [cause] = json.loads(satchel("parked", "causes", "--json").output)
    return str(cause["cause"])


def test_no_cause_is_listed_while_nothing_is_parked(satchel: Satchel) -> None:
    assert satchel("parked", "causes").output == "Nothing is parked.\n"
    assert json.loads(satchel("parked", "causes", "--json").output) == []


def test_one_document_is_tried_and_then_all_and_taken_back(inbox: InboxFixture, satchel: Satchel) -> None:
    ids = [park(inbox, customer=f"C{n}") for n in range(3)]
    cause = only_cause(satchel)
    listed = satchel("parked", "causes").output
    assert cause in listed and "the customer is over the credit limit" in listed
    assert len(json.loads(satchel("parked", "list", "--cause", cause, "--json").output)) == 3
    assert json.loads(satchel("parked", "list", "--cause", "config-1", "--json").output) == []
    tried = satchel("parked", "batch", "run", "retry", cause, "--limit", "1")
    assert tried.exit_code == 0 and ": 1 done." in tried.output
    assert inbox.states(*ids) == ["queued", "parked", "parked"]
    rest = json.loads(
        satchel("parked", "batch", "run", "retry", cause, "--why", "limit raised", "--json").output
    )
    assert [document["result"] for document in rest["documents"]] == ["done", "done"]
    undone = satchel("parked", "batch", "undo", rest["id"].lower())
    assert undone.exit_code == 0 and ": 2 parked again." in undone.output
    assert inbox.states(*ids) == ["queued", "parked", "parked"]
    shown = json.loads(satchel("parked", "batch", "show", rest["id"], "--json").output)
    assert shown["undone_at"] is not None and shown["waiting"] == 0
    assert satchel("parked", "batch", "continue", rest["id"]).exit_code == 1


def test_one_correction_is_made_in_all_documents(inbox: InboxFixture, satchel: Satchel) -> None:
    id = park(inbox)
    cause = only_cause(satchel)
    none = satchel("parked", "batch", "run", "fix", cause, "--set", "lines[].unit_price", "1.00", "9.00")
    assert none.exit_code == 0 and "has none of the values to change" in " ".join(none.output.split())
    assert inbox.row(id).state == "parked"
    fixed = satchel("parked", "batch", "run", "fix", cause, "--set", "lines[].unit_price", "9.50", "9.00")
    assert fixed.exit_code == 0 and ": 1 done." in fixed.output
    assert inbox.row(id).state == "superseded"


def test_a_wrong_request_is_one_sentence(inbox: InboxFixture, satchel: Satchel) -> None:
    park(inbox)
    cause = only_cause(satchel)
    for arguments, sentence in (
        (("retry", "config-1"), "no document is parked with the cause config-1 any more"),
        (("cancel", cause), "why: is required, because the rep reads it"),
        (("fix", cause), "changes: must have from 1 to 20 changes"),
        (("fix", cause, "--set", "lines[0].unit", "a", "b"), "changes[0].field: must name a field"),
        (("link", cause), "is not one of"),
        (("retry", cause, "--limit", "0"), "0 is not in the range"),
    ):
        refused = satchel("parked", "batch", "run", *arguments)
        assert refused.exit_code == 2 and sentence in " ".join(refused.output.split()), refused.output
    assert satchel("parked", "batch", "show", "nonsense").exit_code == 2
