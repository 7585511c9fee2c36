"""Run every rule against a server, all with one enrolled device.

Separate from the rules, which it puts together. `device` is its counterpart: it runs the rules for devices.
"""

from collections.abc import Iterable, Iterator, Sequence

import httpx

from sync_protocol.conformance import auth_rules, pull_rules, push_rules
from sync_protocol.conformance.client import Client
from sync_protocol.conformance.rule import Rule, RuleResult, check_rule, numbered

RULES: list[tuple[str, Rule[Client]]] = numbered(
    "S", [*auth_rules.RULES, *pull_rules.RULES, *push_rules.RULES, *auth_rules.LAST]
)


def run(
    server: str, code: str, only: Iterable[str] = (), http: httpx.BaseTransport | None = None
) -> Iterator[RuleResult]:
    """Yield the result on each rule (or those in *only*) for the server at *server*.

    *code* is a one-time enrolment code; *http* replaces the network in tests.
    """
    selected = set(only)
    rules: Sequence[tuple[str, Rule[Client]]] = [
        (number, rule) for number, rule in RULES if not selected or selected & {number, rule.name}
    ]
    client = Client(server, code, http)
    try:
        for number, rule in rules:
            yield check_rule(number, rule, client)
    finally:
        client.close()
