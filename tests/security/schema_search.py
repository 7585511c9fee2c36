"""Schemathesis over the OpenAPI document: all its checks, all phases, against a server on loopback.

Where a check expects something that is not our contract, `CONFIG` says why.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.security.company import OFFICE_TOKEN, Attacked
from tests.services.serving import serving

CONFIG = """
# Replies are compressed with what the client offers; the checks read plain JSON.
headers = { Accept-Encoding = "identity" }
continue-on-failure = true

[checks.positive_data_acceptance]
# A value may fit its schema and be refused: a cursor that this server did not issue, a key that is no point of
# the curve, a receipt whose bytes have another type.
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 460]

[checks.negative_data_rejection]
# 412 is what tus prescribes for another version of the protocol.
# What is not in the document is ignored (docs/versioning.md): a newer app may send it.
expected-statuses = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 460]

[checks.missing_required_header]
expected-statuses = [400, 401, 403, 404, 412, 415, 422]

[[operations]]
# A document that is not well-formed is refused by a result of its own, in a reply with status 200.
include-path = ["/v1/push", "/v1/sync"]
checks.negative_data_rejection.enabled = false

[cache]
enabled = false

[phases.stateful]
max-steps = 8
"""


MAX_ITEMS = 3
"""Largest number of items of a list in a generated request."""


@dataclass
class Search:
    """What a search did and found."""

    requests: int = 0
    scenarios: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """Scenarios by phase: coverage, fuzzing, stateful_testing."""
    checks: set[str] = field(default_factory=set)
    """The checks that had something to check."""
    failures: list[str] = field(default_factory=list)


def search(target: Attacked, seed: int, examples: int, seconds: int | None = None) -> Search:
    """Search with *examples* for each operation and scenario; with *seconds*, again and again for so long."""
    result, before = Search(), target.requests
    limit = "" if seconds is None else f"max-time = {seconds}"
    with _server(target.installation.app) as address:
        config = SchemathesisConfig.from_str(
            f"base-url = '{address}'\nseed = {seed}\n{limit}\n{CONFIG}\n"
            f"[generation]\nmax-examples = {examples}\nallow-extra-parameters = false\n"
            "database = 'none'\nno-shrink = true\n"
        )
        schema = schemathesis.openapi.from_dict(_smaller(target.installation.satchel.openapi()), config=config)
        _authenticate(schema, target)
        for event in from_schema(schema).execute():
            _note(event, result)
    result.requests = target.requests - before
    return result


def _smaller(openapi: bytes) -> Any:
    """Return the document with smaller requests, for which Schemathesis otherwise needs minutes each.

    Requests have few items, and the body of a document is any object: bodies are damaged by `hostile_requests`.
    """
    document = json.loads(openapi)
    schemas = document["components"]["schemas"]
    del schemas["Submission"]["allOf"]
    for name in ("PushRequest", "SyncRequest", "VerifyRequest", "Submission", "RangeRows"):
        for described in schemas[name]["properties"].values():
            if "maxItems" in described:
                described["maxItems"] = min(described["maxItems"], MAX_ITEMS)
    return document


def _authenticate(schema: Any, target: Attacked) -> None:
    @schema.auth()
    class Tokens:
        def get(self, case: Any, context: Any) -> str:
            return OFFICE_TOKEN if "/office/" in case.path else target.phone.access_token

        def set(self, case: Any, data: str, context: Any) -> None:
            case.headers["Authorization"] = f"Bearer {data}"


def _note(event: Any, result: Search) -> None:
    if isinstance(event, events.NonFatalError):
        result.failures.append(f"error: {event.info}")
    elif isinstance(event, events.FatalError):
        result.failures.append(f"error: {event.exception!r}")
    elif isinstance(event, events.ScenarioFinished):
        result.scenarios[event.phase.name.lower()] += 1
        for checks in event.recorder.checks.values():
            for check in checks:
                result.checks.add(check.name)
                if check.failure_info is not None:
                    failure = check.failure_info
                    what = f"{check.name}: {event.recorder.label}: {failure.failure}"
                    result.failures.append(f"{what}\n{failure.code_sample}")


class _SilentHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Write nothing."""


@contextmanager
def _server(app: Any) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with serving(make_server("127.0.0.1", 0, app, threaded=True, request_handler=_SilentHandler)) as address:
        yield address


@schemathesis.serializer("application/offset+octet-stream")
def _as_bytes(context: Any, value: Any) -> bytes:
    """Send a piece of a receipt as it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
