"""Whatever is sent, each parser and route answers with its documented errors, and a refusal stores nothing.

`make chaos` searches each target by seed and adds up the inputs.
"""

from contextlib import nullcontext
from typing import Any

import pytest
from hypothesis import strategies as st

from backend.api.problems import Problem
from sync_protocol.errors import ErrorCode
from tests.security.fuzz.requests import Running, running
from tests.security.fuzz.searching import search
from tests.security.fuzz.target import Target, accepts
from tests.security.fuzz.targets import TARGETS

INPUTS = 60
"""Of a target whose share is one. `make chaos` tries thousands at a time."""
SEED = 20261130


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_has_another_effect_than_the_documented_ones(name: str) -> None:
    target = TARGETS[name]
    results = search(target, round(INPUTS * target.share), SEED)
    assert results.total() >= round(INPUTS * target.share) / 2
    # A search in which everything is refused at the door would show nothing.
    assert results[False] and (results[True] or name in NEVER_ACCEPTED), results


NEVER_ACCEPTED = ("body-wiped",)
"""Only a device that was revoked knows an order to wipe."""


def test_an_undocumented_error_is_a_fault() -> None:
    def read(value: int) -> None:
        if value > 100:
            raise KeyError(value)

    target = Target("broken", st.integers(), lambda: nullcontext(lambda v: accepts(ValueError, read, v)))
    with pytest.raises(KeyError, match="101"):
        search(target, 500, 1)


@pytest.fixture
def run() -> Any:
    with running() as run:
        yield run


def test_a_refusal_that_stores_something_is_a_fault(run: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    _send(run)

    def store_and_refuse(*given: Any) -> None:
        run.target.installation.code()
        raise Problem(ErrorCode.QUOTA_EXCEEDED, "Enough.")

    monkeypatch.setattr("backend.api.endpoints.push.quota.require_documents", store_and_refuse)
    with pytest.raises(AssertionError, match="enrolment_code"):
        _send(run)


def _send(run: Running) -> None:
    authorization = {"Authorization": f"Bearer {run.target.phone.access_token}"}
    headers = {"Content-Type": "application/json", **authorization}
    run.send("POST", "/v1/push", b'{"submissions": [{}]}', headers)


def test_a_status_that_is_not_declared_is_a_fault(run: Running) -> None:
    del run.responses["/v1/push"]["post"]["responses"]["200"]
    with pytest.raises(AssertionError, match="200 is not declared"):
        _send(run)
