"""A bug in any route, at any moment, is answered with a request id and nothing else."""

import json
from typing import Any

import pytest

from backend.api import routes
from tests.unit.api.installation import Installation, api_rules
from tests.unit.api.test_problems import assert_problem

CANARY = "canary of the inside"


def fail(*args: Any, **kwargs: Any) -> Any:
    raise ValueError(CANARY)


def requests_of(installation: Installation) -> list[tuple[str, str]]:
    """Return a method and an address for each route of the app."""
    routes = []
    for rule in api_rules(installation):
        address = rule.rule
        for name in rule.arguments:
            address = "".join(
                part if ">" not in part else "x" + part.split(">", 1)[1]
                for part in address.replace(f":{name}>", ">").split("<")
            )
        routes += [(method, address) for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})]
    return sorted(set(routes))


def test_a_bug_in_any_route_reveals_only_its_request_id(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    # Without the check of tokens, which would refuse the request before its view is called.
    installation.app.before_request_funcs.pop(routes.BLUEPRINT)
    for name in installation.app.view_functions:
        installation.app.view_functions[name] = fail
    requests = requests_of(installation)
    assert len(requests) > 20
    for method, address in requests:
        reply = installation.client.open(address, method=method)
        assert_problem(reply, 500, "internal")
        assert "canary" not in reply.text + str(reply.headers)
        assert "Traceback" not in reply.text


@pytest.mark.parametrize("moment", ["before_request_funcs", "after_request_funcs"])
def test_a_bug_before_or_after_any_route_reveals_nothing(installation: Installation, moment: str) -> None:
    getattr(installation.app, moment).setdefault(None, []).insert(0 if moment[0] == "a" else 1, fail)
    for method, address in requests_of(installation):
        reply = installation.client.open(address, method=method)
        assert reply.status_code == 500
        assert "canary" not in reply.text + str(reply.headers)
        assert json.loads(reply.text)["request_id"] == reply.headers["X-Request-Id"]
