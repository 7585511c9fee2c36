"""Function-level access: each kind of caller at each route of the URL map, and what a refusal reveals."""

from collections.abc import Iterator

import pytest

from tests.unit.api.access_matrix import CALLERS, DEVICE, MAY, Caller
from tests.unit.api.installation import Installation, api_rules

ARGUMENTS = {
    "upload_id": "01KBR9Z8Q5T0000000000000AA", "sha256": "a" * 64, "id": "01KB0000000000000000000001",
    "path:path": "outbox", "build": "0" * 12,
}  # fmt: skip
PROBLEM = {"type", "title", "status", "detail", "code", "action", "request_id"}
ORDER = PROBLEM | {"wipe", "wipe_order"}


def requests(installation: Installation) -> Iterator[tuple[str, str, str]]:
    """Yield endpoint, method and path of everything that can be asked."""
    for rule in api_rules(installation):
        path = rule.rule
        for name, value in ARGUMENTS.items():
            path = path.replace(f"<{name}>", value)
        assert "<" not in path, f"give {rule.rule} an argument"
        for method in sorted(rule.methods):
            yield rule.endpoint, method, path


def test_every_route_has_a_row_and_every_row_a_route(installation: Installation) -> None:
    assert {rule.endpoint for rule in api_rules(installation)} == set(MAY)


@pytest.mark.parametrize("name", CALLERS)
def test_each_caller_gets_what_it_may_and_nothing_else(installation: Installation, name: str) -> None:
    caller: Caller = CALLERS[name]
    token = caller.token(installation)
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    for endpoint, method, path in requests(installation):
        installation.forget_failures()  # guesses of the routes before
        reply = installation.client.open(path, method=method, headers=headers)
        outcome = (reply.status_code, reply.headers.get("Satchel-Error"))
        shown = f"{name} at {method} {path}: {outcome}"
        if MAY[endpoint] in caller.may:
            assert outcome[0] not in (401, 403), shown
            continue
        assert outcome == caller.refusal(MAY[endpoint]), shown
        if method == "HEAD":
            assert reply.data == b"", shown
            continue
        assert set(reply.json) == (ORDER if outcome[1] == "device_revoked" else PROBLEM), shown
        assert reply.json.get("wipe", True) is True, shown


def test_a_revoked_device_gets_one_order_at_every_route(installation: Installation) -> None:
    headers = {"Authorization": f"Bearer {CALLERS['a revoked device'].token(installation)}"}
    orders = set()
    for endpoint, method, path in requests(installation):
        if MAY[endpoint] == DEVICE and method != "HEAD":
            orders.add(installation.client.open(path, method=method, headers=headers).json["wipe_order"])
    assert len(orders) == 1
