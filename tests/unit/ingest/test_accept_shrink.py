"""An empty listing is refused whatever the percentage, and accepted only on the word of the operator."""

from dataclasses import replace

from tests.unit.ingest.conftest import Intake
from tests.unit.ingest.scripted_erp import unit


def test_an_empty_listing_is_accepted_only_by_the_operator(intake: Intake) -> None:
    intake.erp.say("units", unit("u1"))
    intake.read()
    intake.erp.vanish("units", "u1")
    intake.settings = replace(intake.settings, shrink_guard_percent=1000)
    refused = intake.sweep()
    assert refused.failure is not None
    assert "satchel sweep units --accept-shrink" in refused.failure
    assert intake.keys() == ["u1"]
    assert intake.sweep(force=True).deleted == 1
    assert intake.keys() == []
