"""Targets: the bodies and headers of requests to a running application, each with the right token or proof.

A reply must be one that the OpenAPI document declares for the operation, and a refused request stores nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

from tests.contract.wire import exchange
from tests.security.company import Attacked, attacked
from tests.security.fuzz.inputs import json_bytes
from tests.security.fuzz.target import Check, Target
from tests.security.fuzz.unchanged import Stored, differing
from tests.security.hostile_requests import SECRET, fault_of
from tests.security.rounds import settings_in
from tests.unit.api.installation import Phone
from tests.unit.sync import company

UNLIMITED = {
    "device_requests_per_minute": 0, "rep_requests_per_minute": 0, "documents_per_day": 0,
    "parked_bytes_per_day": 0, "receipts_per_day": 0, "receipt_bytes_per_day": 0,
}  # fmt: skip
"""A search that has used up a quota would only see the quota."""
SECONDS = 7
"""Between two requests by the installation's clock: so a key has few proofs that are still valid."""
CURSOR, REFRESH, CODE = "@cursor@", "@refresh@", "@code@"
"""Stand in a body for what only the running installation knows."""


@dataclass
class Running:
    """An installation under search, and what the placeholders of a body stand for."""

    target: Attacked
    stored: Stored
    newcomer: Phone
    responses: dict[str, Any]
    words: dict[str, str] = field(default_factory=dict)

    def send(
        self, method: str, path: str, data: bytes, headers: dict[str, str], route: str = "", environ: Any = None
    ) -> Any:
        """Send a request; raise AssertionError if its reply is wrong, or if a refusal has stored something."""
        for word, value in self.words.items():
            data = data.replace(word.encode(), value.encode())
        before = self.stored.state()
        reply = self.target.installation.client.open(
            path, method=method, data=data, headers=headers, environ_overrides=environ or {}
        )
        wrong = fault_of(reply, leaks=SECRET, sent=data)
        assert wrong is None, f"{wrong}: {reply.get_data()[:500]!r}"
        declared = self.responses[route or path][method.lower()]["responses"]
        assert str(reply.status_code) in declared, f"{reply.status_code} is not declared for {method} {path}"
        if reply.status_code >= 400:
            changed = differing(before, self.stored.state())
            assert not changed, f"status {reply.status_code}, and yet {changed} changed"
        return reply

    def tick(self) -> None:
        """Let time pass, and get tokens for it."""
        self.target.installation.clock.advance(seconds=SECONDS)
        if not self.ticks % 60:
            phone = self.target.phone
            phone.keep(phone.refresh())
        self.ticks += 1

    ticks: int = 1


@contextmanager
def running() -> Iterator[Running]:
    """Yield a new installation without quotas."""
    with TemporaryDirectory(prefix="satchel-fuzz-") as folder:
        settings = replace(settings_in(Path(folder)), **UNLIMITED)
        with attacked(settings) as target, closing(Stored(settings)) as stored:
            document = target.installation.client.get("/v1/openapi.json").json
            yield Running(target, stored, Phone(target.installation), document["paths"])


def _body_target(
    name: str, path: str, bodies: list[Any], headers: Callable[[Running], dict[str, str]], share: float = 0.4
) -> Target:
    @contextmanager
    def opened() -> Iterator[Check]:
        with running() as run:

            def check(data: bytes) -> bool:
                run.tick()
                _renew(run, name)
                sent = {"Content-Type": "application/json", **headers(run)}
                reply = run.send("POST", path, data, sent)
                if reply.status_code == 200 and name == "body-refresh":
                    run.target.phone.keep(reply)
                return bool(reply.status_code < 400)

            yield check

    return Target(name, json_bytes(*bodies) | st.sampled_from(bodies).map(_encoded), opened, share)


def _renew(run: Running, name: str) -> None:
    """Give the placeholders of the target *name* values that are valid now."""
    installation, phone = run.target.installation, run.target.phone
    match name:
        case "body-enrolment":
            run.words[CODE] = installation.code()
        case "body-refresh":
            run.words[REFRESH] = phone.refresh_token
        case "body-verify" | "body-sync" if CURSOR not in run.words:
            run.words[CURSOR] = phone.pull().json["cursor"]


def _encoded(value: Any) -> bytes:
    return exchange.body_of({"body": value})


def _authorized(run: Running) -> dict[str, str]:
    return {"Authorization": f"Bearer {run.target.phone.access_token}"}


def _golden(name: str, **changed: Any) -> Any:
    return {**exchange.read(name)["request"]["body"], **changed}


_KEY = {"kty": "OKP", "crv": "Ed25519", "x": "@key@"}
_ORDER = company.submission("01KBR9YJ3P0000000000000777", company.order_body("C1"))
_ENROLMENT = {"code": CODE, "public_key": _KEY, "device_name": "Pixel", "app_version": "1.0"}
_WIPED = {"wipe_order": f"sw1.01KBR9YJ3P.{'A' * 43}", "exported": 3}
_VERIFY = ("verify-equal", "verify-differs", "verify-split", "verify-rows")


def _enrolment_proof(run: Running) -> dict[str, str]:
    run.words["@key@"] = run.newcomer.public_key["x"]
    return run.newcomer.proven("/v1/enrol")


def _refresh_proof(run: Running) -> dict[str, str]:
    return run.target.phone.proven("/v1/token")


TARGETS = (
    _body_target("body-push", "/v1/push", [{"submissions": [_ORDER]}, _golden("push")], _authorized),
    _body_target(
        "body-verify", "/v1/verify", [_golden(name, cursor=CURSOR) for name in _VERIFY], _authorized
    ),
    _body_target("body-sync", "/v1/sync", [_golden("sync", cursor=CURSOR)], _authorized),
    _body_target("body-enrolment", "/v1/enrol", [_ENROLMENT], _enrolment_proof),
    _body_target("body-refresh", "/v1/token", [{"refresh_token": REFRESH}], _refresh_proof),
    _body_target("body-wiped", "/v1/wiped", [_WIPED], lambda run: {}, share=0.2),
)  # fmt: skip
