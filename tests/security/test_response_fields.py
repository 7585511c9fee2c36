"""A field appears in replies to a role only after a review of tests/security/response_fields.json."""

import json

from tests.security import inventory


def test_replies_have_the_listed_fields_of_their_role() -> None:
    """`make reference` writes the list; its difference is what a review looks at."""
    assert inventory.response_fields() == json.loads(inventory.FIELDS_FILE.read_text())


def test_a_device_reads_nothing_that_only_the_office_may() -> None:
    names = {path.rpartition(".")[2] for path in inventory.response_fields()["device"]}
    assert (
        names & {"raw", "advice", "reserved_by", "reserved_until", "error_class", "owner", "device", "tries"}
        == set()
    )
