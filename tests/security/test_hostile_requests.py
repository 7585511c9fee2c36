"""Damaged requests of every route: none is answered with a 5xx, none reveals another rep's record."""

import pytest

from tests.security.company import PARKED, Attacked, attacked
from tests.security.hostile_requests import fault_of, play
from tests.security.rounds import hostile_round, settings_in, silent_logs

REQUESTS = 600
"""A few seconds of them; `make chaos` plays rounds of 2,000."""


def test_hostile_requests_get_no_server_error_and_no_foreign_record() -> None:
    target = hostile_round(20261130, REQUESTS)
    assert target.requests >= REQUESTS
    # A round in which everything is refused at the door would show nothing.
    assert target.statuses[200] > REQUESTS / 20
    assert len(target.statuses) >= 8, target.statuses


@pytest.mark.full
@pytest.mark.both_dialects
def test_hostile_requests_on_both_databases(tmp_path, database_url) -> None:
    with silent_logs(), attacked(settings_in(tmp_path, database_url)) as target:
        assert play(target, 1, REQUESTS) == []


@pytest.mark.parametrize(
    ("status", "media_type", "body", "noticed"),
    [
        (500, "application/problem+json", b"{}", True),
        (404, "text/html", b"<h1>", True),
        (200, "application/json", b'{"name":"Customer C2"}', True),
        (200, "application/json", PARKED.encode(), True),
        (200, "application/json", b"Traceback", True),
        (422, "application/problem+json", b"{}", False),
    ],
)
def test_a_wrong_reply_would_be_noticed(status: int, media_type: str, body: bytes, noticed: bool) -> None:
    class Reply:
        status_code, mimetype, headers = status, media_type, {}

        def get_data(self) -> bytes:
            return body

    assert (fault_of(Reply(), (b"Customer C2", PARKED.encode()), b"") is not None) == noticed


def test_the_company_has_what_the_attack_looks_for(tmp_path) -> None:
    with attacked(settings_in(tmp_path)) as target:
        assert isinstance(target, Attacked)
        own, foreign = target.phone.pull().data, target.other_phone.pull().data
    assert b"Customer C2" in foreign and PARKED.encode() in foreign
    assert b"Customer C2" not in own and PARKED.encode() not in own
