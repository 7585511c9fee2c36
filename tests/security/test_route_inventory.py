"""A route is added or opened only after a review of tests/security/routes.json."""

import json

from tests.security import inventory
from tests.unit.api.installation import Installation


def test_the_routes_are_those_of_the_inventory() -> None:
    """`make reference` writes the list; its difference is what a review looks at."""
    assert inventory.routes() == json.loads(inventory.ROUTES_FILE.read_text())


def test_the_app_has_no_route_beside_the_declared_ones(installation: Installation) -> None:
    served = {
        f"{method} {rule.rule}"
        for rule in installation.app.url_map.iter_rules()
        for method in rule.methods or ()
        if not (method == "HEAD" and "GET" in (rule.methods or ()))
    }
    assert served == set(inventory.routes())


def test_there_is_no_debugger_and_no_unknown_version(installation: Installation) -> None:
    assert not installation.app.debug
    for path in (
        "/console",
        "/debug",
        "/metrics",
        "/v0/pull",
        "/v2/pull",
        "/admin",
        "/static/x",
        "/.env",
        "/.git/config",
    ):
        assert installation.client.get(path).status_code == 404, path
