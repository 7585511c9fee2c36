"""Schemathesis finds nothing in the API, and would find a route that breaks its contract."""

from unittest.mock import patch

import pytest

from tests.security.company import attacked
from tests.security.rounds import schema_round, settings_in, silent_logs
from tests.security.schema_search import search

EXAMPLES = 5
"""They take about 15 seconds, and are not ended by time. `make chaos` searches for a minute at a time."""


def test_the_api_keeps_the_contract_of_its_document() -> None:
    result = schema_round(20261130, EXAMPLES)
    assert result.requests > 1_000
    assert min(result.scenarios[phase] for phase in ("examples", "coverage", "fuzzing")) > 30
    assert result.checks >= {"not_a_server_error", "ignored_auth", "negative_data_rejection", "use_after_free"}


@pytest.mark.full
def test_a_route_that_fails_is_found(tmp_path) -> None:
    with (
        silent_logs(),
        attacked(settings_in(tmp_path)) as target,
        patch("backend.api.endpoints.limits.get_services", side_effect=RuntimeError("broken")),
    ):
        failures = search(target, 1, EXAMPLES).failures
    assert any("not_a_server_error: GET /v1/limits" in failure for failure in failures)
